// Alerts: the mark on a match, and beside the table the list of alerts with what became of them, by rule too.

import { choices } from "./choices.js";
import { element } from "./dom.js";
import { seenAt } from "./feed.js";
import { DASH, percent, price, score } from "./words.js";

const FEW = 5;
const MANY = 100;

/** Mark a row with the alerts of its match; rows without any are not touched. */
export function markAlerts(place, alerts) {
  if (!alerts?.length && !place.footyAlerts) return;
  const words = (alerts ?? []).map(({ rule, outcome }) => `${rule}${outcome ? ` ${outcome}` : ""}`).join(", ");
  if (place.footyAlerts === words) return;
  place.footyAlerts = words;
  place.querySelector(".alert-mark")?.remove();
  if (words === "") return;
  const open = alerts.some(({ outcome }) => outcome === null);
  const mark = element(
    "span",
    { class: "alert-mark", "data-open": open, title: words },
    element("span", { class: "vh" }, `Alert: ${words}`),
  );
  place.insertBefore(mark, place.querySelector(".note"));
}

/** The list beside the table. It is asked for when the log has a newer alert or outcome. */
export class AlertList {
  constructor(section, now) {
    this.section = section;
    this.now = now;
    this.at = null;
    this.sent = null;
    this.all = false;
    this.asking = false;
  }

  async follow(board) {
    const { alerts } = board.about;
    if (alerts === this.at || this.asking) return;
    this.asking = true;
    try {
      const reply = await fetch(`/api/alerts?limit=${MANY}`);
      if (reply.ok) [this.sent, this.at] = [await reply.json(), alerts];
    } catch {
      // The next message tries again.
    } finally {
      this.asking = false;
    }
    this.show();
  }

  show() {
    const { section, sent } = this;
    const alerts = sent?.alerts ?? [];
    section.hidden = alerts.length === 0;
    if (section.hidden) return;
    const shown = this.all ? alerts : alerts.slice(0, FEW);
    const parts = [section.firstElementChild, element("ol", { class: "events" }, ...shown.map((alert) => listed(alert, this.now())))];
    if (alerts.length > FEW) {
      const more = element(
        "button",
        { type: "button", class: "more-alerts", "aria-expanded": String(this.all) },
        this.all ? `Show the newest ${FEW}` : alerts.length < MANY ? `Show all ${alerts.length}` : `Show the newest ${MANY}`,
      );
      more.addEventListener("click", () => {
        this.all = !this.all;
        this.show();
        section.querySelector(".more-alerts").focus();
      });
      parts.push(more);
    }
    parts.push(byRule(sent));
    section.replaceChildren(...parts);
  }
}

function listed(alert, now) {
  const facts = [alert.clock, alert.score && score(alert.score.home, alert.score.away), alert.price && `at ${price(alert.price, choices.odds)}`];
  const outcome = alert.outcome ?? "open";
  return element(
    "li",
    {},
    element(
      "a",
      { href: `#m=${encodeURIComponent(alert.match_id)}`, class: "event", title: alert.text },
      element("bdi", { class: "event-match" }, `${alert.home ?? DASH} ${DASH} ${alert.away ?? DASH}`),
      element("span", { class: "alert-outcome", "data-outcome": outcome }, [alert.final && score(alert.final.home, alert.final.away), outcome].filter(Boolean).join(" ")),
      seenAt(alert, now),
      element(
        "span",
        { class: "event-more" },
        element("span", { class: "event-what alert-rule" }, alert.rule),
        element("span", {}, facts.filter(Boolean).join(" · ")),
      ),
    ),
  );
}

const COLUMNS = [
  ["Rule", "Rule", (one) => one.rule],
  ["n", "Alerts", (one) => String(one.alerts)],
  ["Won", "Won, of those won or lost", (one) => (one.won + one.lost > 0 ? `${one.won}/${one.won + one.lost}` : DASH)],
  ["Rate", "Share that was won, with its 95 % interval", (one) => (one.rate === null ? DASH : percent(one.rate))],
  ["Yield", "What the same stake on each would have brought", (one) => (one.gain === null ? DASH : percent(one.gain, true))],
];

function byRule({ rules, complete }) {
  const head = COLUMNS.map(([title, words]) => element("th", { scope: "col" }, title === words ? title : element("abbr", { title: words }, title)));
  const rows = rules.map((one) =>
    element(
      "tr",
      {},
      ...COLUMNS.map(([title, , text], index) =>
        element(
          index === 0 ? "th" : "td",
          index === 0 ? { scope: "row", title: one.rule } : {},
          text(one),
          title === "Rate" && one.interval ? element("span", { class: "interval" }, `${Math.round(100 * one.interval[0])}${DASH}${percent(one.interval[1], false, 0)}`) : null,
          title === "Yield" && one.break_even !== null ? element("span", { class: "interval" }, `even ${percent(one.break_even, false, 0)}`) : null,
        ),
      ),
    ),
  );
  return element(
    "table",
    { class: "rules" },
    element("caption", { class: "vh" }, `Alerts by rule${complete ? "" : ", the newest ones"}`),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows),
  );
}
