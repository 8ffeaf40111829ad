// One match in full: prices, timeline, statistics, weather, and how well all that is known.

import { choices, isFavourite, toggleFavourite } from "./choices.js";
import { element, setText } from "./dom.js";
import { hasPrices, Movement } from "./movement.js";
import { dayAndTime, DASH, duration, line, movement as moved, period, points, price, score, shownClock } from "./words.js";

const MARKETS = [
  { key: "money_line", title: "1X2", outcomes: [["home", "Home"], ["draw", "Draw"], ["away", "Away"]] },
  { key: "spread", title: "Spread", lined: true, signed: true, outcomes: [["home", "Home"], ["away", "Away"]] },
  { key: "over_under", title: "Over/under", lined: true, outcomes: [["over", "Over"], ["under", "Under"]] },
  { key: "corners", title: "Corners", lined: true, outcomes: [["over", "Over"], ["under", "Under"]] },
];
const STATISTICS = [
  ["shots_on_target", "Shots on target"],
  ["shots_off_target", "Shots off target"],
  ["corners", "Corners"],
  ["possession", "Possession %"],
  ["dangerous_attacks", "Dangerous attacks"],
  ["attacks", "Attacks"],
  ["yellow_cards", "Yellow cards"],
  ["red_cards", "Red cards"],
  ["penalties", "Penalties"],
];
const [HALF_TIME, FULL_TIME] = [3, 8];
const NOT_KICKED_OFF = new Set([1, 9, 12, 13]);
const STANDS = { 3: "Half-time", 8: "Full time" };
const PARTS = { live: "score", detail: "details", odds: "odds" };

export class Panel {
  constructor(section, board) {
    this.section = section;
    this.board = board;
    this.id = null;
    this.record = null;
    this.events = null;
    this.asked = 0;
    this.movement = new Movement(board);
    this.prices = element("div");
    this.parts = [element("div"), this.movement.section, this.prices, element("div")];
  }

  async open(id) {
    if (this.id !== id) {
      this.id = id;
      this.record = null;
      this.events = null;
      this.movement.forget();
    }
    this.section.hidden = false;
    await this.renew();
  }

  close() {
    this.id = null;
    this.section.hidden = true;
    this.section.replaceChildren();
    this.movement.forget();
  }

  /** Ask for the whole record and the match's events, and show them. */
  async renew() {
    if (this.id === null) return;
    const asked = ++this.asked;
    const id = encodeURIComponent(this.id);
    const [record, events] = await Promise.all([
      ask(`/api/matches/${id}`),
      this.board.about?.events ? allEvents(id) : null,
    ]);
    if (asked !== this.asked || this.id === null) return;
    const last = record ?? this.record ?? (this.board.about?.events ? await lastMinute(this.id) : null);
    if (asked !== this.asked || this.id === null) return;
    this.gone = record === null;
    this.events = events ?? this.events;
    this.record = this.gone && last !== null ? ended(last, this.events) : last;
    this.show();
    if (!this.board.about?.events) return;
    const isNew = await this.movement.renew(this.id, this.record, this.events);
    if (isNew && this.id !== null && this.record !== null) this.prices.replaceChildren(this.overview(this.record));
  }

  show() {
    const { record } = this;
    if (this.id === null) return;
    // What stays is not taken out of the document: it would lose the focus.
    if (this.parts[0].parentElement !== this.section) this.section.replaceChildren(...this.parts);
    const [top, , prices, rest] = this.parts;
    if (record === null) {
      const close = this.tools(null);
      const said = this.events?.at(-1)?.data;
      const names = said ? `${said.home ?? DASH} ${DASH} ${said.away ?? DASH}` : "An unknown match";
      top.replaceChildren(
        close,
        element("h2", { class: "panel-name" }, names),
        element("p", { class: "quiet" }, said ? "Not in the list of live matches any more." : "It is not in the list of live matches, and nothing is kept of it."),
      );
      prices.replaceChildren();
      rest.replaceChildren(...(said ? [this.timeline(null)] : []));
      this.movement.section.hidden = !said;
      return;
    }
    top.replaceChildren(this.tools(record), ...this.head(record));
    prices.replaceChildren(this.overview(record));
    rest.replaceChildren(this.timeline(record), this.statistics(record), this.quality(record));
    this.movement.section.hidden = !this.board.about?.events;
  }

