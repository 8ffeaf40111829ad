"""Backtests: over minute rows and events, rules make what they made live at an interval of a minute."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from footy.alerts.backtest import limits, replayed
from footy.alerts.book import AlertBook
from footy.alerts.rules import load
from footy.errors import Exit
from footy.events.detector import Detection, Detector
from footy.events.sighting import EventRules
from footy.events.types import Event
from footy.history.log import Commit
from footy.history.minutes import MinuteBlob, MinuteRow, loose, row_of
from footy.history.sqlite_log import opened
from footy.mirror.state import MatchState, References
from footy.provenance import Held, Source
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.service.backtest import backtest
from footy.history.place import FilePlace
from footy.service.paths import Files
from footy.thesports.decoders import Elements, read_live
from tests.alerts.matches import Matches, ids, of_rules
from tests.events.watch import KICK_OFF, record
from tests.support.quirky_evening import EPOCH, Evening, history_of

_MISSING: Held[Any] = Held(None, None, Source.MISSING)
OVER = 'price = "current_over_under_over"\nwon = "home_score + away_score > then.current_over_under_line"\n'
CONDITIONS: tuple[tuple[str, str], ...] = (
    ("status_id == 3 and home_score == 0 and away_score == 0", 'won = "home_score + away_score >= 1"\n'),
    ("minute >= 20", 'won = "home_corners > 5"\n'),
    ("minute >= 60 and home_score == away_score", OVER),
    ("in_play and current_over_under_line >= 2.75", OVER + 'once = "event"\n'),
    ("in_play and home_score > away_score", 'for = "3min"\nonce = "event"\n'),
    ("status_id == 4 and current_over_under_over < 1.9", 'for = 90\nwon = "home_score > away_score"\n'),
    ("status_id == 3", 'for = "5min"\n'),
    ("40 <= minute <= 50", 'once = "event"\nvoid = "home_score_ht > 2"\nwon = "home_score > home_score_ht"\n'),
    ("event == 'goal'", 'once = "event"\nwon = "home_score > then.home_score"\n'),
    ("event == 'goal' and minute >= 80 and abs(home_score - away_score) <= 1", 'once = "event"\n'),
    ("event == 'red' and side == 'home'", 'won = "away_score > home_score"\nlost = "home_score > away_score"\n'),
    ("event in ('yellow', 'second_yellow') and status_id == 2", 'once = "event"\n' + OVER),
    ("event == 'half_time' and home_score > 0", ""),
    ("event == 'goal_cancelled'", 'once = "event"\n'),
    ("event == 'substitution' and number == 3", 'once = "event"\n'),
    ("event == 'penalties' or event == 'extra_time'", ""),
    ("in_play and home_corners + away_corners >= 8", 'won = "home_corners + away_corners >= 12"\n'),
    ("home_score > 2", 'won = "home_score > 3"\n'),
    ("event == 'goal' and home_score >= 2", ""),
    ("in_play and home_score == 1", "for = 30\n"),
)
INEXACT = {"r17", "r18", "r19"}


class Night:
    """An evening of the simulated world with every quirk, seen once a minute, under rules."""

    def __init__(self, folder: Path, matches: int, seconds: int) -> None:
        self.rules = folder / "alerts.toml"
        self.rules.write_text(
            "".join(f'[rules.r{n}]\nwhen = "{when}"\n{more}' for n, (when, more) in enumerate(CONDITIONS)),
            encoding="utf-8",
        )
        self.rules.chmod(0o600)
        self.book = AlertBook(self.rules)
        self.book.refresh()
        assert self.book.problem is None
        self.files = Files(folder)
        self.log, _ = opened(self.files.events)
        self.detector = Detector(EventRules())
        self.live: list[Event] = []
        self._flattener = Flattener(PriceRules((2, 3), (2, 6), 900))
        self._rows: dict[str, MinuteRow] = {}
        evening, elements = Evening(7, matches, seconds, chosen_of=200), {}
        for at in range(EPOCH - EPOCH % 60 + 60, EPOCH + seconds, 60):
            elements = self._cycle(evening, float(at), elements)

    def _cycle(self, evening: Evening, at: float, elements: Elements) -> Elements:
        live, elements = read_live(evening.live_list(at), elements)
        held = {
            key: MatchState(Held(one, at, Source.FRESH), _MISSING, _MISSING)
            for key, one in live.matches.items()
        }
        records: Any = [
            {**one, **odds(one, at)} for one in self._flattener.records(held, References(), at)
        ]
        found = self.detector.detect(records, at, listed=set(held), deleted=evening.deleted(at))
        found = self.book.after_cycle(self.detector, found, records, at)
        self._commit(found, at, set(held), [blob for one in records for blob in self._minute(one, at)])
        if due := self.detector.results_due(at):
            final = {one: history_of(evening.history(one, at)) for one in due}
            found = self.detector.conclude(final, at)
            self._commit(self.book.after_results(self.detector, found, at), at, None, [])
        return elements

    def _minute(self, one: Mapping[str, Any], at: float) -> Iterator[MinuteBlob]:
        """Yield the row of a match, as the service writes it."""
        match_id = one["match_id"]
        known = self._rows.get(match_id)
        if not one["in_play"] and known is None:
            return
        row = row_of(one, at)
        if known is None or known.values != row.values:
            yield loose(match_id, row, None)
        self._rows[match_id] = row
        if not one["in_play"]:
            del self._rows[match_id]

    def _commit(self, found: Detection, at: float, listed: set[str] | None, rows: list[MinuteBlob]) -> None:
        self.log.append(Commit(at, found.changed, found.events, listed, minutes=rows))
        self.detector.commit(found)
        self.live += of_rules(found.events)


def odds(one: Mapping[str, Any], at: float) -> dict[str, Any]:
    """Return a market that moves, closes and comes back."""
    random = Random(f"{one['match_id']}:{int(at) // 300}")
    over, line = round(random.uniform(1.5, 2.5), 2), random.choice([2.0, 2.5, 2.75, 3.0, None])
    return {
        "current_over_under_over": over,
        "current_over_under_line": line,
        "current_over_under_sealed": random.random() < 0.2,
        "current_over_under_outdated": False,
        "odds_source": "fresh",
    }


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return Night(tmp_path_factory.mktemp("night"), matches=24, seconds=4 * 3600)


def of_rule(events: list[Event], exact: set[str]) -> list[Any]:
    """Return what rules made, without the times that differ within a minute."""
    return sorted(
        (one.id, one.type, getattr(one.data, "outcome", None), one.data.price, getattr(one.data, "text", None))
        for one in events
        if one.data.rule in exact  # type: ignore[union-attr]
    )


def test_a_backtest_makes_exactly_what_was_made_live(night: Night) -> None:
    from footy.service.backtest import _alerts, _Counts

    rules = load(night.rules).rules
    exact = {rule.name for rule in rules if not limits(rule)}
    assert exact == {rule.name for rule in rules} - INEXACT
    counts = _Counts()
    made = list(_alerts(rules, night.log, None, counts))
    assert counts.with_minutes > 20
    live = of_rule(night.live, exact)
    assert of_rule(made, exact) == live
    fired = {one.data.rule for one in night.live}  # type: ignore[union-attr]
    assert len(live) > 150
    assert len(fired & exact) >= 14, "the evening shows too little"
