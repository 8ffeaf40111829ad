// The table: which matches, in what order and groups. Only rows near the screen are in the document.

import { choices, isFavourite } from "./choices.js";
import { element, setText } from "./dom.js";
import { Row } from "./row.js";
import { DASH, fold, movement } from "./words.js";

// The list is cut into parts of fixed heights, each a body of the table. A part near the screen holds its rows. Any
// other holds the names of its matches, hidden until the browser's own search finds them: no layout, no paint.
const PART = 8;
const ROW_PX = 51;
const HEAD_PX = 43;
const READY_PX = 400; // beyond the screen, where rows are made before they are seen
const KEPT_PX = 600; // farther than this, rows go: a reader who turns back within it finds them
const SEEN_MS = 2; // script a frame for rows on the screen; their layout takes three times as long
const AHEAD_MS = 1; // and for what is beyond it: one row comes, and one part's rows go, at least
const HALF_TIME = 3;

export const FILTERS = {
  play: { title: "In play", test: (get) => get("in_play") },
  half: { title: "Half-time", test: (get) => get("status_id") === HALF_TIME },
  favourites: { title: "Favourites", star: true, test: (get) => isFavourite(get("match_id")) },
  odds: { title: "With odds", test: hasOdds },
  all: { title: "All", test: () => true },
};

export const SORTS = { league: "League", time: "Kick-off", movement: "Movement", age: "Age" };

const BOOKMAKERS = ["money_line", "spread", "over_under"].flatMap((market) => [`current_${market}_bookmaker`, `early_${market}_bookmaker`]);

function hasOdds(get) {
  return BOOKMAKERS.some((name) => get(name) != null);
}

/** The largest change of implied probability of any outcome since the early prices, in points. */
function moved(get) {
  let most = -1;
  const compare = (market, names) => {
    for (const name of names) {
      const change = movement(get(`early_${market}_${name}`), get(`current_${market}_${name}`));
      if (change !== null) most = Math.max(most, Math.abs(change));
    }
  };
  compare("money_line", ["home", "draw", "away"]);
  if (get("early_spread_line") === get("current_spread_line")) compare("spread", ["home", "away"]);
  if (get("early_over_under_line") === get("current_over_under_line")) compare("over_under", ["over", "under"]);
  return most;
}

export class List {
  constructor(table, empty, board) {
    this.table = table;
    this.empty = empty;
    this.board = board;
    this.rows = new Map(); // match id → row, of those near the screen
    this.heads = new Map();
    this.parts = [];
    this.place = new Map(); // match id → the part that it is in, and how far below the part's top
    this.shown = []; // match ids in the order of the page
    this.chosen = null;
    this.dirty = new Set();
    this.frame = 0;
    for (const event of ["scroll", "resize"]) addEventListener(event, () => this.soon(), { passive: true });
  }

  /** Count the matches of every filter. */
  counts() {
    const filters = Object.entries(FILTERS);
    const counts = Object.fromEntries(filters.map(([name]) => [name, 0]));
    for (const id of this.board.order) {
      const get = this.board.reader(id);
      for (const [name, { test }] of filters) if (test(get)) counts[name] += 1;
    }
    return counts;
  }

  wanted() {
    const { board } = this;
    const words = fold(choices.search).split(/\s+/).filter(Boolean);
    // A search looks at everything: whoever types a name wants that match.
    const { test } = words.length > 0 && choices.filter === "play" ? FILTERS.all : FILTERS[choices.filter] ?? FILTERS.all;
    let ids = board.order.filter((id) => {
      const get = board.reader(id);
      if (choices.competition && get("competition_id") !== choices.competition) return false;
      if (!test(get)) return false;
      const text = words.length > 0 ? board.text(id) : "";
      return words.every((word) => text.includes(word));
    });
    const by = (key, sign = 1) => {
      const keys = new Map(ids.map((id) => [id, key(board.reader(id))]));
      ids = ids
        .map((id, index) => [id, index])
        .sort(([a, i], [b, j]) => {
          const [x, y] = [keys.get(a), keys.get(b)];
          if (x === y) return i - j;
          if (x === null) return 1;
          if (y === null) return -1;
          return x < y ? -sign : sign;
        })
        .map(([id]) => id);
    };
    if (choices.sort === "time") by((get) => get("kickoff_at"));
    if (choices.sort === "movement") by(moved, -1);
    if (choices.sort === "age") by((get) => get("old_since"));
    return ids;
  }

  // --- what is listed where