  tools(record) {
    const buttons = [];
    if (record !== null) {
      const on = isFavourite(record.match_id);
      const star = element(
        "button",
        { type: "button", class: "panel-star", "aria-pressed": String(on), "aria-label": "Favourite" },
        on ? "★" : "☆",
      );
      star.addEventListener("click", () => toggleFavourite(record.match_id));
      buttons.push(star);
    }
    const close = element("a", { href: "#", class: "panel-close", "aria-label": "Close" }, "×");
    const where = record === null ? "" : [record.country, record.competition].filter(Boolean).join(" · ");
    return element("div", { class: "panel-tools" }, ...buttons, element("span", { class: "panel-where" }, where), close);
  }

  /** Move the clock on, as the list does. */
  tick() {
    if (this.id !== null && this.record !== null && this.clock) setText(this.clock, this.clockOf(this.record));
  }

  /** The clock as the list shows it, but in words where it stands still. */
  clockOf(record) {
    const { board } = this;
    if (record.status_id in STANDS) return STANDS[record.status_id];
    return board.matches.has(record.match_id) ? shownClock(board, board.reader(record.match_id)) : record.clock;
  }

  head(record) {
    const side = (name) => element("bdi", { class: "panel-team" }, record[name] ?? DASH);
    this.clock = element("span", {}, this.clockOf(record));
    const known = period(record.status_id);
    const facts = [
      known && known !== STANDS[record.status_id]?.toLowerCase() ? known : null,
      record.kickoff_at ? `kick-off ${dayAndTime(record.kickoff_at, choices.zone, this.board.now())}` : null,
      record.home_score_ht == null || record.status_id === HALF_TIME ? null : `half-time ${score(record.home_score_ht, record.away_score_ht)}`,
      record.home_score_et == null ? null : `after extra time ${score(record.home_score_et, record.away_score_et)}`,
      record.home_score_pens == null ? null : `shoot-out ${score(record.home_score_pens, record.away_score_pens)}`,
      record.aggregate_home == null ? null : `aggregate ${score(record.aggregate_home, record.aggregate_away)}`,
    ];
    const weather = [
      record.weather,
      record.temperature_c == null ? null : `${Math.round(record.temperature_c)} °C`,
      record.wind_ms == null ? null : `wind ${record.wind_ms} m/s`,
      record.humidity == null ? null : `humidity ${record.humidity} %`,
    ];
    const made = [
      element(
        "h2",
        { class: "panel-head" },
        side("home"),
        element("span", { class: "panel-score" }, score(record.home_score, record.away_score)),
        side("away"),
      ),
      element("p", { class: "panel-facts" }, this.clock, facts.filter(Boolean).map((fact) => ` · ${fact}`).join("")),
    ];
    if (weather.some(Boolean)) made.push(element("p", { class: "panel-facts" }, weather.filter(Boolean).join(" · ")));
    if (this.gone) made.push(element("p", { class: record.status_id === FULL_TIME ? "quiet" : "doubt" }, "Not in the list of live matches any more."));
    return made;
  }

  overview(record) {
    const isOver = this.gone || (!record.in_play && !NOT_KICKED_OFF.has(record.status_id));
    const markets = MARKETS.filter(({ key }) => hasPrices(record, key));
    const openings = new Map(markets.map(({ key }) => [key, openingOf(record, key, this.movement)]));
    const isAsked = this.board.about?.events && this.movement.odds === null;
    const hasOpening = isAsked || [...openings.values()].some((opening) => opening !== null);
    const bodies = markets.map((market) => marketRows(record, market, {
      state: isOver ? "last" : stateOf(record, market.key, this.board),
      opening: openings.get(market.key),
      hasOpening,
      movement: this.movement,
    }));
    const content =
      bodies.length > 0
        ? element(
            "table",
            { class: "prices" },
            element("caption", { class: "vh" }, `Opening, early and ${isOver ? "last" : "current"} prices`),
            element(
              "thead",
              {},
              element(
                "tr",
                {},
                element("th", { scope: "col" }, "Market"),
                hasOpening ? element("th", { scope: "col" }, "Opening") : null,
                element("th", { scope: "col" }, "Early"),
                element("th", { scope: "col" }, isOver ? "Last" : "Now"),
                element("th", { scope: "col" }, element("abbr", { title: "Change of the implied probability since early, in percentage points" }, "Points")),
              ),
            ),
            ...bodies,
          )
        : element("p", { class: "quiet" }, record.odds_source === "refused" ? "The account has no odds." : "No odds are known.");
    return block("Prices", content);
  }

