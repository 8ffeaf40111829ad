// How the prices of a match moved: a step chart of one bookmaker, and what all bookmakers offer.

import { choices } from "./choices.js";
import { element, setText } from "./dom.js";
import { closures, lineScale, minuteTicks, periods, priceScale, priceTicks, scored, spread, steps, timeScale } from "./scales.js";
import { DASH, duration, line, price, timeOfDay } from "./words.js";

const MARKETS = {
  money_line: { title: "1X2", outcomes: [["home", "1", "Home"], ["draw", "X", "Draw"], ["away", "2", "Away"]] },
  spread: { title: "Spread", signed: true, unit: "Line", outcomes: [["home", "1", "Home"], ["away", "2", "Away"]] },
  over_under: { title: "Over / under", unit: "Goals", outcomes: [["over", "O", "Over"], ["under", "U", "Under"]] },
  corners: { title: "Corners", unit: "Corners", outcomes: [["over", "O", "Over"], ["under", "U", "Under"]] },
};
const [LEAST_LEFT, LEAST_RIGHT] = [36, 44];
const HEIGHT = 168;
const LINE_HEIGHT = 46;
const LABEL = 13;
const LETTER = 7.2; // wide at most, in the size of the labels
const FEW = 5; // bookmakers, until all are asked for
const NEVER = [];
const SVG = "http://www.w3.org/2000/svg";

/** Whether a record has early or current prices of a market. */
export function hasPrices(record, market) {
  return record[`early_${market}_bookmaker_id`] != null || record[`current_${market}_bookmaker_id`] != null;
}

function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value != null) made.setAttribute(key, value);
  made.append(...children.filter((child) => child != null));
  return made;
}

