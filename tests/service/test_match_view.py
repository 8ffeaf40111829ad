"""`footy match`: which match is meant, and its page at any width."""

import io
import re
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytz
from rich.cells import cell_len
from rich.console import Console

from footy.history.place import FilePlace
from footy.outputs.console.match_page import MatchList, MatchPage
from footy.outputs.console.options import ConsoleOptions
from footy.service.match_view import NoMatchError, view
from footy.service.paths import Files
from tests.events.watch import record
from tests.outputs.console import samples
from tests.support.evening import BAY, ROVERS, TOWN, write_busy_evening

OPTIONS = ConsoleOptions("decimal", pytz.timezone("UTC"), frozenset({2}), 900.0)
PUBLISHED = datetime.fromisoformat(samples.PUBLISHED_AT)


def listed(**fields: Any) -> Any:
    """Return a record as a snapshot has it."""
    known: dict[str, Any] = {
        "has_stats": True,
        "data_age_s": 1.0,
        "home_shots_on_target": 3,
        "away_shots_on_target": 1,
        "home_corners": 0,
        "away_corners": 0,
    }
    known |= dict.fromkeys((f"{part}_source" for part in ("detail", "home", "away")), "fresh")
    known |= dict.fromkeys((f"{part}_source" for part in ("competition", "country")), "fresh")
    return record(**known | fields)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def publish(files: Files, *matches: Any) -> None:
    files.matches.write_bytes(msgspec.json.encode(samples.snapshot(*matches)))


def shown(files: Files, wanted: str, width: int = 80, now: datetime = PUBLISHED) -> str:
    page = view(FilePlace(files.events), wanted, OPTIONS, "urn:footy:test", demo=False, now=now)
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), width=width)
    with console.capture() as capture:
        console.print(page, end="", crop=False)
    return capture.get()


def test_a_match_that_is_listed_is_shown_as_it_is_now_with_its_statistics_and_events(files: Files) -> None:
    publish(files, listed(match_id=TOWN, home_score=2, away_score=1), listed(match_id="x", home="Rovers"))
    write_busy_evening(files.events)
    text = shown(files, "town")
    assert "• [Second half | 67'] Town 2 – 1 City" in text
    assert "      3      ━━━━━━━━━━━━━━━  shots on target  ━━━━━                1\n" in text
    assert re.search(r"^ {6}0 +corners +0$", text, re.MULTILINE)
    assert "14:29:40    31' ! goal cancelled" not in text
    assert "19:29:40    31' ! goal cancelled  1 – 0 · takes back away goal 1 · by VAR" in text
    assert "Rovers" not in text
    assert "is the service running?" not in text


def test_without_a_log_the_match_is_shown_and_that_is_said(files: Files) -> None:
    publish(files, listed())
    text = shown(files, "Town")
    assert "Town 0 – 0 City" in text
    assert f"! There is no log of events yet at {files.events}.".replace(" ", "") in "".join(text.split())


def test_an_old_snapshot_is_no_picture_of_now(files: Files) -> None:
    publish(files, listed())
    text = shown(files, "Town", now=PUBLISHED + timedelta(hours=4, minutes=56))
    assert "! the snapshot is old (4 h 56 min): is the service running?" in text


def test_a_match_that_is_listed_comes_before_those_of_the_log(files: Files) -> None:
    publish(files, listed(match_id="now", home="Rovers United"))
    write_busy_evening(files.events)
    assert "id now" in shown(files, "rovers")
    assert f"id {ROVERS}" in shown(files, "ROVERS Wanderers")
    assert f"id {BAY}" in shown(files, BAY)


def test_several_matches_are_listed_with_their_scores(files: Files) -> None:
    publish(files, *(listed(match_id=f"m{n}", home=f"Town {n}", home_score=n) for n in range(25)))
    page = view(FilePlace(files.events), "town", OPTIONS, "urn:footy:test", demo=False)
    assert isinstance(page, MatchList)
    lines = shown(files, "town").splitlines()
    assert lines[0] == '25 matches fit "town"; show one by its id:'
    assert lines[2] == "  m1  Second half  Town 1 1 – 0 City"
    assert lines[-1] == "  and 5 more"


@pytest.mark.parametrize("wanted", ["xyz", "", " ", "\u200b"])
def test_no_match_is_one_sentence(files: Files, wanted: str) -> None:
    publish(files, listed())
    write_busy_evening(files.events)
    with pytest.raises(NoMatchError, match=r"^No match fits "):
        view(FilePlace(files.events), wanted, OPTIONS, "urn:footy:test", demo=False)


def test_a_file_that_is_no_snapshot_costs_only_itself(files: Files) -> None:
    files.matches.write_bytes(b'{"meta": 1}')
    write_busy_evening(files.events)
    text = shown(files, TOWN)
    assert "• [Finished] Town 2 – 1 City · HT 1–1" in text
    assert "is not a snapshot of this version" in " ".join(text.split())


@pytest.mark.parametrize("width", [20, 50, 80, 160])
@pytest.mark.parametrize(
    "name", ["\x1b[2JTown", "To\nwn", "\u202eTown", "Wanderers " * 60, "東京" * 40, "מכבי חיפה"]
)
def test_a_hostile_name_breaks_no_line_of_the_page(files: Files, name: str, width: int) -> None:
    publish(files, listed(home=name, away=name, competition=name, country=name, clock="67'"))
    pages = [shown(files, "m", width)] if "m" in name else []
    pages.append(shown(files, "4wyrn4h68yv6q86", width))
    for line in "\n".join(pages).splitlines():
        assert cell_len(line) <= width
        assert not re.search(r"[\x00-\x1f\u202e]", line)
        assert not [one for one in line if unicodedata.category(one) in {"Cc", "Cs"}]


def test_the_page_of_a_demo_is_marked(files: Files) -> None:
    publish(files, listed())
    page = view(FilePlace(files.events), "Town", OPTIONS, "urn:footy:demo", demo=True, now=datetime.now(UTC))
    assert isinstance(page, MatchPage)
    assert page.demo
