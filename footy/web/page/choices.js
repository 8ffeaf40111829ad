// What the reader has chosen, kept in this browser.

const KEY = "footy";
const MOST_FAVOURITES = 500;

function load() {
  try {
    const held = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return held && typeof held === "object" ? held : {};
  } catch {
    return {};
  }
}

const held = load();
const favourites = new Set(Array.isArray(held.favourites) ? held.favourites : []);
const listeners = new Set();

export const choices = {
  filter: "play",
  sort: "league",
  market: "1",
  zone: "local",
  odds: null, // the operator's until the reader chooses
  theme: null,
  ...held,
  competition: "",
  search: "",
};

function save() {
  const { competition, search, ...kept } = choices;
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...kept, favourites: [...favourites].slice(-MOST_FAVOURITES) }));
  } catch {
    // Storage is off or full: the choice holds until the page is closed.
  }
}

export function onChoice(listener) {
  listeners.add(listener);
}

export function choose(name, value) {
  if (choices[name] === value) return;
  choices[name] = value;
  save();
  for (const listener of listeners) listener(name);
}

export function isFavourite(id) {
  return favourites.has(id);
}

export function favouriteCount(ids) {
  let count = 0;
  for (const id of ids) if (favourites.has(id)) count += 1;
  return count;
}

export function toggleFavourite(id) {
  if (!favourites.delete(id)) favourites.add(id);
  save();
  for (const listener of listeners) listener("favourites", id);
}
