"""docs/events.md: every type, field and key is in it, nothing else is, and its consumer works."""

import functools
import os
import re
import signal
import sqlite3
import subprocess
import sys
import types
import typing
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from footy.events.envelope import Envelope
from footy.events.types import DATA, MatchData, OperationalData, Price, Score
from footy.history.log import Position
from footy.history.sqlite_log import opened_for_reading
from tests.support.evening import Evening, busy_evening, write_busy_evening
from tests.support.place import PROJECT, wait_until

PAGE = (PROJECT / "docs" / "events.md").read_text(encoding="utf-8")
FAMILIES = (
    "The match and its periods",
    "Goals",
    "Cards, substitutions and other incidents",
    "Prices",
    "Alerts",
    "The service",
)


def section(title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def tables(text: str) -> list[list[list[str]]]:
    """Give the tables of a text: the cells of their rows, the head first."""
    found: list[list[list[str]]] = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in block.splitlines()]
        found.append([rows[0], *rows[2:]])
    return found


def spans(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


class Family:
    """A family's types with their keys, and the fields of each type as documented."""

    def __init__(self, title: str) -> None:
        head, fields, *_ = tables(section(title))
        self.keys = {name: (spans(row[-1]) or [""])[0] for row in head[1:] for name in spans(row[0])}
        self.fields: dict[str, dict[str, str]] = {name: {} for name in self.keys}
        for name, of, takes, _ in fields[1:]:
            wanted = [*self.keys] if of == "all" else spans(of)
            for kind in [*wanted, *(f"{one}_detail" for one in wanted if of != "all")]:
                if kind in self.fields and not (kind == "goal_detail" and kind not in wanted):
                    self.fields[kind][spans(name)[0]] = takes


@functools.cache
def families() -> list[Family]:
    return [Family(title) for title in FAMILIES]


def takes(annotation: Any) -> str:
    """Say what a field holds, as the page does."""
    arguments, origin = typing.get_args(annotation), typing.get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        inner = [one for one in arguments if one is not type(None)]
        words = takes(inner[0])
        return f"{words.replace(' or ', ', ')} or null" if typing.get_origin(inner[0]) else f"{words} or null"
    if origin is typing.Literal:
        values = [f"`{one}`" for one in arguments]
        return " or ".join([", ".join(values[:-1]), values[-1]]) if len(values) > 1 else values[0]
    if origin is tuple:
        return "list of texts" if arguments[-1] is ... else "list"
    if origin is dict:
        return "object"
    names = {str: "text", int: "number", float: "number", bool: "bool", Score: "score", Price: "price"}
    return "object" if annotation is msgspec.Raw else names[annotation]


def fields_of(struct: Any, *, without: Any = None) -> dict[str, str]:
    left_out = set() if without is None else set(without.__struct_fields__)
    hints = typing.get_type_hints(struct)
    return {name: takes(hints[name]) for name in struct.__struct_fields__ if name not in left_out}


def documented(title: str) -> dict[str, str]:
    [table, *_] = [one for one in tables(section(title)) if one[0][:2] == ["field", "type"]]
    return {spans(row[0])[0]: row[1] for row in table[1:]}


def test_every_type_is_documented_and_no_other() -> None:
    names = [name for family in families() for name in family.keys]
    assert sorted(names) == sorted(DATA)


@pytest.mark.parametrize("kind", DATA)
def test_every_field_of_a_type_is_documented_with_its_type_and_no_other(kind: str) -> None:
    [family] = [one for one in families() if kind in one.fields]
    common = MatchData if issubclass(DATA[kind], MatchData) else OperationalData
    assert family.fields[kind] == fields_of(DATA[kind], without=common)


def test_the_common_fields_the_envelope_and_a_price_are_documented() -> None:
    assert documented("What all events of a match have") == fields_of(MatchData)
    assert documented("The envelope") == fields_of(Envelope)
    assert documented("Prices") == fields_of(Price)
    assert "`relates`" in section("The service")
    assert "`seen_at`" in section("The service")


PARTS = {
    "side": "(home|away|none)",
    "market": "(money_line|spread|over_under|corners)",
    "type": "[a-z_]+",
    "rule": "[a-z0-9-]{1,24}",
}


def test_keys_are_as_documented(tmp_path: Path) -> None:
    keys = {name: key for family in families() for name, key in family.keys.items()}
    events = busy_evening(tmp_path / "footy.db")
    seen = set()
    for event in events:
        pattern = re.sub(
            r"\\\{(\w+)\\\}", lambda part: PARTS.get(part[1], r"\d+"), re.escape(keys[event.type])
        )
        pattern = pattern.replace(r"\[", "(").replace(r"\]", ")?")
        key = event.id.split(":", 2)[2] if event.id.count(":") > 1 else ""
        assert re.fullmatch(pattern, key), (event.id, pattern)
        seen.add(event.type)
    assert len(seen) > 15


def test_the_table_of_corrections_is_that_of_the_types_that_correct() -> None:
    assert {row[0] for row in tables(section("Corrections"))[0][1:]} == {
        "`goal_cancelled`",
        "`score_corrected`",
        "`withdrawn`",
        "`status` with `change` `corrected`",
        "`extra_time`, `penalties` after `full_time`",
    }


def test_the_example_is_an_event() -> None:
    [example] = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    envelope = msgspec.json.decode(example, type=Envelope)
    data = msgspec.json.decode(envelope.data, type=DATA["goal"])
    assert msgspec.json.decode(msgspec.json.encode(data)) == msgspec.json.decode(envelope.data)
    assert (envelope.subject, envelope.time) == (envelope.id.partition(":")[0], data.seen_at)


# --- the consumer


class Bot:
    """The consumer of the page, run in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        [program] = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        assert len([line for line in program.splitlines() if line]) <= 20
        self.folder = folder
        self.out = folder / "bot.out"
        self.program = program
        self.environment = os.environ | {
            "PYTHONPATH": str(PROJECT),
            "PYTHONUNBUFFERED": "1",
            "THESPORTS_USER": "someone",
            "THESPORTS_SECRET": "a secret of the tests",
        }

    def run_until(self, position: str) -> list[str]:
        """Run it until it is at a position, then end it and what it started; return all it has said."""
        with self.out.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", self.program],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                start_new_session=True,
            )
        try:
            wait_until(lambda: self.position() == position)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return self.said()

    def position(self) -> str | None:
        with closing(sqlite3.connect(self.folder / "bot.db")) as db, suppress(sqlite3.Error):
            for (position,) in db.execute("SELECT position FROM place"):
                return str(Position.read(position))
        return None

    def said(self) -> list[str]:
        return self.out.read_text(encoding="utf-8").splitlines()


def newest(path: Path) -> str:
    """Give the position of the newest event."""
    log = opened_for_reading(path)
    extent = log.extent()
    log.close()
    return str(Position(extent.epoch, extent.newest))


def test_the_consumer_resumes_repeats_nothing_and_handles_a_correction_and_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "var" / "footy.db"
    path.parent.mkdir()
    write_busy_evening(path)
    bot = Bot(tmp_path)
    assert bot.run_until(newest(path)) == [
        "Goal: Town 1–0 City, 12'",
        "Goal: Half Moon Bay 3–2 Port Albert, 90+5'",
        "Goal: Town 1–1 City, 30'",
        "No goal: Town 1–1 City, 30'",
        "Goal: Town 1–1 City, 45+2'",
    ]
    with Evening(path, now=1.8e9) as evening:
        evening.see(a={"home": "Rovers"})
        evening.see(a={"home_score": 1})
    assert bot.run_until(newest(path))[5:] == ["Goal: Rovers 1–0 City, 67'"]
    with Evening(path, now=1.8e9 + 100) as evening:
        epoch = evening.log.begin_epoch()
        evening.see(a={"home": "Rovers"})
        evening.see(a={"home_score": 2})
    said = bot.run_until(newest(path))[6:]
    assert re.fullmatch(rf"Events are missing, \w{{8}}-\d+ to {epoch}-0: .*", said[0])
    assert said[1:] == ["Goal: Rovers 2–0 City, 67'"]


# --- what the code cites

CITED = re.compile(r"events\.md, ([^)]*)\)")
ORDINALS = {"first point": 1, "second point": 2, "third point": 3, "fourth point": 4, "fifth point": 5}


def test_what_the_code_cites_of_the_page_is_there() -> None:
    names = {
        *re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE),
        *re.findall(r"^\* \*\*(.*?)\*\*", PAGE, re.MULTILINE),
    }
    points = [int(number) for number in re.findall(r"^(\d)\. ", PAGE, re.MULTILINE)]
    cited = 0
    for path in [*(PROJECT / "footy").rglob("*.py"), *(PROJECT / "tests" / "events").glob("*.py")]:
        for words in CITED.findall(" ".join(path.read_text(encoding="utf-8").split())):
            cited += 1
            if "point" in words:
                wanted = re.sub(r"(\w+) and (\w+) point", r"\1 point and \2 point", words).split(" and ")
                assert {ORDINALS[one] for one in wanted} <= set(points), (path.name, words)
            else:
                assert words in names or words.strip("`") in DATA, (path.name, words)
    assert cited > 15
