// The table: which matches, in what order and groups, brought into the document in slices.

import { choices, isFavourite } from "./choices.js";
import { element, inSlices, setText } from "./dom.js";
import { Row } from "./row.js";
import { fold, movement } from "./words.js";

const CHUNK = 25; // rows in one group of the document, which is laid out only near the screen
const HALF_TIME = 3;

export const FILTERS = {
  play: { title: "In play", test: (get) => get("in_play") },
  half: { title: "Half-time", test: (get) => get("status_id") === HALF_TIME },
  favourites: { title: "Favourites", star: true, test: (get) => isFavourite(get("match_id")) },
  odds: { title: "With odds", test: hasOdds },
  all: { title: "All", test: () => true },
};

export const SORTS = { league: "League", time: "Kick-off", movement: "Movement", age: "Age" };

function hasOdds(get) {
  return ["money_line", "spread", "over_under"].some(
    (market) => get(`current_${market}_bookmaker`) != null || get(`early_${market}_bookmaker`) != null,
  );
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
    this.rows = new Map();
    this.groups = new Map(); // key → {body, head, ids}
    this.shown = []; // match ids in the order of the page
    this.running = 0;
    this.dirty = new Set();
    this.everything = false;
    this.arranging = false;
  }

  /** Count the matches of every filter. */
  counts() {
    const counts = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, 0]));
    for (const id of this.board.order) {
      const get = this.board.reader(id);
      for (const [name, { test }] of Object.entries(FILTERS)) if (test(get)) counts[name] += 1;
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

  plan(ids) {
    const groups = [];
    let current = null;
    for (const id of ids) {
      const get = this.board.reader(id);
      const key = choices.sort === "league" ? `${get("country")} ${get("competition_id")}` : "all";
      if (current === null || current.key !== key || current.ids.length >= CHUNK) {
        const part = current !== null && current.key === key ? current.part + 1 : 0;
        current = { key, part, ids: [], country: get("country"), competition: get("competition"), count: 0 };
        groups.push(current);
      }
      current.ids.push(id);
    }
    const totals = new Map();
    for (const group of groups) totals.set(group.key, (totals.get(group.key) ?? 0) + group.ids.length);
    for (const group of groups) group.count = totals.get(group.key);
    return groups;
  }

  /** Bring the document in line with what is wanted. A later call takes over from one still running. */
  async arrange() {
    const run = ++this.running;
    this.arranging = true;
    const ids = this.wanted();
    this.shown = ids;
    const finished = await inSlices(this.steps(ids), () => run !== this.running);
    if (!finished) return;
    this.arranging = false;
    await this.patch();
  }

  *steps(ids) {
    const grouped = choices.sort === "league";
    const groups = this.plan(ids);
    const kept = new Set();
    let place = this.table.tHead.nextElementSibling;
    for (const group of groups) {
      const name = `${group.key} ${group.part}`;
      kept.add(name);
      const held = this.groups.get(name) ?? this.newGroup(name);
      if (held.body === place) place = place.nextElementSibling;
      else this.table.insertBefore(held.body, place);
      this.headGroup(held, group, grouped);
      let at = held.head.nextElementSibling;
      for (const id of group.ids) {
        let row = this.rows.get(id);
        if (row === undefined) {
          row = new Row(id);
          this.rows.set(id, row);
          row.update(this.board, grouped);
        } else if (row.grouped !== grouped || this.everything) {
          row.update(this.board, grouped);
        }
        if (row.tr === at) at = at.nextElementSibling;
        else held.body.insertBefore(row.tr, at);
        yield;
      }
      while (at !== null) {
        const next = at.nextElementSibling;
        at.remove();
        at = next;
      }
    }
    for (const [name, held] of this.groups) {
      if (!kept.has(name)) {
        held.body.remove();
        this.groups.delete(name);
      }
      yield;
    }
    for (const id of this.rows.keys()) if (!this.board.matches.has(id)) this.rows.delete(id);
    this.everything = false;
  }

  newGroup(name) {
    const cell = element(
      "th",
      { role: "rowheader", scope: "rowgroup", colspan: "17" },
      element("span", { class: "country" }),
      element("span", { class: "league" }),
      element("span", { class: "count" }),
    );
    const head = element("tr", { role: "row", class: "group" }, cell);
    const body = element("tbody", { role: "rowgroup" }, head);
    const held = { body, head, parts: [...cell.children], height: 0 };
    this.groups.set(name, held);
    return held;
  }

  headGroup(held, group, grouped) {
    const [country, league, count] = held.parts;
    const hidden = !grouped || group.part > 0;
    if (held.head.hidden !== hidden) held.head.hidden = hidden;
    setText(country, group.country ?? "");
    setText(league, group.competition ?? "Competition unknown");
    setText(count, String(group.count));
    const height = group.ids.length * 51 + (hidden ? 0 : 43);
    if (held.height !== height) {
      held.height = height;
      held.body.style.containIntrinsicSize = `auto ${height}px`;
    }
  }

  /** Note matches whose cells changed; `patch` shows them. */
  mark(ids) {
    for (const id of ids) this.dirty.add(id);
  }

  async patch() {
    if (this.arranging || this.patching) return;
    this.patching = true;
    await inSlices(this.patches());
    this.patching = false;
  }

  *patches() {
    const grouped = choices.sort === "league";
    while (this.dirty.size > 0) {
      const ids = [...this.dirty];
      this.dirty.clear();
      for (const id of ids) {
        if (this.board.matches.has(id)) this.rows.get(id)?.update(this.board, grouped);
        yield;
      }
    }
  }

  /** Show all rows anew, as after a change of the odds format. */
  async refresh() {
    this.everything = true;
    await this.arrange();
  }

  /** Move the clocks on, and let marks end. */
  tick() {
    if (this.arranging) return;
    const now = this.board.now();
    for (const id of this.shown) {
      const row = this.rows.get(id);
      if (row === undefined) continue;
      row.updateTime(this.board);
      if (row.markedUntil > 0 && row.markedUntil <= now) row.updateNotes(this.board);
    }
  }
}
