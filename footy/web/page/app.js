// The page: what the server sends, what the reader does, and what is shown of both.

import { AlertList } from "./alerts.js";
import { Board } from "./board.js";
import { choices, choose, isFavourite, onChoice, toggleFavourite } from "./choices.js";
import { element, pause, setData, setText } from "./dom.js";
import { showLatest, showTonight } from "./feed.js";
import { FILTERS, List, SORTS } from "./list.js";
import { Panel } from "./panel.js";
import { goalWords } from "./row.js";
import { Stream } from "./stream.js";
import { DASH, duration, timeOfDay } from "./words.js";

const $ = (id) => document.getElementById(id);
const board = new Board();
const list = new List($("matches"), $("empty"), board);
const panel = new Panel($("panel"), board);
const alerts = new AlertList($("alerts"), () => board.now());
const MARKETS = { 1: "1X2", 2: "Spread", 3: "O/U" };
const DIGIT_SPACE = "\u2007"; // as wide as a digit: a second more moves nothing
const THEMES = [null, "dark", "light"];

let fixtures = null;
let fixturesAt;
let position;
let offlineSince = null;
let counts = {};

// --- what the server sends

async function take(change) {
  if (change === null) return;
  followOperator();
  list.mark(change.changed);
  announce(change);
  // Each in a task of its own: with a thousand matches on a slow machine, all together would be a long one.
  await pause();
  showAround();
  await pause();
  const movesRows = choices.filter === "odds" || choices.sort === "movement" || choices.sort === "age";
  if (change.reordered || change.whole || movesRows) arrange();
  const moved = position !== board.about.position || change.changed.includes(panel.id) || change.gone.includes(panel.id);
  position = board.about.position;
  if (panel.id !== null && (moved || change.whole)) void panel.renew();
  void alerts.follow(board);
  if (fixturesAt !== board.about.fixtures_at) await readFixtures();
}

async function readFixtures() {
  const at = board.about.fixtures_at;
  try {
    const reply = await fetch("/api/fixtures");
    if (reply.ok) [fixtures, fixturesAt] = [await reply.json(), at];
  } catch {
    return; // the next message tries again
  }
  showTonight($("tonight"), fixtures, choices.zone, board.now());
  showEmpty();
}

function arrange() {
  list.arrange();
  showEmpty();
}

function followOperator() {
  if (choices.odds === null) choices.odds = board.about.odds_format;
  $("odds").value = choices.odds;
  $("matches").dataset.odds = choices.odds;
  const zones = [["local", "Local time"], ["UTC", "UTC"], [board.about.timezone, board.about.timezone.split("/").at(-1).replaceAll("_", " ")]];
  const select = $("zone");
  if (select.footyZone !== board.about.timezone) {
    select.footyZone = board.about.timezone;
    const unique = new Map(zones);
    select.replaceChildren(...[...unique].map(([value, title]) => element("option", { value }, title)));
    if (!unique.has(choices.zone)) choices.zone = "local";
    select.value = choices.zone;
  }
}

// --- above and around the matches

const STRIPES = { demo: "DEMO", stale: "STALE", incomplete: "INCOMPLETE", offline: "NO CONNECTION" };

function banners() {
  const { about } = board;
  const found = [];
  if (about?.mode === "demo") found.push(["demo", "simulated matches, nothing here is real"]);
  if (offlineSince !== null) {
    found.push(["offline", `since ${timeOfDay(offlineSince, choices.zone, true)}: what is shown is from before`]);
    return found;
  }
  if (!about) return found;
  const snapshot = about.snapshot;
  if (snapshot === null) {
    if (about.last_error) found.push(["stale", `no snapshot yet: ${about.last_error}`]);
    return found;
  }
  const age = (board.now() - Date.parse(about.last_success_at ?? snapshot.published_at)) / 1000;
  if (age > about.stale_after_s) {
    found.push(["stale", `the last success is ${duration(age)} old${about.last_error ? `: ${about.last_error}` : ""}`]);
  } else if (about.last_error) {
    found.push(["stale", `the last cycle failed ${DASH} ${about.last_error}`]);
  } else if (!snapshot.complete) {
    found.push(["incomplete", snapshot.problems[0] ?? "something is missing, old or made up"]);
  }
  return found;
}

function showBanners() {
  const found = banners();
  const key = JSON.stringify(found);
  const target = $("banners");
  if (target.footyKey === key) return;
  target.footyKey = key;
  const shown = found.map(([kind, words]) =>
    element("p", { class: "banner", "data-kind": kind }, element("strong", {}, STRIPES[kind]), element("span", {}, words)),
  );
  list.hold(() => target.replaceChildren(...shown));
}