  /** Bring the list in line with what is wanted. */
  arrange() {
    const focused = document.activeElement?.closest("tr.match")?.dataset.id;
    const followsMatches = choices.sort === "league" || choices.sort === "time";
    this.hold(() => this.cut(this.wanted()), followsMatches);
    this.work();
    if (focused !== undefined) this.rows.get(focused)?.tr.focus({ preventScroll: true });
  }

  /** Cut the list of these matches into parts. */
  cut(ids) {
    this.shown = ids;
    this.place.clear();
    const items = this.items(ids);
    const keys = new Set(items.map(({ group }) => group?.key));
    for (const key of this.heads.keys()) if (!keys.has(key)) this.heads.delete(key);
    let count = 0;
    let top = 0;
    for (let at = 0; at < items.length; at += PART) {
      const part = this.parts[count] ?? this.newPart();
      count += 1;
      part.items = items.slice(at, at + PART);
      part.first = at + 2; // the heads of the columns are the first row
      part.isCurrent = false;
      part.top = top;
      let height = 0;
      for (const { id, group } of part.items) {
        if (id !== undefined) this.place.set(id, { part, below: height });
        height += group === undefined ? ROW_PX : HEAD_PX;
      }
      if (part.height !== height) {
        part.height = height;
        part.body.style.height = `${height}px`;
      }
      top += height;
    }
    while (this.parts.length > count) this.discard(this.parts.pop());
    this.table.ariaRowCount = items.length + 1;
  }

  /** The rows of the list: matches, and above those of a competition its name. */
  items(ids) {
    const items = [];
    let group;
    for (const id of ids) {
      if (choices.sort === "league") {
        const get = this.board.reader(id);
        const key = `${get("country")} ${get("competition_id")}`;
        if (group?.key !== key) {
          group = { key, country: get("country"), competition: get("competition"), count: 0 };
          items.push({ group });
        }
        group.count += 1;
      }
      items.push({ id });
    }
    return items;
  }

  newPart() {
    const body = element("tbody", { role: "rowgroup" });
    const part = { body, height: 0, names: null };
    this.table.append(body);
    this.parts.push(part);
    return part;
  }

  discard(part) {
    for (const tr of part.body.children) this.rows.delete(tr.dataset.id);
    part.body.remove();
  }

  // --- what is in the document

