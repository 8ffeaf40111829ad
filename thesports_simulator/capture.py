"""A source that repeats recorded replies, with their times moved to the present."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from thesports_simulator.protocol.source import ROWS_OF_A_PAGE, Kind, OddsForm, OddsOrder, Quirk
from thesports_simulator.world.places import CATEGORIES

_FILES: dict[Kind, str] = {
    "match": "match_recent_list",
    "team": "team_additional_list",
    "competition": "competition_additional_list",
}
_TIMES = ("match_time", "ended", "updated_at")
_PLAUSIBLE = range(946_684_800, 4_102_444_800)  # the years 2000 to 2099
_encode = msgspec.json.encode


class CaptureError(Exception):
    """The folder does not hold a capture."""


class CaptureSource:
    """A `Source` over a folder of recorded replies, whose content does not change as time goes on.

    The capture's moment is the latest plausible time of an event in it: a change of odds, an update, an end,
    the start of a period. Scheduled kick-offs do not count, because they may be in the future. All times are
    moved so that this moment is `now` (unix seconds).
    """

    def __init__(self, folder: Path, *, now: int) -> None:
        self._live = _read(folder, "match_detail_live")["results"]
        self._rows = {kind: _results(_read(folder, name)) for kind, name in _FILES.items()}
        self._odds = {uuid: reply["results"] for uuid, reply in _read(folder, "odds_history").items()}
        self._countries = _read(folder, "country_list")["results"]
        self._categories = self._read_categories(folder)
        self.moment = self._find_moment()
        self._move(now - self.moment)
        self._live_by_id = {element["id"]: element for element in self._live}

    def live_list(self, at: int, *, listed_at: int | None = None, quirks: Sequence[Quirk] = ()) -> bytes:
        """Return all elements of match/detail_live; a recording has the quirks that were recorded."""
        del at, listed_at, quirks
        return _encode(self._live)

    def misreported(self, at: int, quirks: Sequence[Quirk]) -> list[str]:
        """Return none: a recording has the quirks that were recorded."""
        del at, quirks
        return []

    def row(self, kind: Kind, uuid: str, at: int) -> bytes | None:
        """Return the recorded row."""
        del at
        row = self._rows[kind].get(uuid)
        return None if row is None else _encode(row)

    def page(self, kind: Kind, page: int, at: int) -> list[bytes]:
        """Return one page of the recorded rows."""
        del at
        rows = list(self._rows[kind].values())
        return [
            _encode(row) for row in rows[max(0, page - 1) * ROWS_OF_A_PAGE : max(0, page) * ROWS_OF_A_PAGE]
        ]

    def since(
        self, kind: Kind, time: int, at: int, *, most: int | None = ROWS_OF_A_PAGE
    ) -> list[tuple[int, bytes]]:
        """Return the first recorded rows changed at `time` or later."""
        del at
        rows = sorted(self._rows[kind].values(), key=lambda row: row["updated_at"])
        changed = [row for row in rows if row["updated_at"] >= time]
        return [(row["updated_at"], _encode(row)) for row in changed[:most]]

    def odds_history(self, uuid: str, at: int) -> bytes:
        """Return the recorded odds."""
        del at
        return _encode(self._odds.get(uuid, {}))

    def live_history(self, uuid: str, at: int) -> bytes:
        """Return the recorded live element."""
        del at
        return _encode(self._live_by_id.get(uuid, {}))

    def diary(self, start: int, at: int) -> tuple[list[bytes], bytes]:
        """Return nothing: the capture has no reply of match/diary."""
        del start, at
        return [], b"{}"

    def countries(self, at: int) -> bytes:
        """Return the recorded countries."""
        del at
        return _encode(self._countries)

    def categories(self, at: int) -> bytes:
        """Return the recorded categories, or the six known ones."""
        del at
        return _encode(self._categories)

    def odds_live(self, at: int, form: OddsForm, order: OddsOrder) -> bytes:
        """Return no change: a recording does not change."""
        del at, form, order
        return b"{}"

    def odds_update(self, at: int) -> bytes:
        """Return no change: a recording does not change."""
        del at
        return b"[]"

    def deleted(self, at: int) -> bytes:
        """Return no deletion: nothing is deleted from a recording."""
        del at
        return b"{}"

    def data_update(self, at: int) -> bytes:
        """Return no change: a recording does not change."""
        del at
        return b"{}"

    def _read_categories(self, folder: Path) -> list[dict[str, Any]]:
        if _path(folder, "category_list"):
            recorded: list[dict[str, Any]] = _read(folder, "category_list")["results"]
            return recorded
        time = min(country["updated_at"] for country in self._countries)
        return [{"id": id_, "name": name, "updated_at": time} for id_, name in CATEGORIES]

    def _reference_rows(self) -> list[dict[str, Any]]:
        return [row for rows in self._rows.values() for row in rows.values()] + [
            *self._countries,
            *self._categories,
        ]

    def _odds_rows(self) -> list[list[Any]]:
        return [
            row
            for companies in self._odds.values()
            for markets in companies.values()
            for rows in markets.values()
            for row in rows
        ]

    def _find_moment(self) -> int:
        times: list[int] = [element["score"][4] for element in self._live]
        times += [row.get(key, 0) for row in self._reference_rows() for key in ("ended", "updated_at")]
        times += [row[0] for row in self._odds_rows()]
        plausible = [time for time in times if time in _PLAUSIBLE]
        if not plausible:
            raise CaptureError("the capture holds no time between 2000 and 2099")
        return max(plausible)

    def _move(self, seconds: int) -> None:
        for element in self._live:
            if element["score"][4] in _PLAUSIBLE:
                element["score"][4] += seconds
        for row in self._reference_rows():
            for key in _TIMES:
                if row.get(key, 0) in _PLAUSIBLE:
                    row[key] += seconds
        for prices in self._odds_rows():
            if prices[0] in _PLAUSIBLE:
                prices[0] += seconds


def _path(folder: Path, name: str) -> Path | None:
    for path in (folder / f"{name}.json", folder / f"{name}.json.gz"):
        if path.is_file():
            return path
    return None


def _read(folder: Path, name: str) -> dict[str, Any]:
    path = _path(folder, name)
    if path is None:
        raise CaptureError(f"{folder} has no {name}.json nor {name}.json.gz")
    text = path.read_bytes()
    content: dict[str, Any] = msgspec.json.decode(gzip.decompress(text) if path.suffix == ".gz" else text)
    return content


def _results(replies: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the rows by id, from a file that maps ids to whole replies."""
    return {uuid: reply["results"][0] for uuid, reply in replies.items() if reply["results"]}
