// One match as a row of the table: made once, then patched where it changes.

import { markAlerts } from "./alerts.js";
import { choices, isFavourite } from "./choices.js";
import { element, setData, setText } from "./dom.js";
import { DASH, duration, line, movement, number, period, price, shownClock, score, statusWords } from "./words.js";

export const GOAL_MS = 60000;
const MOST_LETTERS = 6; // of a price at its normal size: +100000 is smaller
const STRONG_POINTS = 5;
const MARKETS = [
  { key: "money_line", names: ["home", "draw", "away"], className: "m1" },
  { key: "spread", names: ["line", "home", "away"], className: "m2" },
  { key: "over_under", names: ["line", "over", "under"], className: "m3" },
];
const SHORT = { money_line: "1X2", spread: "spread", over_under: "O/U" };

function cell(className, ...children) {
  return element("td", { class: className, role: "cell" }, ...children);
}

// Cells with one text have two lines in it: few boxes make a row cheap to lay out.
function pair() {
  return [element("span", { class: "a" }), element("span", { class: "b" })];
}

const template = (() => {
  const star = element("button", { type: "button", class: "star", tabindex: "-1" });
  const team = () => element("span", { class: "team" }, element("bdi", { class: "name" }));
  const prices = MARKETS.flatMap(({ className }) =>
    [0, 1, 2].map((index) => {
      const first = index === 0 ? " first" : "";
      const asLine = index === 0 && className !== "m1" ? " line" : "";
      return cell(`c-p ${className}${first}${asLine}`);
    }),
  );
  return element(
    "tr",
    { role: "row", class: "match", tabindex: "-1" },
    cell("c-star", star),
    cell("c-time", ...pair()),
    cell("c-match", team(), team()),
    cell("c-score", ...pair()),
    cell("c-ht"),
    cell("c-sot"),
    cell("c-crn"),
    ...prices,
    cell("c-state"),
  );
})();

export class Row {
  constructor(id) {
    this.id = id;
    this.tr = template.cloneNode(true);
    this.tr.dataset.id = id;
    const cells = this.tr.children;
    this.star = cells[0].firstChild;
    [this.clock, this.word] = cells[1].children;
    this.teams = [...cells[2].children].map((team) => new Team(team));
    this.goals = [...cells[3].children];
    [this.half, this.shots, this.corners] = [cells[4], cells[5], cells[6]];
    this.prices = Array.from({ length: 9 }, (_, index) => cells[7 + index]);
    this.state = cells[16];
    this.stateWords = "";
  }

  /** Show whether it is the chosen match, the only row that the tab key reaches. */
  choose(isChosen) {
    setData(this.tr, "chosen", isChosen ? "yes" : "");
    this.tr.tabIndex = isChosen ? 0 : -1;
  }

  /** Show everything of the match. */
  update(board, grouped) {
    const get = board.reader(this.id);
    const home = get("home") ?? `Home ${DASH} ${this.id}`;
    const away = get("away") ?? `Away ${DASH} ${this.id}`;
    setText(this.teams[0].name, home);
    setText(this.teams[1].name, away);
    this.updateStar(`${home} – ${away}`);
    setText(this.goals[0], number(get("home_score")));
    setText(this.goals[1], number(get("away_score")));
    setLines(this.half, number(get("home_score_ht")), number(get("away_score_ht")));
    setLines(this.shots, number(get("home_shots_on_target")), number(get("away_shots_on_target")));
    setLines(this.corners, number(get("home_corners")), number(get("away_corners")));
    this.teams[0].setCards(get("home_red_cards"));
    this.teams[1].setCards(get("away_red_cards"));
    setData(this.tr, "live", get("in_play") ? "yes" : "");
    markAlerts(this.teams[0].name.parentElement, get("alerts"));
    this.updatePrices(get);
    this.updateTime(board, get);
    this.updateNotes(board, get, grouped);
  }