  timeline(record) {
    const items = timelineItems(record, this.events);
    if (items.length === 0) return block("Timeline", element("p", { class: "quiet" }, "Nothing is known yet."));
    return block("Timeline", element("ol", { class: "timeline" }, ...items));
  }

  statistics(record) {
    if (!record.has_stats) return block("Statistics", element("p", { class: "quiet" }, "The vendor has none of this match."));
    const rows = STATISTICS.map(([key, title]) => [title, record[`home_${key}`], record[`away_${key}`]]).filter(
      ([, home, away]) => home != null && away != null,
    );
    const body = element("tbody");
    for (const [title, home, away] of rows) {
      const total = home + away;
      const bar = element("span", { class: "bars" }, element("span", { class: "bar-home" }), element("span", { class: "bar-away" }));
      bar.children[0].style.flexGrow = total ? home : 1;
      bar.children[1].style.flexGrow = total ? away : 1;
      if (total === 0) bar.classList.add("bars-none");
      body.append(
        element(
          "tr",
          {},
          element("td", {}, String(home)),
          element("th", { scope: "row" }, title, bar),
          element("td", {}, String(away)),
        ),
      );
    }
    const head = element(
      "thead",
      { class: "vh" },
      element("tr", {}, element("th", { scope: "col" }, "Home"), element("td"), element("th", { scope: "col" }, "Away")),
    );
    return block("Statistics", element("table", { class: "statistics" }, head, body));
  }

  quality(record) {
    const said = Object.entries(PARTS).filter(([part]) => record[`${part}_source`] !== undefined).map(([part, title]) => {
      const source = record[`${part}_source`];
      const at = record[part === "live" ? "fetched_at" : `${part}_fetched_at`];
      const age = at ? `${duration((this.board.now() - Date.parse(at)) / 1000)} ago` : "";
      const good = source === "fresh" || source === "cache" || source === "push";
      return `${title} ${good ? age : [source, age].filter(Boolean).join(", ")}`;
    });
    return element("p", { class: "panel-quality" }, said.join(" · "));
  }
}

function block(title, content) {
  return element("section", { class: "block" }, element("h3", {}, title), content);
}

async function ask(path) {
  try {
    const reply = await fetch(path);
    return reply.ok ? await reply.json() : null;
  } catch {
    return null;
  }
}

async function allEvents(id) {
  const events = [];
  let after = "start";
  for (let page = 0; page < 20; page += 1) {
    const reply = await ask(`/api/events?match=${id}&limit=1000&after=${after}`);
    if (reply === null) return null;
    events.push(...reply.events.filter((event) => event.type !== "footy.gap"));
    if (reply.position === reply.newest || reply.events.length < 1000) return events;
    after = reply.position;
  }
  return events;
}

/** The record of a match that is not listed any more, as its last minute had it; null if none is kept. */
async function lastMinute(id) {
  const sent = await ask(`/api/matches/${encodeURIComponent(id)}/minutes?limit=1`);
  if (!sent?.at.length) return null;
  const last = Object.entries(sent.fields).map(([name, values]) => [name, values[0]]);
  return { match_id: id, ...Object.fromEntries(last), odds_source: undefined };
}

/** A record of before, in which nothing runs any more, with the result as the log has it. */
function ended(record, events) {
  const result = events?.find(({ type }) => type === "footy.result")?.data.score;
  return { ...record, in_play: false, home_score: result?.home ?? record.home_score, away_score: result?.away ?? record.away_score };
}

