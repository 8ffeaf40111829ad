// The matches as the server sends them: whole once, then changes.

import { fold } from "./words.js";

export class Board {
  constructor() {
    this.version = null;
    this.about = null;
    this.latest = [];
    this.column = {};
    this.matches = new Map();
    this.order = [];
    this.offset = 0; // the server's clock minus ours, in ms
    this.folded = new Map();
  }

  now() {
    return Date.now() + this.offset;
  }

  get(id, name) {
    return this.matches.get(id)[this.column[name]];
  }

  /** A reader of one match's cells by name. */
  reader(id) {
    const cells = this.matches.get(id);
    const column = this.column;
    return (name) => cells[column[name]];
  }

  /** Take everything; returns what changed, as `change` does. */
  all(sent) {
    this.version = sent.version;
    this.about = sent.about;
    this.latest = sent.latest;
    this.column = Object.fromEntries(sent.columns.map((name, index) => [name, index]));
    this.matches = new Map(sent.matches.map((cells) => [cells[0], cells]));
    this.order = [...this.matches.keys()];
    this.folded.clear();
    return { whole: true, changed: this.order, gone: [], reordered: true };
  }

  /** Take changes; null where they do not follow what is held. */
  change(sent) {
    if (sent.after !== this.version) return null;
    this.version = sent.version;
    if (sent.about) this.about = sent.about;
    if (sent.latest) this.latest = sent.latest;
    for (const id of sent.gone ?? []) {
      this.matches.delete(id);
      this.folded.delete(id);
    }
    const changed = [];
    for (const cells of sent.added ?? []) {
      this.matches.set(cells[0], cells);
      changed.push(cells[0]);
    }
    let moved = false;
    for (const [id, values] of Object.entries(sent.changed ?? {})) {
      const cells = this.matches.get(id);
      for (const [name, value] of Object.entries(values)) cells[this.column[name]] = value;
      // What filters, groups and orders go by.
      if ("status_id" in values || "competition" in values || "home" in values || "away" in values) {
        moved = true;
        this.folded.delete(id);
      }
      changed.push(id);
    }
    if (sent.order) this.order = sent.order;
    return { whole: false, changed, gone: sent.gone ?? [], reordered: moved || sent.order != null };
  }

  /** What a search looks at. */
  text(id) {
    let text = this.folded.get(id);
    if (text === undefined) {
      const get = this.reader(id);
      text = fold([get("home"), get("away"), get("competition"), get("country")].filter(Boolean).join(" "));
      this.folded.set(id, text);
    }
    return text;
  }
}
