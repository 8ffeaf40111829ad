// Numbers, times and prices as people read them. Pure, but for the formats that are kept.

export const DASH = "–";

export function number(value) {
  return value == null ? "" : String(value);
}

export function score(home, away) {
  return home == null || away == null ? DASH : `${home}–${away}`;
}

/** A decimal price in the reader's format; fewer digits where more would say nothing. */
export function price(decimal, format) {
  if (decimal == null) return DASH;
  if (format === "american") {
    if (decimal <= 1) return DASH;
    const exact = decimal >= 2 ? (decimal - 1) * 100 : -100 / (decimal - 1);
    const rounded = Math.sign(exact) * Math.round(Math.abs(exact));
    return rounded > 0 ? `+${rounded}` : `−${-rounded}`;
  }
  const value = format === "hongkong" ? decimal - 1 : decimal;
  return value.toFixed(value >= 100 ? 0 : value >= 20 ? 1 : 2);
}

export function line(value, signed) {
  if (value == null) return DASH;
  const text = Number.isInteger(value * 2) ? Math.abs(value).toFixed(1) : Math.abs(value).toFixed(2);
  if (value < 0) return `−${text}`;
  return signed && value > 0 ? `+${text}` : text;
}

/** How much likelier an outcome has become, in percentage points of implied probability. */
export function movement(early, now) {
  return early >= 1 && now >= 1 ? 100 / now - 100 / early : null;
}

export function points(value) {
  const text = Math.abs(value).toFixed(1);
  return text === "0.0" ? "0.0" : value > 0 ? `+${text}` : `−${text}`;
}

/** A share as a percentage; few digits, for few alerts say little. */
export function percent(share, signed = false, places = 1) {
  const text = `${Math.abs(100 * share).toFixed(places)} %`;
  if (!signed || Number.parseFloat(text) === 0) return text;
  return share > 0 ? `+${text}` : `−${text}`;
}

export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 90) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${String(minutes % 60).padStart(2, "0")}` : `${Math.floor(hours / 24)} d`;
}

const formats = new Map();

export function zoneName(zone) {
  return zone === "local" ? undefined : zone;
}

/** The time of day in the reader's zone. */
export function timeOfDay(text, zone, seconds = false) {
  const key = `${zone} ${seconds}`;
  if (!formats.has(key)) {
    const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zoneName(zone) };
    if (seconds) options.second = "2-digit";
    formats.set(key, new Intl.DateTimeFormat("en-GB", options));
  }
  return formats.get(key).format(typeof text === "number" ? text : Date.parse(text));
}

const HALF_DAY_MS = 43200000;

/** The day, such as `26 Nov`, in the reader's zone; null if it is today, or the time alone is clear. */
export function otherDay(text, zone, now) {
  if (Math.abs(now - Date.parse(text)) < HALF_DAY_MS) return null;
  const key = `${zone} day`;
  if (!formats.has(key)) {
    formats.set(key, new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zoneName(zone) }));
  }
  const day = formats.get(key).format(Date.parse(text));
  return day === formats.get(key).format(now) ? null : day;
}

/** The time of day, and the day before it if it is not today. */
export function dayAndTime(text, zone, now) {
  return [otherDay(text, zone, now), timeOfDay(text, zone)].filter(Boolean).join(", ");
}

const BASE = { 2: 0, 4: 45, 5: 90 };
const LAST = { 2: 45, 4: 90, 5: 120 };

/** The clock of a match that runs: the record's minute, moved on by the time that has passed since. */
export function runningClock(status, minute, startedAt, fetchedAt, now) {
  if (minute == null || startedAt == null || !(status in BASE)) return null;
  const start = Date.parse(startedAt);
  const at = (moment) => Math.floor((moment - start) / 60000) + 1 + BASE[status];
  const shown = Math.max(minute, minute + at(now) - at(fetchedAt));
  return shown > LAST[status] ? `${LAST[status]}+${shown - LAST[status]}'` : `${shown}'`;
}

/** The clock of a listed match as of now. One that nothing has confirmed for two intervals stands still. */
export function shownClock(board, get) {
  const snapshot = board.about?.snapshot;
  if (!snapshot?.fetched_at || get("doubts").some((doubt) => doubt.startsWith("score"))) return get("clock");
  const fetchedAt = Date.parse(snapshot.fetched_at);
  const now = Math.min(board.now(), fetchedAt + 2000 * board.about.interval_s);
  return runningClock(get("status_id"), get("minute"), get("period_started_at"), fetchedAt, now) ?? get("clock");
}

const PERIODS = { 2: "1st half", 3: "half-time", 4: "2nd half", 5: "extra time", 6: "extra time", 7: "shoot-out", 8: "full time" };

/** A status in the words of a narrow column. */
export function statusWords(status, words) {
  return status === 13 ? "TBD" : words.replace("Interrupted", "Inter\u00ADrupted");
}

export function period(status) {
  return PERIODS[status] ?? "";
}

export function clean(text) {
  return typeof text === "string" ? text : "";
}

/** Text as a search compares it: without case and accents. */
export function fold(text) {
  return clean(text).normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}
