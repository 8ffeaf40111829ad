// The table: which matches, in what order and groups, brought into the document in slices.

import { choices, isFavourite } from "./choices.js";
import { element, frame, inSlices, setText } from "./dom.js";
import { Row } from "./row.js";
import { fold, movement } from "./words.js";

// The table's bodies are laid out only near the screen. Small ones make little work at once, few ones little
// work at all. Where they begin depends on names more than on numbers, so that a new match moves few rows.
const MOST_ROWS = 6;
const LEAST_ROWS = 3;
const ROW_PX = 51;
const HEAD_PX = 43;
const ROWS_A_FRAME = 3; // rows near the screen that may change at once: laying them out takes time
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
    this.bodies = new Map(); // key → {body, height, isNear}
    this.heads = new Map(); // key → {row, parts}
    this.shown = []; // match ids in the order of the page
    this.running = 0;
    this.dirty = new Set();
    this.everything = false;
    this.arranging = false;
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

  /** Group the matches by competition, and the groups into bodies of the table. */
  plan(ids) {
    const groups = [];
    let current = null;
    for (const id of ids) {
      const get = this.board.reader(id);
      const key = choices.sort === "league" ? `${get("country")} ${get("competition_id")}` : "all";
      if (current === null || current.key !== key || current.ids.length >= MOST_ROWS) {
        const part = current !== null && current.key === key ? current.part + 1 : 0;
        current = { key, part, ids: [], country: get("country"), competition: get("competition"), count: 0 };
        groups.push(current);
      }
      current.ids.push(id);
    }
    const totals = new Map();
    for (const group of groups) totals.set(group.key, (totals.get(group.key) ?? 0) + group.ids.length);
    const bodies = [];
    let rows = 0;
    for (const group of groups) {
      group.count = totals.get(group.key);
      const begins = rows >= LEAST_ROWS && mixed(group.key) % 3 === 0;
      if (bodies.length === 0 || begins || rows + group.ids.length > MOST_ROWS) {
        bodies.push({ key: `${group.key} ${group.part}`, groups: [] });
        rows = 0;
      }
      bodies.at(-1).groups.push(group);
      rows += group.ids.length;
    }
    return bodies;
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
    const planned = this.plan(ids);
    let place = this.table.tHead.nextElementSibling;
    for (const { key, groups } of planned) {
      const held = this.bodies.get(key) ?? this.newBody(key);
      if (held.body === place) place = place.nextElementSibling;
      else this.table.insertBefore(held.body, place);
      let at = held.body.firstElementChild;
      const put = (tr) => {
        if (tr === at) at = at.nextElementSibling;
        else held.body.insertBefore(tr, at);
      };
      let height = 0;
      for (const group of groups) {
        if (grouped && group.part === 0) {
          put(this.headOf(group));
          height += HEAD_PX;
        }
        for (const id of group.ids) {
          put(this.rowOf(id, held, grouped).tr);
          height += ROW_PX;
          yield;
        }
      }
      while (at !== null) {
        const next = at.nextElementSibling;
        at.remove();
        at = next;
      }
      if (held.height !== height) {
        held.height = height;
        held.body.style.containIntrinsicSize = `auto ${height}px`;
      }
    }
    const kept = new Set(planned.map(({ key }) => key));
    for (const [key, held] of this.bodies) {
      if (kept.has(key)) continue;
      held.body.remove();
      this.bodies.delete(key);
      yield;
    }
    for (const id of this.rows.keys()) if (!this.board.matches.has(id)) this.rows.delete(id);
    this.everything = false;
  }

  rowOf(id, held, grouped) {
    let row = this.rows.get(id);
    if (row === undefined) {
      row = new Row(id);
      this.rows.set(id, row);
      row.update(this.board, grouped);
    } else if (row.grouped !== grouped || this.everything) {
      row.update(this.board, grouped);
    }
    row.held = held;
    return row;
  }

  newBody(key) {
    const body = element("tbody", { role: "rowgroup" });
    const held = { body, height: 0, isNear: true };
    body.addEventListener("contentvisibilityautostatechange", (event) => {
      held.isNear = !event.skipped;
    });
    this.bodies.set(key, held);
    return held;
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

  /** Note matches whose cells changed; `patch` shows them. */
  mark(ids) {
    for (const id of ids) this.dirty.add(id);
  }

  async patch() {
    if (this.arranging || this.patching) return;
    this.patching = true;
    while (this.dirty.size > 0) {
      const rows = [...this.dirty].map((id) => this.rows.get(id)).filter((row) => row !== undefined);
      this.dirty.clear();
      const near = rows.filter((row) => row.held?.isNear);
      for (let at = 0; at < near.length; at += ROWS_A_FRAME) {
        for (const row of near.slice(at, at + ROWS_A_FRAME)) this.update(row);
        await frame();
      }
      await inSlices(this.updates(rows.filter((row) => !row.held?.isNear)));
    }
    this.patching = false;
  }

  update(row) {
    if (this.board.matches.has(row.id)) row.update(this.board, choices.sort === "league");
  }

  *updates(rows) {
    for (const row of rows) {
      this.update(row);
      yield;
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

/** A number from a text, the same every time. */
function mixed(text) {
  let number = 7;
  for (let at = 0; at < text.length; at += 1) number = (number * 31 + text.charCodeAt(at)) % 1000003;
  return number;
}
