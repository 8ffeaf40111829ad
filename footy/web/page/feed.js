// Beside the table: the newest events, and what kicks off tonight.

import { choices } from "./choices.js";
import { element } from "./dom.js";
import { dayAndTime, DASH, otherDay, score, timeOfDay } from "./words.js";

const TITLES = {
  goal: "Goal",
  goal_cancelled: "Goal cancelled",
  score_corrected: "Score corrected",
  red: "Red card",
  second_yellow: "Second yellow card",
  full_time: "Full time",
};
const MOST = 12;

function names(event) {
  return `${event.home ?? DASH} ${DASH} ${event.away ?? DASH}`;
}

/** When an event was seen: the time of today, the day of before. */
export function seenAt({ seen_at: at }, now) {
  const said = otherDay(at, choices.zone, now) ?? timeOfDay(at, choices.zone);
  return element("time", { class: "event-time", datetime: at, title: dayAndTime(at, choices.zone, now) }, said);
}

export function showLatest(section, board) {
  const { latest, about } = board;
  const title = section.firstElementChild;
  if (!about?.events) {
    section.replaceChildren(title, note("No log of events is kept here, so goals are not marked."));
    return;
  }
  if (latest.length === 0) {
    section.replaceChildren(title, note("Nothing has happened yet."));
    return;
  }
  const items = latest.slice(0, MOST).map((event) => {
    const result = event.after ?? event.score;
    const link = element(
      "a",
      { href: `#m=${encodeURIComponent(event.match_id)}`, class: "event" },
      element("bdi", { class: "event-match" }, names(event)),
      element("span", { class: "event-score" }, result ? score(result.home, result.away) : ""),
      element(
        "span",
        { class: "event-more" },
        element("span", { class: "event-what", "data-type": event.type }, TITLES[event.type] ?? event.type),
        element("bdi", {}, [event.type === "full_time" ? null : event.clock, event.player, event.cause === "var" ? "VAR" : null].filter(Boolean).join(" · ")),
      ),
      seenAt(event, board.now()),
    );
    return element("li", {}, link);
  });
  section.replaceChildren(title, element("ol", { class: "events" }, ...items));
}

export function showTonight(section, sent, zone, now) {
  const title = section.firstElementChild;
  const fixtures = (sent?.fixtures ?? []).filter((one) => Date.parse(one.kickoff_at) > now);
  if (!sent?.fetched_at) {
    section.replaceChildren(title, note(sent?.source === "refused" ? "The account has no fixtures." : "Not known yet."));
    return;
  }
  if (fixtures.length === 0) {
    section.replaceChildren(title, note("No kick-off in the next 12 hours."));
    return;
  }
  const hours = new Map();
  for (const fixture of fixtures) {
    const time = timeOfDay(fixture.kickoff_at, zone);
    if (!hours.has(time)) hours.set(time, []);
    hours.get(time).push(fixture);
  }
  const rows = [...hours].map(([time, games]) =>
    element(
      "li",
      {},
      element("time", { class: "fixture-time", datetime: games[0].kickoff_at }, time),
      element(
        "ul",
        {},
        ...games.map((game) =>
          element(
            "li",
            { class: "fixture" },
            element("bdi", { class: "fixture-match" }, names(game)),
            element("span", { class: "fixture-league" }, [game.country, game.competition].filter(Boolean).join(" · ")),
          ),
        ),
      ),
    ),
  );
  section.replaceChildren(title, element("ol", { class: "fixtures" }, ...rows));
}

function note(text) {
  return element("p", { class: "quiet" }, text);
}
