"""The timeline: events as lines, at any width, whatever the vendor calls its teams."""

import dataclasses
import io
import re
import types
import typing
import unicodedata
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
import pytz
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from footy.events.envelope import Envelope, envelope
from footy.events.types import DATA, Event
from footy.history.log import Position
from footy.history.reader import Reader
from footy.history.sqlite_log import opened_for_reading
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.console.timeline import Timeline, TimelinePrinter
from tests.events.watch import Watch, incident, spread
from tests.support.evening import write_busy_evening
from tests.support.place import PROJECT

OPTIONS = ConsoleOptions("decimal", pytz.timezone("America/New_York"), frozenset({2}), 900.0)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> list[Envelope]:
    path = tmp_path_factory.mktemp("evening") / "footy.db"
    write_busy_evening(path)
    log = opened_for_reading(path)
    envelopes = Reader(log, source="urn:footy:test").batch()
    log.close()
    return envelopes


def lines(
    envelopes: Iterable[Envelope], width: int = 80, *, encoding: str = "utf-8", **options: Any
) -> list[str]:
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding), width=width)
    timeline = Timeline(OPTIONS, **({"demo": False} | options))
    return [line.plain.rstrip() for line in timeline.lines(console, envelopes)]


def told(events: Iterable[Event]) -> list[Envelope]:
    return [envelope(one, sequence=number, epoch="9f3a01c7") for number, one in enumerate(events, start=1)]


def told_lines(events: Iterable[Event], width: int = 200, **options: Any) -> list[str]:
    """Give the lines of events without date and time, and blanks as one."""
    found = lines(told(events), width, **options)
    return [" ".join(line[9:].split()) for line in found if not line.startswith("──")]


def test_an_evening_is_a_line_an_event_on_a_terminal_of_80(evening: list[Envelope]) -> None:
    shown = "\n".join(lines(evening))
    for line in (
        "── Mon 2026-11-23 EST ──────────────────────────────────────────────────────────",
        "13:50:00          service started footy 0.1.0, live",
        "13:50:00    71'   match seen      Half Moon Bay 2 – 2 Port Albert · in play",
        "14:00:10     1'   kickoff         Town 0 – 0 City",
        "14:11:10    12'   goal            Town 1 – 0 City · home",
        f"14:12:10    12' + goal            Town 1 – 0 City\n{'':34}home goal 1: J. Smith, assist A. Jones",
        "14:23:50    25'   yellow          Town 1 – 0 City · away · P. Brown · Foul",
        "14:24:00  90+5'   goal            Half Moon Bay 3 – 2 Port Albert · home",
        "14:45:30  45+2'   goal            Town 1 – 1 City · away",
        "15:13:42    59' ! withdrawn       Town 1 – 1 City · takes back away yellow 1",
        "15:44:42    90'   goal            Town 2 – 1 City · home · late",
        "15:44:42    84'   second yellow   Town 2 – 1 City · away · P. Brown · late",
        "15:49:42          result          Town 2 – 1 City · HT 1–1",
    ):
        assert f"\n{line}\n" in f"\n{shown}\n", line


def test_a_wide_terminal_has_a_column_for_the_match_and_room_for_the_competition(
    evening: list[Envelope],
) -> None:
    shown = lines(evening, 160)
    assert len(shown) == len(evening) + 1
    match = "Half Moon Bay 3 – 2 Port Albert".ljust(46)
    assert f"14:24:00  90+5'   goal            {match}home · Coastal Cup, England" in shown


@pytest.mark.parametrize("width", [20, 37, 80, 160, 500])
def test_no_line_is_wider_than_the_terminal(evening: list[Envelope], width: int) -> None:
    assert max(map(cell_len, lines(evening, width))) <= width


def test_the_minute_is_that_of_what_happened_and_not_of_the_sighting() -> None:
    watch = Watch(minute=58)
    watch.see(incidents=[])
    [card] = watch.see(minute=60, clock="60'", incidents=[incident(3, "away", 58)])
    assert told_lines([card])[0].startswith("58' yellow")


@pytest.mark.parametrize(
    ("fields", "change", "line"),
    [
        ({"home_score": 2}, {"home_score": 1}, "! goal cancelled Town 1 – 0 City takes back home goal 2"),
        ({"status_id": 8}, {"status_id": 5}, "! extra time Town 0 – 0 City takes back full time"),
        (
            {"status_id": 3},
            {"status_id": 2},
            "! status Town 0 – 0 City First half · corrected · takes back half time",
        ),
        ({}, {"status_id": 1}, "! status Town 0 – 0 City Not started · corrected"),
    ],
)
def test_a_correction_is_marked_and_names_what_it_corrects(
    fields: dict[str, Any], change: dict[str, Any], line: str
) -> None:
    watch = Watch(minute=None, clock="", status_id=2)
    watch.see(**fields)
    shown = told_lines(watch.twice(**change))
    assert [one.partition(" · Premier")[0].partition(" Premier")[0] for one in shown] == [line]


def test_a_score_that_was_wrong_names_the_goals_that_go_and_what_it_was() -> None:
    watch = Watch()
    watch.see(home_score=1)
    watch.see(status_id=8, clock="FT", minute=None)
    [line] = told_lines(watch.twice(home_score=0, away_score=1))
    assert line.startswith("FT ! score corrected Town 0 – 1 City takes back home goal 1 · was 1–0")