  soon() {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.work());
  }

  /** Make and renew rows, as many as a frame has time for; go on in the next. */
  work() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const begun = performance.now();
    const { seen, ahead, away } = this.near();
    const isAway = away.every((part) => this.leave(part, begun + AHEAD_MS));
    const isShown =
      seen.every((part) => this.fill(part, begun + SEEN_MS)) &&
      [...this.dirty].every((id) => this.renew(id, begun + SEEN_MS)) &&
      ahead.every((part) => this.fill(part, begun + AHEAD_MS));
    if (!isShown || !isAway) this.soon();
  }

  /** Return the parts on the screen, those about to be, and those that are to give up their rows. */
  near() {
    const [seen, ahead, away] = [[], [], []];
    const held = this.place.get(this.chosen)?.part; // else its row would lose the focus
    const top = this.top();
    for (const part of this.parts) {
      const beyond = Math.max(top + part.top - innerHeight, -(top + part.top + part.height));
      if (beyond < 0) seen.push(part);
      else if (beyond < (part.holdsRows ? KEPT_PX : READY_PX) || part === held) ahead.push(part);
      else if (part.holdsRows || !part.isCurrent) away.push(part);
    }
    return { seen, ahead, away };
  }

  /** How far below the top of the screen the list begins. */
  top() {
    return this.parts.length > 0 ? this.parts[0].body.getBoundingClientRect().top : 0;
  }

  /** Put a part's rows into it; false if there was no time for all of them. */
  fill(part, until) {
    if (part.isCurrent && part.holdsRows) return true;
    if (!part.holdsRows) part.body.replaceChildren();
    part.holdsRows = true;
    part.isCurrent = false; // the names were: without this, a part that a frame had no time for would stay half empty
    const grouped = choices.sort === "league";
    let at = part.body.firstElementChild;
    for (const [number, { id, group }] of part.items.entries()) {
      const isNew = id !== undefined && this.rows.get(id)?.grouped !== grouped;
      const tr = group === undefined ? this.rowOf(id, grouped).tr : this.headOf(group);
      tr.ariaRowIndex = part.first + number;
      if (tr === at) at = at.nextElementSibling;
      else part.body.insertBefore(tr, at);
      if (isNew && performance.now() >= until) return false;
    }
    while (at !== null) {
      const next = at.nextElementSibling;
      this.drop(at);
      at = next;
    }
    part.isCurrent = true;
    return true;
  }

  /** Take a part's rows out, all at once, and put the names of its matches in; false if no time is left. */
  leave(part, until) {
    if (part.holdsRows !== false) {
      while (part.body.lastChild !== null) this.drop(part.body.lastChild);
      part.names = element("td");
      part.body.append(element("tr", { class: "names", hidden: "until-found", "aria-hidden": "true" }, part.names));
      part.holdsRows = false;
    }
    const words = ({ id, group }) => (group ? group.competition : `${this.board.get(id, "home")} ${DASH} ${this.board.get(id, "away")}`);
    setText(part.names, part.items.map(words).join("\n"));
    part.isCurrent = true;
    return performance.now() < until;
  }

  drop(tr) {
    tr.remove();
    this.rows.delete(tr.dataset.id);
  }

  rowOf(id, grouped) {
    let row = this.rows.get(id);
    if (row === undefined) {
      row = new Row(id);
      this.rows.set(id, row);
      row.choose(id === this.chosen);
    } else if (row.grouped === grouped) return row;
    this.dirty.delete(id);
    row.update(this.board, grouped);
    return row;
  }

  headOf(group) {
    let head = this.heads.get(group.key);
    if (head === undefined) {
      const parts = ["country", "league", "count"].map((name) => element("span", { class: name }));
      const cell = element("th", { role: "rowheader", scope: "rowgroup", colspan: "17" }, ...parts);
      head = { row: element("tr", { role: "row", class: "group" }, cell), parts };
      this.heads.set(group.key, head);
    }
    const [country, league, count] = head.parts;
    setText(country, group.country ?? "");
    setText(league, group.competition ?? "Competition unknown");
    setText(count, String(group.count));
    return head.row;
  }

  // --- what changes

  /** Show anew what is in the document of these matches. */
  mark(ids) {
    for (const id of ids) if (this.rows.has(id)) this.dirty.add(id);
    this.soon();
  }

  /** Show everything anew, as after a change of the odds format. */
  markAll() {
    this.mark(this.rows.keys());
  }

  renew(id, until) {
    this.dirty.delete(id);
    const row = this.rows.get(id);
    if (row === undefined || !this.board.matches.has(id)) return true;
    row.update(this.board, choices.sort === "league");
    return performance.now() < until;
  }

  /** Move the clocks on, and let marks end. */
  tick() {
    const now = this.board.now();
    for (const [id, row] of this.rows) {
      if (!this.board.matches.has(id)) continue;
      row.updateTime(this.board);
      if (row.markedUntil > 0 && row.markedUntil <= now) row.updateNotes(this.board);
    }
  }

  // --- where the reader is

  /** Let something move the list, and keep what the reader looks at where it is. */
  hold(move, followsMatches = true) {
    const before = this.top();
    if (before >= 0 || this.parts.length === 0) {
      move();
      return;
    }
    const first = followsMatches ? this.shown.findIndex((id) => this.above(id) + before >= 0) : -1;
    const seen = first < 0 ? [] : this.shown.slice(first, first + 20).map((id) => [id, this.above(id)]);
    move();
    const [kept, above] = seen.find(([id]) => this.place.has(id)) ?? [];
    const moved = kept === undefined ? 0 : this.above(kept) - above;
    const by = this.top() + moved - before;
    if (by !== 0) scrollBy(0, by);
  }

  /** How far below the top of the list a match is. */
  above(id) {
    const { part, below } = this.place.get(id);
    return part.top + below;
  }

  /** Make a match the chosen one, or none; its row takes part in the order of the tab key. */
  choose(id) {
    this.rows.get(this.chosen)?.choose(false);
    this.chosen = id;
    this.rows.get(id)?.choose(true);
  }

  /** Scroll to a match, if need be, and give it the focus. */
  show(id) {
    const place = this.place.get(id);
    if (place === undefined) return;
    const y = this.top() + this.above(id);
    const least = this.table.tHead.offsetHeight;
    if (y < least) scrollBy(0, y - least);
    else if (y + ROW_PX > innerHeight) scrollBy(0, y + ROW_PX - innerHeight);
    this.fill(place.part, Infinity);
    this.rows.get(id).tr.focus({ preventScroll: true });
  }
}