export class Movement {
  constructor(board) {
    this.board = board;
    this.id = null;
    this.market = "money_line";
    this.bookmaker = null; // the one that the record shows, until the reader chooses
    this.odds = null;
    this.asked = 0;
    this.cursor = null;
    this.tabs = element("div", { class: "segments small", role: "group", "aria-label": "Market" });
    for (const [key, { title }] of Object.entries(MARKETS)) {
      const button = element("button", { type: "button", "data-market": key, hidden: true }, title);
      button.addEventListener("click", () => this.choose(key));
      this.tabs.append(button);
    }
    this.readout = element("p", { class: "readout", "aria-hidden": "true" });
    this.words = element("p", { class: "vh", id: "chart-words" });
    this.chart = element("div", { class: "chart", role: "slider", tabindex: "0", "aria-orientation": "horizontal", "aria-describedby": "chart-words" });
    this.table = element("table", { class: "bookmakers" });
    this.all = false;
    this.more = element("button", { type: "button", class: "more-alerts" });
    this.more.addEventListener("click", () => {
      this.all = !this.all;
      this.show();
    });
    this.note = element("p", { class: "quiet chart-note" });
    this.body = element("div", {}, this.readout, this.chart, this.words, this.table, this.more, this.note);
    this.none = element("p", { class: "quiet" });
    this.section = element(
      "section",
      { class: "block movement", "aria-label": "Movement of prices" },
      element("div", { class: "block-head" }, element("h3", {}, "Movement"), this.tabs),
      this.none,
      this.body,
    );
    this.chart.addEventListener("keydown", (event) => this.onKey(event));
    this.chart.addEventListener("pointermove", (event) => this.point(event));
    this.chart.addEventListener("pointerdown", (event) => this.point(event));
    this.chart.addEventListener("pointerleave", () => this.move(null));
    this.chart.addEventListener("blur", () => this.move(null));
    this.table.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-bookmaker]");
      if (row === null) return;
      this.bookmaker = Number(row.dataset.bookmaker);
      this.show();
      this.table.querySelector(`tr[data-bookmaker="${this.bookmaker}"] button`)?.focus({ preventScroll: true });
    });
    new ResizeObserver(() => {
      if (this.drawnWidth !== this.chart.clientWidth && this.chart.clientWidth > 0) this.show();
    }).observe(this.chart);
  }

  /** Another match: forget the one before. */
  forget() {
    this.id = null;
    this.odds = null;
    this.bookmaker = null;
    this.cursor = null;
    this.asked += 1;
    this.body.hidden = true;
    setText(this.none, "");
  }

  choose(market) {
    if (this.market === market) return;
    this.market = market;
    this.bookmaker = null;
    this.cursor = null;
    void this.renew(this.id, this.record, this.events);
  }

  /** Ask for the prices of the chosen market, and show them; returns whether there is anything new. */
  async renew(id, record, events) {
    [this.id, this.record, this.events] = [id, record, events];
    const asked = ++this.asked;
    let odds = await ask(id, this.market);
    if (asked !== this.asked) return false;
    if (odds?.bookmakers.length > 0 && odds.series.length === 0) {
      const other = Object.keys(MARKETS).find((key) => odds.bookmakers.some((one) => one.market === key));
      if (other !== undefined && other !== this.market) {
        this.market = other;
        odds = await ask(id, other);
        if (asked !== this.asked) return false;
      }
    }
    if (odds === null && this.odds !== null) return false;
    this.odds = odds;
    this.show();
    return true;
  }

  /** The opening price of a market as the panel's overview shows it: of the bookmaker that it shows early. */
  opening(market, bookmakerId) {
    return this.odds?.bookmakers.find((one) => one.market === market && one.bookmaker_id === bookmakerId) ?? null;
  }

  show() {
    const { odds } = this;
    if (this.id === null) return;
    const known = odds !== null && odds.bookmakers.length > 0;
    this.body.hidden = !known;
    this.none.hidden = known;
    for (const tab of this.tabs.children) {
      const { market } = tab.dataset;
      tab.hidden = !known || !odds.bookmakers.some((one) => one.market === market);
      tab.setAttribute("aria-pressed", String(market === this.market));
    }
    if (!known) {
      setText(this.none, this.lack());
      return;
    }
    const series = odds.series.filter((one) => one.market === this.market);
    this.series = series.find((one) => one.bookmaker_id === this.shownBookmaker(series)) ?? series[0];
    this.draw(series);
    this.fillTable(odds.bookmakers.filter((one) => one.market === this.market));
    this.fillNote();
  }

  /** Why there is no chart. */
  lack() {
    if (this.odds === null) return "No prices are kept of this match.";
    if (this.odds.note !== null) return this.odds.note;
    const isPriced = this.record !== null && Object.keys(MARKETS).some((market) => hasPrices(this.record, market));
    return isPriced ? "How the prices moved is not known yet." : "No prices are known yet.";
  }

  shownBookmaker(series) {
    if (this.bookmaker !== null) return this.bookmaker;
    const shown = this.record?.[`current_${this.market}_bookmaker_id`] ?? this.record?.[`early_${this.market}_bookmaker_id`];
    if (series.some((one) => one.bookmaker_id === shown)) return shown;
    return series.reduce((most, one) => (one.at.length > (most?.at.length ?? 0) ? one : most), null)?.bookmaker_id;
  }

  // --- the chart

  draw(all) {
    const { series } = this;
    const market = MARKETS[this.market];
    const width = Math.max(260, this.chart.clientWidth || 328);
    this.drawnWidth = this.chart.clientWidth;
    const goals = this.goals(all);
    const play = periods(all, this.record);
    const newest = Math.max(...all.map(({ at }) => at.at(-1)));
    const live = this.record?.in_play;
    const until = Math.max(newest, live ? this.board.now() / 1000 : newest, ...goals.map(({ at }) => at));
    const prices = market.outcomes.flatMap(([name]) => series.prices[name].filter((value, index) => value !== null && !series.suspended[index]));
    this.room(prices);
    const { left, right } = this;
    const x = timeScale(series.at[0], until, play.kickoff, left, width - right);
    const rows = placed(goals, x);
    const top = 8 + LABEL * Math.max(1, rows.depth);
    const lined = series.line !== null;
    const plot = lined ? top + LINE_HEIGHT + 12 : top;
    const bottom = plot + (lined ? HEIGHT - 44 : HEIGHT);
    const y = priceScale(prices, plot, bottom);
    const root = svg("svg", { width, height: bottom + 20, viewBox: `0 0 ${width} ${bottom + 20}`, "aria-hidden": "true", focusable: "false" });

    for (const [from, to] of closures(series, until)) {
      root.append(svg("rect", { class: "closed", x: x(from).toFixed(1), y: top, width: Math.max(1, x(to) - x(from)).toFixed(1), height: bottom - top }));
    }
    for (const tick of priceTicks(y, plot, bottom, 26)) {
      root.append(
        svg("path", { class: "grid", d: `M${left} ${Math.round(tick.y) + 0.5}H${width - right}` }),
        svg("text", { class: "axis", x: left - 7, y: tick.y + 4, "text-anchor": "end" }, price(tick.price, choices.odds)),
      );
    }
    this.axis(root, { x, width, bottom, until, play, from: series.at[0] });
    rows.placed.forEach(({ goal, at, row }) => {
      const words = `${goal.score.home}${DASH}${goal.score.away}`;
      root.append(
        svg("path", { class: goal.cancelled ? "goal-line cancelled" : "goal-line", d: `M${at.toFixed(1)} ${top - 3}V${bottom}` }),
        svg("text", { class: goal.cancelled ? "goal-score cancelled" : "goal-score", x: at, y: top - 7 - row * LABEL, "text-anchor": "middle" }, words),
      );
    });

    const ends = [];
    if (lined) {
      const lines = series.line.filter((_, index) => !series.suspended[index]);
      const height = lineScale(lines.length > 0 ? lines : series.line, top + 6, top + LINE_HEIGHT - 6);
      this.lineAxis(root, lines, height, width);
      root.append(svg("path", { class: "step held lines", d: steps(series.at, series.line, NEVER, x, height, until) }));
      root.append(svg("path", { class: "step lines", d: steps(series.at, series.line, series.suspended, x, height, until) }));
    }
    for (const [name, short] of market.outcomes) {
      const values = series.prices[name];
      root.append(svg("path", { class: `step held ${name}`, d: steps(series.at, values, NEVER, x, y, until) }));
      root.append(svg("path", { class: `step ${name}`, d: steps(series.at, values, series.suspended, x, y, until) }));
      const last = lastOpen(series, series.prices[name]);
      if (last !== null) ends.push({ name, short, value: series.prices[name][last], y: y(series.prices[name][last]) });
    }
    spread(ends.map((end) => end.y), LABEL, plot + 4, bottom).forEach((height, index) => {
      const { name, short, value } = ends[index];
      root.append(svg("text", { class: `end ${name}`, x: width - right + 5, y: height + 4 }, `${short} `, svg("tspan", { class: "end-price" }, price(value, choices.odds))));
    });
    this.pointer = svg("g", { class: "pointer", visibility: "hidden" }, svg("path", { d: `M0 ${top}V${bottom}` }));
    this.dots = market.outcomes.map(([name]) => svg("circle", { class: `dot-${name}`, r: 3 }));
    this.pointer.append(...this.dots);
    root.append(this.pointer);
    [this.x, this.y] = [x, y];
    this.chart.replaceChildren(root);
    this.chart.setAttribute("aria-label", `Price movement, ${market.title}, ${named(series)}`);
    this.chart.setAttribute("aria-valuemin", "1");
    this.chart.setAttribute("aria-valuemax", String(series.at.length));
    this.describe(goals, closures(series, until).length);
    if (this.cursor !== null) this.cursor = Math.min(this.cursor, series.at.length - 1);
    this.move(this.cursor);
  }

  /** Leave room beside the plot for its labels, which are as long as the longest price. */
  room(prices) {
    const shown = prices.filter((one) => one > 1);
    const ends = [Math.max(1.01, Math.min(...shown)), Math.max(...shown)].filter(Number.isFinite);
    const letters = Math.max(...ends.map((one) => price(one, choices.odds).length), 0);
    this.left = Math.max(LEAST_LEFT, LETTER * letters + 7);
    this.right = Math.max(LEAST_RIGHT, LETTER * (letters + 1.9) + 5);
  }

  axis(root, { x, width, bottom, until, play, from }) {
    const { left, right } = this;
    const label = (at, title, anchor = "middle") => root.append(svg("text", { class: "axis", x: at.toFixed(1), y: bottom + 15, "text-anchor": anchor }, title));
    root.append(svg("path", { class: "base", d: `M${left} ${bottom + 0.5}H${width - right}` }));
    const begun = play.kickoff !== undefined && play.kickoff < until;
    if (!begun) {
      label(left, `${duration(until - from)} ago`, "start");
      label(width - right, timeOfDay(until * 1000, choices.zone), "end");
      return;
    }
    const kickoff = x(play.kickoff);
    root.append(svg("path", { class: "kickoff", d: `M${kickoff.toFixed(1)} ${bottom}v4` }));
    const before = `−${duration(play.kickoff - from)}`;
    if (kickoff - left > LETTER * before.length + LABEL) label(left, before, "start");
    label(kickoff, "0'");
    let free = kickoff + 18;
    for (const tick of minuteTicks(play, until)) {
      const at = x(tick.until === undefined ? tick.at : (tick.at + Math.min(tick.until, until)) / 2);
      if (at < free || at > width - right + 4) continue;
      root.append(svg("path", { class: "kickoff", d: `M${at.toFixed(1)} ${bottom}v4` }));
      label(at, tick.title);
      free = at + 26;
    }
  }

  lineAxis(root, lines, height, width) {
    const { signed } = MARKETS[this.market];
    for (const value of new Set([Math.min(...lines), Math.max(...lines)].filter(Number.isFinite))) {
      root.append(
        svg("path", { class: "grid", d: `M${this.left} ${Math.round(height(value)) + 0.5}H${width - this.right}` }),
        svg("text", { class: "axis", x: this.left - 7, y: height(value) + 4, "text-anchor": "end" }, line(value, signed)),
      );
    }
    const last = lastOpen(this.series, this.series.line);
    if (last !== null) {
      root.append(svg("text", { class: "end lines", x: width - this.right + 5, y: height(this.series.line[last]) + 4 }, line(this.series.line[last], signed)));
    }
  }

  /** Goals as the log knows them, cancelled ones too; of before it saw the match, as the prices tell them. */
  goals(all) {
    const found = new Map();
    const seen = this.events?.find(({ type }) => type === "footy.match_seen")?.data;
    if (this.market !== "corners") {
      const until = seen ? Date.parse(seen.seen_at) / 1000 : Infinity;
      for (const goal of scored(all, until)) found.set(goal, { ...goal, minute: null, cancelled: false });
    }
    for (const { id, type, data } of this.events ?? []) {
      if (type === "footy.goal") found.set(id, { at: Date.parse(data.seen_at) / 1000, score: data.after, side: data.side, minute: data.minute, cancelled: false });
      for (const gone of type === "footy.goal_cancelled" ? [data.relates] : type === "footy.score_corrected" ? data.removed : []) {
        if (found.has(gone)) found.get(gone).cancelled = true;
      }
    }
    return [...found.values()].sort((a, b) => a.at - b.at);
  }

  /** What a reader of the screen hears of the whole chart. */
  describe(goals, closed) {
    const { series } = this;
    const market = MARKETS[this.market];
    const moved = market.outcomes.map(([name, , title]) => {
      const known = series.prices[name].filter((value, index) => value !== null && !series.suspended[index]);
      return known.length === 0 ? null : `${title} from ${price(known[0], choices.odds)} to ${price(known.at(-1), choices.odds)}, between ${price(Math.min(...known), choices.odds)} and ${price(Math.max(...known), choices.odds)}`;
    });
    const scored = goals.map((goal) => `${goal.cancelled ? "cancelled goal" : "goal"} ${goal.score.home}${DASH}${goal.score.away}${goal.minute == null ? "" : ` in minute ${goal.minute}`}`);
    const said = [`${series.at.length} prices.`, ...moved.filter(Boolean).map((one) => `${one}.`), closed > 0 ? `Suspended ${closed} ${closed === 1 ? "time" : "times"}.` : null, scored.length > 0 ? `${scored.join(", ")}.` : null, "The arrow keys go from price to price."];
    setText(this.words, said.filter(Boolean).join(" "));
  }

  point(event) {
    const { left } = this.chart.getBoundingClientRect();
    const wanted = event.clientX - left;
    const { at } = this.series;
    let [low, high] = [0, at.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.x(at[middle]) <= wanted) low = middle;
      else high = middle - 1;
    }
    this.move(low, wanted);
  }

  onKey(event) {
    const last = this.series.at.length - 1;
    const here = this.cursor ?? last;
    const to = { ArrowLeft: here - 1, ArrowDown: here - 1, ArrowRight: here + 1, ArrowUp: here + 1, PageDown: here - 10, PageUp: here + 10, Home: 0, End: last }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.move(Math.max(0, Math.min(last, to)));
  }

  /** Show the prices at a place of the chart; of now, where none is chosen. */
  move(index, wanted) {
    this.cursor = index;
    const { series } = this;
    if (!series) return;
    const market = MARKETS[this.market];
    const at = index ?? series.at.length - 1;
    const minute = series.minute[at];
    const when = minute != null ? `${minute}'` : timeOfDay(series.at[at] * 1000, choices.zone);
    const closed = series.suspended[at];
    const parts = [element("span", { class: "readout-when" }, [named(series), when, series.score[at]?.replace("-", DASH)].filter(Boolean).join(" · "))];
    if (closed) parts.push(element("span", { class: "doubt" }, "suspended"));
    else {
      if (series.line !== null) parts.push(element("span", {}, line(series.line[at], market.signed)));
      for (const [name, short] of market.outcomes) {
        parts.push(element("span", { class: `value ${name}` }, `${short} `, element("b", {}, price(series.prices[name][at], choices.odds))));
      }
    }
    this.readout.replaceChildren(...parts);
    const said = closed ? "suspended" : [series.line === null ? null : `${market.unit} ${line(series.line[at], market.signed)}`, ...market.outcomes.map(([name, , title]) => `${title} ${price(series.prices[name][at], choices.odds)}`)].filter(Boolean).join(", ");
    this.chart.setAttribute("aria-valuenow", String(at + 1));
    this.chart.setAttribute("aria-valuetext", `${[when, series.score[at]?.replace("-", DASH)].filter(Boolean).join(", ")}: ${said}`);
    this.pointer.setAttribute("visibility", index === null ? "hidden" : "visible");
    if (index === null) return;
    const place = wanted === undefined ? this.x(series.at[at]) : Math.max(this.x(series.at[at]), Math.min(wanted, this.x(series.at[at + 1] ?? series.at[at])));
    this.pointer.setAttribute("transform", `translate(${place.toFixed(1)} 0)`);
    market.outcomes.forEach(([name], which) => {
      const value = series.prices[name][at];
      this.dots[which].setAttribute("visibility", closed || value === null ? "hidden" : "inherit");
      if (!closed && value !== null) this.dots[which].setAttribute("cy", this.y(value).toFixed(1));
    });
  }

  // --- the bookmakers

  fillTable(rows) {
    const market = MARKETS[this.market];
    const columns = [...(market.unit ? [["line", market.unit]] : []), ...market.outcomes.map(([name, , title]) => [name, title])];
    const live = rows.some(({ state }) => state !== null);
    const head = element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "col" }, "Bookmaker"),
        ...columns.map(([, title]) => element("th", { scope: "col" }, title)),
        element("th", { scope: "col" }, "At"),
      ),
    );
    // Few of them at first: those with the most prices, which are the same from one cycle to the next.
    const most = [...rows].sort((a, b) => b.rows - a.rows).slice(0, FEW);
    const shown = this.all ? rows : rows.filter((one) => most.includes(one) || one.bookmaker_id === this.series.bookmaker_id);
    const body = shown.map((one) => this.bookmakerRow(one, columns, market));
    if (rows.some(({ best }) => best.length > 0)) body.unshift(bestRow(rows, columns, market));
    this.more.hidden = rows.length <= FEW;
    setText(this.more, this.all ? "Fewer bookmakers" : `All ${rows.length} bookmakers`);
    this.more.setAttribute("aria-expanded", String(this.all));
    this.table.replaceChildren(
      element("caption", {}, element("span", { class: "vh" }, `${market.title} by bookmaker. `), element("b", {}, live ? "Now" : "Last"), " above opening · early"),
      head,
      element("tbody", {}, ...body),
    );
  }

  bookmakerRow(one, columns, market) {
    const text = (quote, name) => (quote === null ? DASH : name === "line" ? line(quote.line, market.signed) : price(quote.prices[name], choices.odds));
    const chosen = one.bookmaker_id === this.series.bookmaker_id;
    const cells = columns.map(([name]) => {
      const isBest = one.best.includes(name);
      return element(
        "td",
        {},
        element("span", { class: isBest ? "now best" : "now" }, text(one.now, name), isBest ? element("span", { class: "vh" }, " best") : null),
        element("span", { class: "was" }, element("span", { class: "vh" }, "opening "), text(one.opening, name), element("span", { "aria-hidden": "true" }, " · "), element("span", { class: "vh" }, ", early "), text(one.early, name)),
      );
    });
    const word = { suspended: "susp", old: "old" }[one.state];
    const at = one.now.minute == null ? timeOfDay(one.now.at, choices.zone) : `${one.now.minute}'`;
    const made = one.state === "old" && one.now.score ? `old, made at ${one.now.score.replace("-", DASH)}` : (one.state ?? "");
    return element(
      "tr",
      { "data-bookmaker": one.bookmaker_id, "data-state": one.state ?? "last", "data-chosen": chosen },
      element("th", { scope: "row" }, element("button", { type: "button", "aria-pressed": String(chosen), title: `Show the movement at ${named(one)}` }, named(one))),
      ...cells,
      element("td", { class: "at", title: made }, at, word ? element("span", { class: "word" }, word) : null),
    );
  }

  fillNote() {
    const { odds } = this;
    const count = (rows) => rows.toLocaleString("en-GB");
    const until = odds.read_at ? `, read until ${timeOfDay(odds.read_at, choices.zone, true)}` : "";
    const said = odds.whole ? [`All ${count(odds.rows)} prices of the vendor, exactly`] : [odds.archive === null ? null : odds.note, `${count(odds.rows)} prices${until}`];
    if (odds.left_out > 0) said.push(`The chart leaves out the oldest ${count(odds.left_out)}`);
    setText(this.note, said.filter(Boolean).join(". "));
  }
}