const stripParts = [...Array(4)].map(() => element("span"));

function showStrip() {
  const { about } = board;
  const strip = $("strip");
  if (strip.children.length !== stripParts.length + 1) strip.replaceChildren(strip.firstElementChild, ...stripParts);
  const [cycle, calls, quota, problems] = stripParts;
  const snapshot = about?.snapshot;
  const kinds = banners().map(([kind]) => kind);
  setData(document.body, "old", kinds.includes("offline") || kinds.includes("stale") ? "yes" : "");
  setData(strip, "state", kinds.includes("offline") ? "off" : kinds.includes("stale") ? "bad" : kinds.includes("incomplete") ? "doubt" : "");
  if (!snapshot) {
    setText(cycle, about ? "waiting for the first cycle" : "connecting …");
    for (const part of [calls, quota, problems]) setText(part, "");
    return;
  }
  const age = duration((board.now() - Date.parse(snapshot.published_at)) / 1000).padStart(4, DIGIT_SPACE);
  setText(cycle, `cycle ${snapshot.cycle}, ${age} ago`);
  setText(calls, `${snapshot.requests} calls in ${snapshot.timings.total.toFixed(2)} s`);
  const left = Object.values(about.quota_left);
  setText(quota, left.length > 0 ? `quota ${Math.min(...left)} left` : "");
  const trouble = kinds.includes("stale") && about.last_error !== null;
  const said = snapshot.problems.length + Object.keys(about.indicators).length + Number(trouble);
  const isDown = kinds.includes("stale") || kinds.includes("offline");
  setText(problems, said === 0 ? (isDown ? "" : "no problems") : said === 1 ? "1 problem" : `${said} problems`);
  const title = [about.last_error, ...snapshot.problems, ...Object.values(about.indicators)].filter(Boolean).join("\n");
  if (problems.title !== title) problems.title = title;
}

function showAround() {
  showBanners();
  showStrip();
  counts = list.counts();
  for (const button of $("filters").children) setText(button.lastChild, String(counts[button.dataset.filter] ?? 0));
  showCompetitions();
  showLatest($("latest"), board);
  const live = counts.play ?? 0;
  document.title = live > 0 ? `footy · ${live} in play` : "footy";
}

function showCompetitions() {
  const known = new Map();
  for (const id of board.order) {
    const get = board.reader(id);
    if (get("competition_id")) known.set(get("competition_id"), [get("country"), get("competition")].filter(Boolean).join(" · "));
  }
  const key = [...known.keys()].join();
  const select = $("competition");
  if (select.footyKey === key) return;
  select.footyKey = key;
  if (!known.has(choices.competition)) choices.competition = "";
  select.replaceChildren(
    element("option", { value: "" }, "All competitions"),
    ...[...known].map(([value, title]) => element("option", { value }, title)),
  );
  select.value = choices.competition;
}

function showEmpty() {
  const { empty } = list;
  empty.hidden = list.shown.length > 0 || board.about === null;
  if (empty.hidden) return;
  const total = board.order.length;
  const parts = [];
  if (board.about.snapshot === null) parts.push(element("p", {}, "Waiting for the first cycle."));
  else if (choices.search) parts.push(element("p", {}, `No match is called “${choices.search}”.`));
  else if (total === 0) parts.push(element("p", {}, "No match is live now."));
  else if (choices.filter === "favourites") parts.push(element("p", {}, "No favourite is live. A star at a match, or the key f, makes it one."));
  else parts.push(element("p", {}, `None of the ${total} listed matches is ${choices.filter === "half" ? "at half-time" : choices.filter === "odds" ? "priced" : "in play"}.`));
  const next = fixtures?.fixtures?.find((one) => Date.parse(one.kickoff_at) > board.now());
  if (next && choices.filter === "play" && !choices.search) {
    parts.push(element("p", { class: "quiet" }, `Next kick-off ${timeOfDay(next.kickoff_at, choices.zone)}: ${next.home ?? DASH} ${DASH} ${next.away ?? DASH}`));
  }
  if (total > 0 && (choices.filter !== "all" || choices.search)) {
    const all = element("button", { type: "button", class: "chip" }, "Show all");
    all.addEventListener("click", () => {
      $("search").value = "";
      choose("search", "");
      choose("competition", "");
      choose("filter", "all");
    });
    parts.push(all);
  }
  empty.replaceChildren(...parts);
}

