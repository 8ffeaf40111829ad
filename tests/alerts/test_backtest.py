"""Backtests: over minute rows and events, rules make what they made live at an interval of a minute."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from footy.alerts.backtest import limits
from footy.alerts.book import AlertBook
from footy.alerts.rules import load
from footy.errors import Exit
from footy.events.detector import Detection, Detector
from footy.events.sighting import EventRules
from footy.events.statuses import IN_PLAY
from footy.events.types import Alert, AlertSettled, Event
from footy.history.archive import all_entries, match_minutes
from footy.history.log import Commit
from footy.history.minutes import MinuteBlob
from footy.history.place import FilePlace
from footy.history.sqlite_log import opened
from footy.history.tails import MinuteTail, just_ended
from footy.mirror.state import MatchState, References
from footy.provenance import Held, Source
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.service.alert_commands import NothingYetError
from footy.service.backtest import Counts, backtest, remade
from footy.service.paths import Files
from footy.store.copying import copy
from footy.store.place import StorePlace
from footy.thesports.decoders import Elements, read_live
from tests.alerts.matches import of_rules
from tests.support.place import SECRET, Place
from tests.support.postgres import scratch_store
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
    (
        "40 <= minute <= 50",
        'once = "event"\nvoid = "home_score_ht > 2"\nwon = "home_score > 2"\n',
    ),
    ("event == 'goal'", 'once = "event"\nwon = "home_score > then.home_score"\n'),
    ("event == 'goal' and in_play", 'once = "event"\nwon = "home_score > then.home_score"\n'),
    ("event == 'goal' and number >= 2", 'once = "event"\nwon = "home_score > 2"\n'),
    ("event == 'goal' and minute >= 80 and abs(home_score - away_score) <= 1", 'once = "event"\n'),
    (
        "event == 'red' and side == 'home'",
        'won = "away_score > 1"\nlost = "home_score > away_score"\n',
    ),
    ("event in ('yellow', 'second_yellow') and status_id == 2", 'once = "event"\n' + OVER),
    ("event == 'half_time' and home_score > 0", ""),
    ("event == 'penalties' or event == 'extra_time'", ""),
    ("in_play and home_corners + away_corners >= 8", 'won = "home_corners + away_corners >= 12"\n'),
    ("home_score > 2", 'won = "home_score > 3"\n'),
    ("event == 'goal' and home_score >= 2", ""),
    ("in_play and home_score == 1", "for = 30\n"),
    ("minute >= 20 and home_score > away_score", 'for = "3min"\nonce = "event"\n'),
    ("event == 'half_time' or home_score > 3", 'once = "event"\n'),
    ("home_score != null and home_corners > 3", 'won = "home_corners > 8"\n'),
    ("in_play and home_score != null and (event == 'goal' or event == 'match_left')", 'once = "event"\n'),
    ("event == 'match_left' and in_play", 'once = "event"\nwon = "home_score > 1"\n'),
    ("event == 'result'", 'once = "event"\n'),
)
CREDENTIALS = {"THESPORTS_USER": "someone", "THESPORTS_SECRET": SECRET}
RESTARTS_MIN = 17
"""Minutes after which the process is restarted."""
INEXACT = {"r4", "r5", "r6", "r8", "r17", "r18", "r19", "r21", "r22"}


class Night:
    """An evening of the simulated world with every quirk and restarts, seen once a minute, under rules."""

    def __init__(self, folder: Path, matches: int, seconds: int, seed: int = 7) -> None:
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
        self._minutes = MinuteTail()
        evening = Evening(seed, matches, seconds, chosen_of=200)
        elements: Elements = {}
        for at in range(EPOCH - EPOCH % 60 + 60, EPOCH + seconds, 60):
            if at // 60 % RESTARTS_MIN == 0:
                self._restart()
            elements = self._cycle(evening, float(at), elements)

    def _restart(self) -> None:
        """Forget what a process that ended had in memory."""
        self.book = AlertBook(self.rules)
        self.book.refresh()
        listed = self.log.states(self.log.listed())
        self.detector = Detector(EventRules(), listed, listed_at=self.log.listed_at())
        self.detector.add(self.log.open_states(86_400.0))
        self._minutes = MinuteTail()

    def _cycle(self, evening: Evening, at: float, elements: Elements) -> Elements:
        live, elements = read_live(evening.live_list(at), elements)
        held = {
            key: MatchState(Held(one, at, Source.FRESH), _MISSING, _MISSING)
            for key, one in live.matches.items()
        }
        records: Any = [{**one, **odds(one, at)} for one in self._flattener.records(held, References(), at)]
        self.detector.add(self.log.states(set(held) - self.detector.states().keys()))
        found = self.detector.detect(records, at, listed=set(held), deleted=evening.deleted(at))
        found = self.book.after_cycle(self.detector, found, records, at)
        self._commit(found, at, set(held), self._minutes.rows(records, {}, at, just_ended(found.events)))
        if due := self.detector.results_due(at):
            final = {one: history_of(evening.history(one, at)) for one in due}
            found = self.detector.conclude(final, at)
            self._commit(self.book.after_results(self.detector, found, at), at, None, [])
        return elements

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
        "odds_source": "stale" if random.random() < 0.2 else "fresh",
    }


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    night = Night(tmp_path_factory.mktemp("night"), matches=24, seconds=4 * 3600)
    with closing(night.log):
        yield night


def of_rule(events: list[Event], exact: set[str]) -> list[Any]:
    """Return what rules made: texts only of matches in play, which rows tell."""
    found: list[Any] = []
    for one in events:
        data = one.data
        if isinstance(data, AlertSettled) and data.rule in exact:
            found.append((one.id, data.outcome, str(data.price)))
        if isinstance(data, Alert) and data.rule in exact:
            found.append((one.id, "" if data.status_id not in IN_PLAY else data.text, str(data.price)))
    return sorted(found)


def test_a_backtest_makes_exactly_what_was_made_live(night: Night) -> None:
    rules = load(night.rules).rules
    exact = {rule.name for rule in rules if not limits(rule)}
    assert exact == {rule.name for rule in rules} - INEXACT
    counts = Counts()
    made = list(remade(rules, night.log, None, counts))
    assert counts.with_minutes > 20
    live = of_rule(night.live, exact)
    assert of_rule(made, exact) == live
    fired = {one.data.rule for one in night.live if isinstance(one.data, Alert)}
    assert len(live) > 150
    assert len(fired & exact) >= 14, "the evening shows too little"


def test_the_command_says_what_rules_would_have_made_and_what_cannot_be_told(night: Night) -> None:
    said: list[str] = []
    place = FilePlace(night.files.events)
    assert backtest(night.rules, place, None, said.append, now=float(EPOCH)) is Exit.OK
    assert said[0].endswith("of them with minute rows")
    many = len(CONDITIONS)
    assert [line.split()[0] for line in said[2 : 2 + many]] == [f"r{number}" for number in range(many)]
    [exact] = [line for line in said if line.startswith("as with an interval of 60 s: ")]
    assert not INEXACT & {*exact.partition(": ")[2].split(", ")}
    assert {line.partition(":")[0] for line in said[3 + many :]} == INEXACT
    said.clear()
    backtest(night.rules, place, EPOCH + 10 * 86_400.0, said.append, now=EPOCH + 11 * 86_400.0)
    assert said[0].startswith("0 matches since ")


@pytest.mark.parametrize(
    ("rule", "clause"),
    [
        (
            'when = "minute >= 1"\nfor = 30',
            "for is 30 s, and rows are a minute apart: it is taken as a minute",
        ),
        (
            'when = "in_play and current_over_under_at != null"',
            "minute rows do not have current_over_under_at: unknown",
        ),
        (
            "when = \"event == 'half_time'\"\nwon = \"early_spread_score == '0-0'\"",
            "minute rows do not have early_spread_score: unknown",
        ),
        (
            'when = "home_score > 2"',
            "it may fire while a match is not in play, when there are no minute rows",
        ),
        (
            "when = \"event == 'half_time' or home_score > 3\"",
            "it may fire while a match is not in play, when there are no minute rows",
        ),
        (
            'when = "home_score != null"',
            "it may fire while a match is not in play, when there are no minute rows",
        ),
        (
            'when = "status_id == 3"\nfor = "5min"',
            "for counts minutes at half-time in which the match was not listed: rows do not tell them",
        ),
        ('when = "minute >= 20 and home_score != null"\nfor = "5min"', None),
        ("when = \"event not in ('goal', 'result') and in_play\"", None),
        ('when = "status_id == 3"', None),
        ('when = "minute >= 20"', None),
        ("when = \"event == 'line_moved'\"", "events such as line_moved are kept for 7 days"),
        ("when = \"event == 'goal'\"", None),
    ],
)
def test_what_rows_cannot_tell_is_said(tmp_path: Path, rule: str, clause: str | None) -> None:
    path = tmp_path / "alerts.toml"
    path.write_text(f"[rules.one]\n{rule}\n", encoding="utf-8")
    path.chmod(0o600)
    [read] = load(path).rules
    since_s = 30 * 86_400.0 if "event ==" in rule and " or " not in rule else 0.0
    assert limits(read, since_s=since_s) == ([] if clause is None else [clause])


def test_over_the_store_it_says_the_same(night: Night) -> None:
    with scratch_store() as address:
        copy(night.files.events, address)
        of_store: list[str] = []
        of_file: list[str] = []
        backtest(night.rules, StorePlace(address), None, of_store.append, now=float(EPOCH))
        backtest(night.rules, FilePlace(night.files.events), None, of_file.append, now=float(EPOCH))
    assert of_store == of_file


def test_without_a_log_there_is_nothing_to_look_at(tmp_path: Path, night: Night) -> None:
    with pytest.raises(NothingYetError, match="start footy first"):
        backtest(night.rules, FilePlace(tmp_path / "footy.db"), None, print, now=0.0)


def test_a_damaged_match_costs_itself_alone(tmp_path: Path) -> None:
    night = Night(tmp_path, matches=2, seconds=1800)
    [damaged, *_] = [one.id for one in all_entries(night.log) if match_minutes(night.log, one.id)]
    night.log.append(Commit(EPOCH + 1800.0, {}, [], None, minutes=[MinuteBlob(damaged, 1, 3, b"none")]))
    said: list[str] = []
    assert (
        backtest(night.rules, FilePlace(night.files.events), None, said.append, now=float(EPOCH)) is Exit.OK
    )
    night.log.close()
    assert said[1] == "1 matches were left out: what is kept of them is damaged"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["backtest", "--since", "30d"], 0),
        (["backtest", "--since", "yore"], 64),
        (["check", "--since", "1d"], 64),
    ],
)
def test_the_command_line(night: Night, arguments: list[str], code: int) -> None:
    with Place(night.files.folder.parent, FOOTY_DATA_DIR=night.files.folder, **CREDENTIALS) as place:
        assert place.run("alerts", *arguments).returncode == code