function named({ bookmaker, bookmaker_id: id }) {
  return bookmaker ?? `Bookmaker ${id}`;
}

/** The best price of each outcome, and whose it is. */
function bestRow(rows, columns, market) {
  const cells = columns.map(([name]) => {
    const best = rows.filter((one) => one.best.includes(name === "line" ? columns[1][0] : name));
    if (name === "line") return element("td", {}, element("span", { class: "now" }, best.length > 0 ? line(best[0].now.line, market.signed) : DASH));
    if (best.length === 0) return element("td", {}, DASH);
    const whose = best.map(named).join(", ");
    return element("td", { title: whose }, element("span", { class: "now best" }, price(best[0].now.prices[name], choices.odds)), element("span", { class: "was" }, best.length > 1 ? `${best.length} of ${rows.length}` : whose));
  });
  return element("tr", { class: "best-row" }, element("th", { scope: "row" }, "Best now"), ...cells, element("td"));
}

function lastOpen({ suspended }, values) {
  for (let index = values.length - 1; index >= 0; index -= 1) if (!suspended[index] && values[index] !== null) return index;
  return null;
}

/** The labels of goals, in rows where they would cover each other. */
function placed(goals, x) {
  const ends = [];
  const found = goals.map((goal) => {
    const at = x(goal.at);
    let row = ends.findIndex((end) => at - 13 > end);
    if (row < 0) row = ends.length;
    ends[row] = at + 13;
    return { goal, at, row };
  });
  return { placed: found, depth: ends.length };
}

async function ask(id, market) {
  try {
    const reply = await fetch(`/api/matches/${encodeURIComponent(id)}/odds?market=${market}`);
    return reply.ok ? await reply.json() : null;
  } catch {
    return null;
  }
}