def test_prices_stand_in_the_operators_format_with_their_line() -> None:
    watch = Watch(**spread(-0.5))
    [moved] = watch.see(**spread(-0.75, home=2.0, away=1.8))
    line = "67' line moved Town 0 – 0 City Spread 1.90 -0.5 1.90 → 2.00 -0.75 1.80 · BET365"
    assert told_lines([moved])[0].startswith(line)


def test_an_event_of_a_newer_version_is_shown_all_the_same() -> None:
    [one] = told(Watch().see(home_score=1))
    newer = Envelope(
        **{field: getattr(one, field) for field in one.__struct_fields__} | {"type": "footy.coin"}
    )
    assert lines([newer])[1].endswith("coin            of a newer version of footy")


def test_the_days_of_a_demo_are_marked(evening: list[Envelope]) -> None:
    [first, *_] = lines(evening, demo=True)
    assert first.endswith(" DEMO ──")
    assert cell_len(first) == 80


def test_of_one_match_the_names_are_not_repeated(evening: list[Envelope]) -> None:
    shown = lines(evening, of_match=True)
    assert "14:24:00  90+5'   goal            3 – 2 · home" in shown


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_of_another_encoding_gets_what_it_can_show(evening: list[Envelope], encoding: str) -> None:
    "\n".join(lines(evening, encoding=encoding)).encode(encoding)


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_the_timeline_that_a_page_shows_is_what_the_program_prints(
    evening: list[Envelope], page: str
) -> None:
    console = Console(file=io.StringIO(), width=80)
    options = dataclasses.replace(OPTIONS, odds_format="american")
    printed = [line.plain.rstrip() for line in Timeline(options, demo=False).lines(console, evening)]
    text = (PROJECT / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```text\n(── Mon 2026.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    assert [line for line in blocks[0].splitlines() if line not in printed] == []


# --- hostile names

HOSTILE = {
    "escape": "\x1b[2J\x1b]0;owned\x07Town",
    "new line": "To\nwn\r\t",
    "override": "\u202eTown\u2066",
    "blank": "\u200b\u2060",
    "long": "Wanderers " * 60,
    "wide": "東京" * 40,
    "combining": "a" + "\u0301" * 400,
    "right to left": "מכבי חיפה",
    "arabic": "الهلال",
    "surrogate": "\ud83d",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("width", [20, 80, 160])
def test_a_hostile_name_steers_nothing_and_breaks_no_line(name: str, width: int) -> None:
    watch = Watch(home=HOSTILE[name], away=HOSTILE[name], competition=HOSTILE[name])
    event = watch.see(home_score=1)[0]
    # A lone surrogate cannot be in JSON: the vendor's is replaced when it is read.
    if name == "surrogate":
        return
    shown = lines(told([event]), width)
    assert max(map(cell_len, shown)) <= width
    assert not [one for line in shown for one in line if unicodedata.category(one) in {"Cc", "Cs"}]
    assert "\u202e" not in "".join(shown)


def test_a_score_stays_in_its_order_after_letters_that_run_to_the_left() -> None:
    watch = Watch(home=HOSTILE["right to left"], away="Town")
    shown = lines(told(watch.see(home_score=1)))
    assert f"{HOSTILE['right to left']}\u200e 1 – 0 Town" in shown[1]


def test_a_name_that_is_too_long_is_cut_and_says_so() -> None:
    shown = "".join(lines(told(Watch(home="x" * 500).see(home_score=1)), 160))
    assert "x" * 39 + "… 1 – 0 City" in shown


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def values(kind: Any) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one case a kind of type
    """Draw a value of a type of the contract, its texts any that JSON can hold."""
    if kind is str:
        return TEXTS
    if kind is int:
        return st.integers(0, 999)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = typing.get_type_hints(kind)
        return st.builds(
            kind,
            **{name: values(one) for name, one in fields.items() if name != "seen_at"}
            | ({"seen_at": st.just("2026-11-23T19:00:00.000Z")} if "seen_at" in fields else {}),
        )
    arguments = typing.get_args(kind)
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*map(values, arguments))
    if origin is tuple and arguments[-1:] == (...,):
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, arguments))
    if origin is dict:
        return st.dictionaries(*map(values, arguments), max_size=3)
    return st.from_type(kind)


EVENTS = st.sampled_from(sorted(DATA)).flatmap(
    lambda kind: st.builds(Event, st.just(f"m:{kind}:home:1"), st.just(kind), values(DATA[kind]))
)


@settings(max_examples=60, database=None, deadline=None)
@given(EVENTS, st.sampled_from([20, 80, 160]))
def test_every_type_has_a_line_whatever_is_in_it(event: Event, width: int) -> None:
    shown = lines(told([event]), width)
    assert event.type.partition("_")[0] in "".join("".join(shown).split())
    assert max(map(cell_len, shown)) <= width
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "".join(shown))


# --- what is printed


def test_the_end_says_where_to_go_on(evening: list[Envelope]) -> None:
    written: list[bytes] = []
    printer = TimelinePrinter(Timeline(OPTIONS, demo=False), io.StringIO(), written.append)
    printer.show(evening[:2])
    printer.end(2, Position("9f3a01c7", 2), more=False)
    printer.end(1, Position("9f3a01c7", 2), more=True)
    printer.end(0, Position("9f3a01c7", 0), more=False)
    _, two, newest, none = (content.decode() for content in written)
    assert two == "\n2 events · position 9f3a01c7-2\n"
    assert newest.startswith("\nThe newest 1 events · --limit, --since and --after show others")
    assert none == "No event to show · position 9f3a01c7-0\n"