function made(record, key, moment, movement) {
  const prefix = `${moment}_${key}`;
  const id = record[`${prefix}_bookmaker_id`];
  if (id == null) return DASH;
  const minute = record[`${prefix}_minute`];
  const when = minute != null ? `${minute}'` : record[`${prefix}_in_play`] ? "" : "before kick-off";
  const bookmaker = record[`${prefix}_bookmaker`] ?? movement.opening(key, id)?.bookmaker ?? `bookmaker ${id}`;
  return [bookmaker, when].filter(Boolean).join(" ");
}

function stateOf(record, key, board) {
  return board.matches.has(record.match_id) ? (board.get(record.match_id, `current_${key}_state`) ?? "") : "";
}

/** The opening price of the bookmaker that is shown early, else now. */
function openingOf(record, key, movement) {
  const id = record[`early_${key}_bookmaker_id`] ?? record[`current_${key}_bookmaker_id`];
  return movement.opening(key, id);
}

function marketRows(record, market, { state, opening, hasOpening, movement }) {
  const { key, title, lined, signed, outcomes } = market;
  const at = record[`current_${key}_outdated`] ? ` at ${record[`current_${key}_score`]?.replace("-", "–") ?? "another score"}` : "";
  const word = state === "suspended" ? "suspended" : state === "old" ? `old${at}` : "";
  const nowCell = element("td", {}, made(record, key, "current", movement));
  if (word) nowCell.append(element("span", { class: "doubt" }, ` ${word}`));
  const openedBy = opening && record[`early_${key}_bookmaker_id`] == null ? (opening.bookmaker ?? `bookmaker ${opening.bookmaker_id}`) : "";
  const opened = (text) => (hasOpening ? element("td", {}, text) : null);
  const body = element(
    "tbody",
    { "data-state": state },
    element("tr", { class: "market-head" }, element("th", { scope: "rowgroup" }, title), opened(openedBy), element("td", {}, made(record, key, "early", movement)), nowCell, element("td")),
  );
  if (lined) {
    const [early, now] = [record[`early_${key}_line`], record[`current_${key}_line`]];
    body.append(
      element(
        "tr",
        { class: "market-line" },
        element("th", { scope: "row" }, key === "spread" ? "Line" : key === "corners" ? "Corners" : "Goals"),
        opened(opening ? line(opening.opening.line, signed) : ""),
        element("td", {}, line(early, signed)),
        element("td", { class: "price-now" }, line(now, signed)),
        element("td"),
      ),
    );
  }
  const sameLine = !lined || record[`early_${key}_line`] === record[`current_${key}_line`];
  for (const [name, label] of outcomes) {
    const [early, now] = [record[`early_${key}_${name}`], record[`current_${key}_${name}`]];
    const change = sameLine ? moved(early, now) : null;
    body.append(
      element(
        "tr",
        {},
        element("th", { scope: "row" }, label),
        opened(opening ? price(opening.opening.prices[name], choices.odds) : ""),
        element("td", {}, price(early, choices.odds)),
        element("td", { class: "price-now" }, price(now, choices.odds)),
        element("td", {}, change === null ? "" : points(change)),
      ),
    );
  }
  return body;
}

const INCIDENTS = {
  1: "Goal", 3: "Yellow card", 4: "Red card", 8: "Goal (penalty)", 9: "Substitution", 15: "Second yellow card",
  16: "Penalty missed", 17: "Own goal", 28: "VAR", 29: "Shoot-out: scored", 30: "Shoot-out: missed",
};
const EVENTS = {
  kickoff: "Kick-off", half_time: "Half-time", second_half: "Second half", extra_time: "Extra time",
  penalties: "Shoot-out", full_time: "Full time", goal: "Goal", yellow: "Yellow card", second_yellow: "Second yellow card",
  red: "Red card", substitution: "Substitution", penalty_missed: "Penalty missed", kick_scored: "Shoot-out: scored",
  kick_missed: "Shoot-out: missed", var: "VAR", score_corrected: "Score corrected", result: "Result",
  suspended: "Money line suspended", match_left: "Left the live list", match_back: "Back on the live list",
};
const KINDS = { penalty: " (penalty)", own_goal: " (own goal)" };