  updateStar(names = this.starNames) {
    this.starNames = names;
    const on = isFavourite(this.id);
    if (this.star.footyOn !== on || this.star.footyNames !== names) {
      this.star.footyOn = on;
      this.star.footyNames = names;
      this.star.setAttribute("aria-pressed", on);
      this.star.setAttribute("aria-label", `Favourite: ${names}`);
      setData(this.tr, "favourite", on ? "yes" : "");
    }
  }

  updatePrices(get) {
    let index = 0;
    for (const { key, names } of MARKETS) {
      const state = get(`current_${key}_state`);
      const sameLine = names[0] !== "line" || get(`current_${key}_line`) === get(`early_${key}_line`);
      for (const name of names) {
        const now = get(`current_${key}_${name}`);
        const early = get(`early_${key}_${name}`);
        const td = this.prices[index];
        if (name === "line") {
          setLines(td, line(now, key === "spread"), early == null ? "" : line(early, key === "spread"));
        } else {
          const text = price(now, choices.odds);
          setLines(td, text, early == null ? "" : price(early, choices.odds));
          setData(td, "long", text.length > MOST_LETTERS ? "yes" : "");
          const moved = sameLine && text !== DASH ? movement(early, now) : null;
          const up = now > early;
          const way = moved === null || now === early ? "" : up ? "up" : "down";
          setData(td, "move", way && Math.abs(moved) >= STRONG_POINTS ? `${way} strong` : way);
        }
        setData(td, "state", now == null ? "none" : state === "now" ? "" : state);
        index += 1;
      }
    }
    const [closed, words] = stateWords(get);
    this.stateWords = words;
    setData(this.state, "closed", closed);
    this.teams[1].setState(words.slice(0, words.startsWith("susp") ? 4 : 3)); // a phone has no column for it
  }

  /** The clock, which runs between two cycles, and the age of what is old. */
  updateTime(board, get = board.reader(this.id)) {
    const status = get("status_id");
    const clock = shownClock(board, get);
    const known = period(status);
    setText(this.clock, known ? clock : statusWords(status, get("status")));
    if (!known) this.clock.title = get("status");
    else if (this.clock.title) this.clock.removeAttribute("title");
    setData(this.clock, "words", known && clock.length < 8 ? "" : "yes");
    const below = known ? under(get, known) : "";
    setText(this.word, below);
    setData(this.word, "period", below === known ? "yes" : "");
    const since = get("old_since");
    const doubts = get("doubts");
    const age = since === null ? (doubts.length > 0 ? "?" : "") : duration((board.now() - Date.parse(since)) / 1000);
    setLines(this.state, this.stateWords, age);
    setData(this.tr, "doubt", doubts.length > 0 ? "yes" : "");
  }

  /** Goals of the last minute, cancelled goals; where matches stand ungrouped, their competition. */
  updateNotes(board, get = board.reader(this.id), grouped = this.grouped) {
    this.grouped = grouped;
    const goals = get("goals");
    const now = board.now();
    this.markedUntil = 0;
    const notes = [null, null];
    for (const goal of goals ?? []) {
      const side = goal.side === "home" ? 0 : 1;
      const until = Date.parse(goal.seen_at) + GOAL_MS;
      if (goal.cancelled_at) {
        notes[side] = { kind: "cancelled", goal };
      } else if (!goal.late && until > now) {
        notes[side] = { kind: "goal", goal };
        this.markedUntil = Math.max(this.markedUntil, until);
      }
    }
    notes.forEach((note, side) => {
      const competition = side === 0 && !grouped ? (get("competition") ?? "") : "";
      this.teams[side].setNote(note, competition);
    });
    setData(this.tr, "goal", notes.some((note) => note?.kind === "goal") ? "yes" : "");
    this.goals.forEach((target, side) => setData(target, "goal", notes[side]?.kind === "goal" ? "yes" : ""));
  }
}