// --- goals of favourites: said aloud, and shown by the browser where the reader wants that

const announced = new Set();

function announce({ whole, changed }) {
  const words = [];
  for (const id of changed) {
    if (!board.matches.has(id)) continue;
    const get = board.reader(id);
    for (const goal of get("goals") ?? []) {
      const key = `${goal.id} ${goal.cancelled_at !== null}`;
      if (announced.has(key)) continue;
      announced.add(key);
      if (whole || goal.late || !isFavourite(id)) continue;
      const what = goal.cancelled_at ? "Goal cancelled" : goalWords(goal).replace("GOAL", "Goal");
      words.push(`${what}: ${get("home")} ${get("home_score")}, ${get("away")} ${get("away_score")}`);
    }
  }
  if (words.length === 0) return;
  $("announce").textContent = words.join(". ");
  if (globalThis.Notification?.permission === "granted" && document.hidden) {
    for (const text of words) new Notification("footy", { body: text, icon: "/page/icon.svg" });
  }
}

// --- what the reader does

function segments(target, titles, chosen, pick) {
  for (const [value, title] of Object.entries(titles)) {
    const button = element("button", { type: "button", "data-value": value, "aria-pressed": String(value === chosen()) }, title);
    button.addEventListener("click", () => pick(value));
    target.append(button);
  }
}

function press(target, attribute, value) {
  for (const button of target.children) button.setAttribute("aria-pressed", String(button.dataset[attribute] === value));
}

for (const [name, { title, star }] of Object.entries(FILTERS)) {
  const button = element(
    "button",
    { type: "button", class: "chip", "data-filter": name, "aria-pressed": String(choices.filter === name) },
    star ? element("span", { class: "chip-star", "aria-hidden": "true" }, "★") : null,
    title,
    element("span", { class: "chip-count" }, ""),
  );
  button.addEventListener("click", () => choose("filter", name));
  $("filters").append(button);
}
segments($("sorts"), SORTS, () => choices.sort, (value) => choose("sort", value));
segments($("markets"), MARKETS, () => choices.market, (value) => choose("market", value));
$("matches").dataset.market = choices.market;

$("search").addEventListener("input", (event) => choose("search", event.target.value.trim()));
$("competition").addEventListener("change", (event) => choose("competition", event.target.value));
$("odds").addEventListener("change", (event) => choose("odds", event.target.value));
$("zone").addEventListener("change", (event) => choose("zone", event.target.value));
$("theme").addEventListener("click", () => {
  choose("theme", THEMES[(THEMES.indexOf(choices.theme) + 1) % THEMES.length]);
});
$("help").addEventListener("click", () => $("keys").showModal());
$("more").addEventListener("click", () => openSide(document.body.dataset.side !== "feed" ? "feed" : ""));

function showTheme() {
  setData(document.documentElement, "theme", choices.theme ?? "");
  $("theme").setAttribute("aria-label", `Theme: ${choices.theme ?? "as the system"}`);
  $("theme").title = `Theme: ${choices.theme ?? "as the system"}`;
}
showTheme();

onChoice((name, id) => {
  if (name === "filter") press($("filters"), "filter", choices.filter);
  if (name === "sort") press($("sorts"), "value", choices.sort);
  if (name === "market") {
    press($("markets"), "value", choices.market);
    $("matches").dataset.market = choices.market;
    return;
  }
  if (name === "theme") {
    showTheme();
    return;
  }
  if (board.about === null) return;
  if (name === "competition") $("competition").value = choices.competition;
  if (name === "favourites") {
    list.rows.get(id)?.updateStar();
    counts = list.counts();
    for (const button of $("filters").children) setText(button.lastChild, String(counts[button.dataset.filter]));
    if (panel.id === id) panel.show();
    askToNotify();
    if (choices.filter !== "favourites") return;
  }
  if (name === "odds" || name === "zone") {
    $("matches").dataset.odds = choices.odds;
    list.markAll();
    panel.show();
    panel.movement.show();
    showLatest($("latest"), board);
    alerts.show();
    if (fixtures) showTonight($("tonight"), fixtures, choices.zone, board.now());
    showBanners();
  }
  arrange();
});

let hasAsked = false;

/** After the first star, let the browser ask whether it may show notifications; it keeps the answer itself. */
function askToNotify() {
  if (hasAsked || globalThis.Notification?.permission !== "default") return;
  hasAsked = true;
  void Notification.requestPermission();
}

function select(id) {
  list.choose(id);
  list.show(id);
}