/** What happened, oldest first: the log's events, and before them what the record knows from earlier. */
function timelineItems(record, events) {
  const seen = events?.find((event) => event.type === "footy.match_seen")?.data;
  const before = seen ? seen.minute ?? Infinity : Infinity;
  const early = (record?.incidents ?? [])
    .filter((one) => one.type_id in INCIDENTS && (!seen || (one.minute ?? 0) < before || !seen.in_play && seen.status_id === 8))
    .map((one) =>
      item(
        one.added_time ? `${one.minute - one.added_time}+${one.added_time}'` : one.minute == null ? "" : `${one.minute}'`,
        INCIDENTS[one.type_id],
        one.type_id === 9 ? swap(one) : [one.player, one.var_result, one.reason].filter(Boolean).join(", "),
        one.home_score == null ? "" : score(one.home_score, one.away_score),
        one.side,
      ),
    );
  if (!seen) return early;
  const said = [...early];
  if (early.length > 0 || (seen.minute ?? 0) > 1) {
    said.push(item(seen.clock ?? "", "First seen by footy", "", seen.score ? score(seen.score.home, seen.score.away) : "", null, "quiet"));
  }
  const corrections = new Map();
  const details = new Map();
  const [closed, reopened] = [new Map(), new Map()]; // market → its newest suspension; suspension → its end
  const settled = new Map();
  for (const { id, type, data } of events) {
    if (type === "footy.goal_cancelled" || type === "footy.withdrawn") corrections.set(data.relates, data);
    if (type.endsWith("_detail")) details.set(data.relates, data);
    if (type === "footy.suspended") closed.set(data.market, id);
    if (type === "footy.reopened") reopened.set(closed.get(data.market), data);
    if (type === "footy.alert_settled") settled.set(data.relates, data);
    if (type === "footy.score_corrected") for (const removed of data.removed) corrections.set(removed, data);
  }
  for (const { id, type, data } of events) {
    const name = type.slice("footy.".length);
    if (name === "alert") {
      said.push(item(data.clock ?? "", `Alert ${data.rule}`, data.text, settled.get(id)?.outcome ?? "", null, "alert"));
    }
    if (!(name in EVENTS) && name !== "status") continue;
    if (name === "suspended" && data.market !== "money_line") continue;
    const latest = { ...data, ...pick(details.get(id), ["player", "kind", "assist", "player_in", "player_out", "reason", "var_result", "var_reason"]) };
    const title = name === "status" ? data.status : `${EVENTS[name]}${KINDS[latest.kind] ?? ""}`;
    const more =
      name === "substitution"
        ? swap(latest)
        : name === "suspended"
          ? closedFor(data, reopened.get(id))
          : [latest.player, latest.assist ? `assist ${latest.assist}` : null, latest.var_result, latest.reason].filter(Boolean).join(", ");
    const result = data.after ?? (["half_time", "full_time", "result"].includes(name) ? data.score : null);
    const made = item(
      data.clock ?? "",
      title,
      more,
      result && name !== "suspended" && "home" in result ? score(result.home, result.away) : "",
      data.side ?? null,
      name === "suspended" ? "quiet" : name === "goal" ? "goal" : "",
    );
    const correction = corrections.get(id);
    if (correction) {
      made.classList.add("struck");
      made.append(
        element("span", { class: "doubt" }, `${correction.withdrawn ? "withdrawn" : "cancelled"} ${correction.clock ?? ""}${correction.cause === "var" ? ", VAR" : ""}`),
      );
    }
    said.push(made);
  }
  return said;
}

function pick(from, names) {
  return Object.fromEntries(names.filter((name) => from?.[name] != null).map((name) => [name, from[name]]));
}

function swap(one) {
  if (!one.player_in && !one.player_out) return "";
  return `${one.player_in ?? "?"} for ${one.player_out ?? "?"}`;
}

function closedFor(data, opened) {
  if (!opened) return "";
  return duration((Date.parse(opened.seen_at) - Date.parse(data.seen_at)) / 1000);
}

function item(when, title, more, result, side, kind = "") {
  return element(
    "li",
    { "data-side": side ?? "none", class: kind || null },
    element("span", { class: "when" }, when),
    element("span", { class: "what" }, title, result ? element("b", {}, ` ${result}`) : null, more ? element("bdi", { class: "who" }, more) : null),
  );
}
