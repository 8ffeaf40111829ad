// Where a price and a moment stand in a chart. Pure.

// Odds that an axis may name, the rounder the earlier.
const NAMED = [
  2, 1.5, 3, 5, 1.2, 10, 4, 1.1, 1.8, 2.5, 20, 50, 1.05, 1.3, 1.4, 1.6, 1.7, 1.9, 2.2, 3.5, 6, 8, 15, 30, 100, 1.01, 1.02,
  1.15, 1.25, 1.35, 1.45, 1.55, 1.65, 1.75, 1.85, 1.95, 2.05, 2.1, 2.15, 2.3, 2.4, 2.75, 7,
];
const LEAST_SPAN = 0.05;
const HOUR = 3600;
const HALF_MINUTES = 45;
const BEFORE = 0.22; // of the width, for the time before kick-off

/** Prices stand at their implied probability: equal heights are equal movements, whatever the odds. */
export function priceScale(prices, top, bottom) {
  const shares = prices.filter((price) => price >= 1).map((price) => 1 / price);
  let [low, high] = shares.length > 0 ? [Math.min(...shares), Math.max(...shares)] : [0.4, 0.6];
  const pad = Math.max((high - low) * 0.06, (LEAST_SPAN - (high - low)) / 2);
  [low, high] = [Math.max(0, low - pad), Math.min(1, high + pad)];
  return (price) => bottom - ((1 / price - low) / (high - low)) * (bottom - top);
}

export function priceTicks(scale, top, bottom, apart) {
  const found = [];
  for (const price of NAMED) {
    const y = scale(price);
    if (y >= top && y <= bottom && found.every((one) => Math.abs(one.y - y) >= apart)) found.push({ price, y });
  }
  return found;
}

export function lineScale(lines, top, bottom) {
  const [low, high] = [Math.min(...lines), Math.max(...lines)];
  if (low === high) return () => (top + bottom) / 2;
  return (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
}

/** When the periods began, by the first price of each: minutes of the match follow from that. */
export function periods(series, record) {
  const first = new Map();
  for (const { at, status_id: statuses } of series) {
    for (let index = 0; index < at.length; index += 1) {
      const known = first.get(statuses[index]);
      if (known === undefined || at[index] < known) first.set(statuses[index], at[index]);
    }
  }
  const known = (text) => (text ? Date.parse(text) / 1000 : undefined);
  const started = known(record?.period_started_at);
  const kickoff = record?.status_id === 2 && started ? started : (first.get(2) ?? (record?.in_play ? known(record.kickoff_at) : undefined));
  const second = record?.status_id === 4 && started ? started : first.get(4);
  return { kickoff, half: first.get(3), second, end: first.get(8) };
}

/** When each goal came, by the first price at a higher score than all before. A score that drops is not told. */
export function scored(series, before) {
  const first = new Map();
  for (const { at, score } of series) {
    for (let index = 0; index < at.length; index += 1) {
      const known = first.get(score[index]);
      if (score[index] !== null && at[index] < before && (known === undefined || at[index] < known)) first.set(score[index], at[index]);
    }
  }
  const found = [];
  let last = { home: 0, away: 0 };
  for (const [text, at] of [...first].sort((a, b) => a[1] - b[1])) {
    const [home, away] = text.split("-").map(Number);
    if (home < last.home || away < last.away || home + away === last.home + last.away) continue;
    last = { home, away };
    found.push({ at, score: last });
  }
  return found;
}

/** Time before kick-off is shortened the further off it is; play has most of the width, minute by minute. */
export function timeScale(from, until, kickoff, left, right) {
  if (kickoff === undefined || kickoff >= until) {
    const whole = shortened(from, until);
    return (at) => left + whole(at) * (right - left);
  }
  const before = from < kickoff ? shortened(from, kickoff) : () => 1;
  const middle = from < kickoff ? left + BEFORE * (right - left) : left;
  return (at) => (at <= kickoff ? left + before(at) * (middle - left) : middle + ((at - kickoff) / (until - kickoff)) * (right - middle));
}

function shortened(from, until) {
  const whole = Math.log1p(Math.max(0, until - from) / HOUR);
  return (at) => (whole === 0 ? 1 : 1 - Math.log1p(Math.max(0, until - Math.max(at, from)) / HOUR) / whole);
}

/** The minutes that the axis names. */
export function minuteTicks({ kickoff, half, second, end }, until) {
  const found = [];
  if (kickoff === undefined) return found;
  const last = Math.min(until, end ?? Infinity);
  for (const minute of [15, 30]) found.push({ at: kickoff + minute * 60, title: `${minute}'` });
  if (half !== undefined) found.push({ at: half, until: second, title: "HT" });
  if (second !== undefined) for (const minute of [60, 75, 90]) found.push({ at: second + (minute - HALF_MINUTES) * 60, title: `${minute}'` });
  return found.filter(({ at }) => at <= last && (half === undefined || at <= half || second === undefined || at >= half));
}

/** The stretches in which no bet was taken: from a suspended price to the next open one. */
export function closures({ at, suspended }, until) {
  const found = [];
  let begun = null;
  for (let index = 0; index < at.length; index += 1) {
    if (suspended[index] && begun === null) begun = at[index];
    if (!suspended[index] && begun !== null) {
      found.push([begun, at[index]]);
      begun = null;
    }
  }
  if (begun !== null) found.push([begun, until]);
  return found;
}

/** A line that holds each value until the next; broken where there is none. */
export function steps(at, values, suspended, x, y, until) {
  let path = "";
  let open = false;
  for (let index = 0; index < at.length; index += 1) {
    const here = x(at[index]).toFixed(1);
    const value = suspended[index] ? null : values[index];
    if (value === null || value === undefined) {
      if (open) path += `H${here}`;
      open = false;
    } else {
      const height = y(value).toFixed(1);
      path += open ? `H${here}V${height}` : `M${here} ${height}`;
      open = true;
    }
  }
  if (open) path += `H${x(until).toFixed(1)}`;
  return path;
}

/** Move labels apart that would cover each other, within bounds. */
export function spread(heights, apart, top, bottom) {
  const order = heights.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  for (let index = 1; index < order.length; index += 1) order[index].y = Math.max(order[index].y, order[index - 1].y + apart);
  let limit = bottom;
  for (let index = order.length - 1; index >= 0; index -= 1) {
    order[index].y = Math.max(top, Math.min(order[index].y, limit));
    limit = order[index].y - apart;
  }
  const found = [];
  for (const { y, index } of order) found[index] = y;
  return found;
}