function step(by) {
  const at = list.shown.indexOf(list.chosen);
  const next = list.shown[Math.max(0, Math.min(list.shown.length - 1, at + by))];
  if (next !== undefined) select(next);
}

function openSide(what) {
  setData(document.body, "side", what);
  $("more").setAttribute("aria-expanded", String(what === "feed"));
}

function linked() {
  const found = /^#m=([\w-]{1,64})$/.exec(location.hash);
  return found ? decodeURIComponent(found[1]) : null;
}

function follow() {
  const id = linked();
  if (id === null) {
    panel.close();
    if (document.body.dataset.side === "match") openSide("");
    return;
  }
  openSide("match");
  list.choose(id);
  void panel.open(id);
}

function openMatch(id) {
  if (linked() === id) follow();
  else location.hash = `m=${id}`;
}

function closeAll() {
  if (linked() !== null) history.pushState(null, "", location.pathname);
  follow();
  openSide("");
  list.rows.get(list.chosen)?.tr.focus({ preventScroll: true });
}

addEventListener("hashchange", follow);
addEventListener("popstate", follow);
$("side-close").addEventListener("click", () => {
  openSide("");
  $("more").focus();
});
$("panel").addEventListener("click", (event) => {
  if (event.target.closest(".panel-close")) {
    event.preventDefault();
    closeAll();
  }
});
$("matches").addEventListener("click", (event) => {
  const tr = event.target.closest("tr.match");
  if (tr === null) return;
  if (event.target.closest(".star")) toggleFavourite(tr.dataset.id);
  else {
    list.choose(tr.dataset.id);
    openMatch(tr.dataset.id);
  }
});
$("matches").addEventListener("mouseover", (event) => {
  const td = event.target.closest("td.c-p, td.c-state");
  if (td === null) return;
  td.title = hint(td);
});

const HINTS = { m1: ["money_line", "home draw away"], m2: ["spread", "line home away"], m3: ["over_under", "line over under"] };

function hint(td) {
  const id = td.parentElement.dataset.id;
  if (!board.matches.has(id)) return "";
  const get = board.reader(id);
  if (td.classList.contains("c-state")) return get("doubts").join(", ");
  const [market] = HINTS[[...td.classList].find((name) => name in HINTS)];
  const moment = (when, words) => {
    const bookmaker = get(`${when}_${market}_bookmaker`);
    if (bookmaker == null) return null;
    const minute = get(`${when}_${market}_minute`);
    return `${words}: ${bookmaker}${minute == null ? "" : ` ${minute}'`}`;
  };
  const state = get(`current_${market}_state`);
  const at = get(`current_${market}_score`);
  const word = state === "suspended" ? "suspended" : state === "old" ? `old${at ? `, made at ${at.replace("-", DASH)}` : ""}` : null;
  return [moment("current", "now"), word, moment("early", "early")].filter(Boolean).join("\n");
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
  const typing = event.target.closest("input, select, textarea");
  if (event.key === "Escape") {
    if (typing && $("search").value) {
      $("search").value = "";
      choose("search", "");
    } else if (typing) typing.blur();
    else closeAll();
    return;
  }
  if (typing) {
    if (event.key === "Enter" && typing.id === "search" && list.shown.length > 0) {
      typing.blur();
      select(list.shown[0]);
      openMatch(list.shown[0]);
    }
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    $("search").focus();
    $("search").select();
  } else if (event.key === "j" || event.key === "k") {
    event.preventDefault();
    step(event.key === "j" ? 1 : -1);
  } else if (event.key === "f" && list.chosen !== null) toggleFavourite(list.chosen);
  else if (event.key === "Enter" && list.chosen !== null && !event.target.closest("button, a")) openMatch(list.chosen);
  else if (event.key === "?") $("keys").showModal();
});

// --- begin

setInterval(() => {
  if (fixtures !== null) showTonight($("tonight"), fixtures, choices.zone, board.now());
}, 60000);

setInterval(() => {
  if (board.about === null) return;
  showBanners();
  showStrip();
  list.tick();
  panel.tick();
}, 1000);

new Stream("/api/live", {
  onAll: (sent) => {
    void take(board.all(sent));
    if (linked() !== panel.id) follow();
  },
  onChanges: (sent) => {
    const change = board.change(sent);
    void take(change);
    return change !== null;
  },
  onTick: (sent) => {
    board.offset = Date.parse(sent.now) - Date.now();
  },
  onState: (connected) => {
    if (connected) offlineSince = null;
    else if (offlineSince === null && board.about !== null) offlineSince = Date.now();
    showBanners();
    showStrip();
  },
});