/** One line of a match: a name, and beside it what few have: red cards, a note. */
class Team {
  constructor(line) {
    this.line = line;
    this.name = line.firstChild;
    this.cards = null;
    this.note = null;
    this.said = "";
    this.state = "";
  }

  setCards(count) {
    const text = count > 0 ? String(count) : "";
    if (text === (this.cards?.footyText ?? "")) return;
    this.cards?.remove();
    this.cards = null;
    if (text !== "") {
      const words = element("span", { class: "vh" }, text === "1" ? "1 red card" : " red cards");
      this.cards = element("span", { class: "cards" }, text === "1" ? "" : text, words);
      this.cards.footyText = text;
      this.name.after(this.cards);
    }
    this.settle();
  }

  /** Say a goal or a cancelled goal, or else a competition. */
  setNote(note, competition) {
    const key = note ? `${note.kind} ${note.goal.id} ${note.goal.player} ${note.goal.kind}` : competition;
    if (this.said === key) return;
    this.said = key;
    this.settle();
    if (this.note === null) return;
    setData(this.note, "kind", note?.kind ?? (competition ? "competition" : ""));
    if (note?.kind === "goal") this.note.textContent = goalWords(note.goal);
    else if (note) this.note.replaceChildren(...cancelledWords(note.goal));
    else this.note.textContent = competition;
  }

  setState(words) {
    if (this.state === words) return;
    this.state = words;
    this.settle();
    if (this.note !== null) setData(this.note, "state", words);
  }

  /** Have a note only where it says something: a line with a name alone is quickly laid out. */
  settle() {
    const isNoted = this.said !== "" || this.state !== "";
    if (isNoted && this.note === null) {
      this.note = element("span", { class: "note" });
      this.line.append(this.note);
    } else if (!isNoted && this.note !== null) {
      this.note.remove();
      this.note = null;
    }
    setData(this.line, "more", this.cards !== null || this.note !== null ? "yes" : "");
  }
}

/** What of the prices does not hold now, in words; which way it is said first. */
function stateWords(get) {
  const states = MARKETS.map(({ key }) => [SHORT[key], get(`current_${key}_state`)]).filter(([, state]) => state !== null);
  const those = (wanted) => states.filter(([, state]) => state === wanted).map(([title]) => title);
  const [suspended, old] = [those("suspended"), those("old")];
  if (suspended.length > 0) return ["yes", suspended.length === states.length ? "suspended" : `susp ${listed(suspended)}`];
  if (old.length > 0) return ["", old.length === states.length ? "old prices" : `old ${listed(old)}`];
  return ["", ""];
}

/** Names of markets: of two, short enough for the column. */
function listed(titles) {
  return titles.length > 1 ? titles.join(" ").replace("spread", "spr") : titles[0];
}

function under(get, known) {
  if (get("home_score_pens") != null) return `pens ${score(get("home_score_pens"), get("away_score_pens"))}`;
  if (get("aggregate_home") != null) return `agg ${score(get("aggregate_home"), get("aggregate_away"))}`;
  return known;
}

function setLines(target, top, bottom) {
  setText(target, top || bottom ? `${top}\n${bottom}` : "");
}

const KINDS = { penalty: "penalty", own_goal: "own goal" };

export function goalWords(goal) {
  const minute = goal.minute == null ? "" : ` ${goal.minute}'`;
  const kind = KINDS[goal.kind] ? ` (${KINDS[goal.kind]})` : "";
  return `GOAL${minute}${goal.player ? ` ${goal.player}` : ""}${kind}`;
}

function cancelledWords(goal) {
  const minute = goal.minute == null ? "" : ` ${goal.minute}'`;
  return [
    element("s", {}, score(goal.score.home, goal.score.away), element("span", { class: "when" }, minute)),
    ` cancelled${goal.cause === "var" ? ", VAR" : ""}`,
  ];
}
