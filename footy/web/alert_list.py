"""The alerts that the log keeps, each with its outcome, and what became of those of each rule. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import msgspec

from footy.alerts.outcomes import Outcomes, outcomes
from footy.events.types import Alert, AlertSettled, Event, Score
from footy.history.log import StoredEvent
from footy.web.contract import KeptAlert, RuleOutcomes

MOST_ALERT_EVENTS = 10_000
"""As many of the newest alerts and outcomes are counted: some 40 ms of work, once for every new one."""
_DECODERS: dict[str, msgspec.json.Decoder[Alert] | msgspec.json.Decoder[AlertSettled]] = {
    "alert": msgspec.json.Decoder(Alert),
    "alert_settled": msgspec.json.Decoder(AlertSettled),
}


@dataclass(frozen=True, slots=True)
class AlertList:
    """Alerts, oldest first, with the events that they and their outcomes come from."""

    events: Sequence[Event]
    alerts: Sequence[KeptAlert]
    complete: bool

    @classmethod
    def of(cls, stored: Sequence[StoredEvent]) -> Self:
        """Read the newest alerts and outcomes of a log, in its order."""
        events: list[Event] = []
        alerts: dict[str, KeptAlert] = {}
        for one in stored:
            try:
                data = _DECODERS[one.type].decode(one.data)
            except (KeyError, msgspec.DecodeError):  # of a newer version
                continue
            if isinstance(data, Alert):
                alerts[one.id] = _alert(one.id, data)
            elif data.relates in alerts:  # else its alert is older than all of these
                alert = alerts[data.relates]
                alert["outcome"], alert["settled_at"] = data.outcome, data.seen_at
                alert["final"] = _score(data.score)
            else:
                continue
            events.append(Event(one.id, one.type, data))
        return cls(events, [*alerts.values()], len(stored) < MOST_ALERT_EVENTS)

    def answer(self, rule: str | None, match_id: str | None, limit: int) -> dict[str, object]:
        """Return the requested part of it: `contract.Alerts` without the position.

        Args:
            rule: Only alerts of this rule.
            match_id: Only alerts of this match.
            limit: How many alerts at most; the outcomes by rule are of all of them.
        """
        chosen = [
            one
            for one in reversed(self.alerts)
            if rule in {None, one["rule"]} and match_id in {None, one["match_id"]}
        ]
        return {
            "alerts": chosen[:limit],
            "rules": [_outcomes(one) for one in outcomes(self._events(rule, match_id))],
            "complete": self.complete,
        }

    def _events(self, rule: str | None, match_id: str | None) -> Iterable[Event]:
        for event in self.events:
            data = event.data
            if (
                isinstance(data, Alert | AlertSettled)
                and rule in {None, data.rule}
                and match_id in {None, data.match_id}
            ):
                yield event


def _alert(event_id: str, data: Alert) -> KeptAlert:
    return {
        "id": event_id,
        "rule": data.rule,
        "text": data.text,
        "match_id": data.match_id,
        "home": data.home,
        "away": data.away,
        "competition": data.competition,
        "country": data.country,
        "seen_at": data.seen_at,
        "clock": data.clock,
        "score": _score(data.score),
        "price": data.price,
        "event": data.event,
        "late": data.late,
        "outcome": None,
        "settled_at": None,
        "final": None,
    }


def _score(score: Score | None) -> dict[str, int] | None:
    return None if score is None else {"home": score.home, "away": score.away}


def _outcomes(one: Outcomes) -> RuleOutcomes:
    return {
        "rule": one.rule,
        "alerts": one.fired,
        "won": one.won,
        "lost": one.lost,
        "void": one.void,
        "open": one.open,
        "rate": one.rate,
        "interval": one.interval,
        "break_even": one.break_even,
        "gain": one.gain,
    }
