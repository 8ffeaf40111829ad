"""The vendor's endpoints: the parameters of each, and its answer."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from random import Random

from thesports_simulator.protocol import replies
from thesports_simulator.protocol.source import (
    ROWS_OF_A_PAGE,
    Kind,
    OddsForm,
    OddsOrder,
    Paging,
    Quirk,
    Source,
)

Parameters = Mapping[str, str]

LISTS: dict[str, Kind] = {
    "match/recent/list": "match",
    "team/additional/list": "team",
    "competition/additional/list": "competition",
}
LIVE = "match/detail_live"
NAMES = (
    LIVE,
    "match/recent/list",
    "match/live/history",
    "match/diary",
    "odds/history",
    "odds/live",
    "odds/update",
    "team/additional/list",
    "competition/additional/list",
    "country/list",
    "category/list",
    "data/update",
    "deleted",
)


_OVERLAP_S = 1_800
_HALF = ROWS_OF_A_PAGE // 2
_STUCK_S = 86_400


class BadParameterError(Exception):
    """A parameter is missing or invalid."""


class Endpoints:
    """Answers the requests that the account allows, from a source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.odds_form: OddsForm = "text"
        self.odds_order: OddsOrder = "newest"
        self.listed_at: int | None = None
        self._live: tuple[int, int | None, Sequence[Quirk], bytes] | None = None
        self._odds: tuple[int, OddsForm, OddsOrder, bytes] | None = None
        self._answers: dict[str, Callable[[Parameters, int], bytes]] = {
            "match/live/history": lambda parameters, at: replies.flat(
                source.live_history(_uuid(parameters), at)
            ),
            "match/diary": self._diary,
            "odds/history": lambda parameters, at: replies.flat(source.odds_history(_uuid(parameters), at)),
            "odds/live": lambda _, at: self._odds_live(at),
            "odds/update": lambda _, at: replies.flat(source.odds_update(at)),
            "country/list": lambda _, at: replies.flat(source.countries(at)),
            "category/list": lambda _, at: replies.flat(source.categories(at)),
            "data/update": lambda _, at: replies.flat(source.data_update(at)),
            "deleted": lambda _, at: replies.flat(source.deleted(at)),
        }

    def answer(
        self,
        name: str,
        parameters: Parameters,
        at: int,
        quirks: Sequence[Quirk] = (),
        paging: Paging | None = None,
    ) -> bytes:
        """Return the body for a request at this server time (whole unix seconds).

        Unknown parameters are ignored, as by the vendor. The quirks are those of the live list; `paging` is
        how the pages of a list are wrong.

        Raises:
            BadParameterError: A parameter is missing or malformed.
        """
        if name == LIVE:
            return self._live_list(at, quirks)
        if kind := LISTS.get(name):
            return self._list(kind, parameters, at, paging)
        return self._answers[name](parameters, at)

    def _list(self, kind: Kind, parameters: Parameters, at: int, paging: Paging | None) -> bytes:
        if "uuid" in parameters:
            uuid = _uuid(parameters)
            return replies.by_uuid(uuid, self.source.row(kind, uuid, at))
        if paging == "refused":
            return replies.NOT_THIS_URL
        if "time" in parameters:
            time = _whole(parameters["time"])
            return replies.by_time(time, self._since(kind, time, at, paging))
        page = _whole(parameters.get("page", "1"))
        return replies.by_page(page, self._page(kind, page, at, paging))

    def _page(self, kind: Kind, page: int, at: int, paging: Paging | None) -> list[bytes]:
        """Return the rows of a page, or wrong ones."""
        match paging:
            case "empty":
                return []
            case "stuck":
                return self.source.page(kind, 1, at)
            case "overlapping":  # each page starts only half a page after the one before
                whole, odd = divmod(max(0, page - 1), 2)
                rows = self.source.page(kind, whole + 1, at)
                return [*rows[_HALF:], *self.source.page(kind, whole + 2, at)[:_HALF]] if odd else rows
            case "unordered":
                rows = self.source.page(kind, page, at)
                Random(page).shuffle(rows)
                return rows
            case _:
                return self.source.page(kind, page, at)

    def _since(self, kind: Kind, time: int, at: int, paging: Paging | None) -> list[tuple[int, bytes]]:
        """Return the first rows that have changed since a time, or wrong ones."""
        match paging:
            case "empty":
                return []
            case "stuck":
                time -= time % _STUCK_S
            case "overlapping":
                time -= _OVERLAP_S
            case "unordered":
                rows = self.source.since(kind, time, at, most=None)
                Random(time).shuffle(rows)
                return rows[:ROWS_OF_A_PAGE]
        return self.source.since(kind, time, at)

    def _live_list(self, at: int, quirks: Sequence[Quirk]) -> bytes:
        """Return the live list, built once for each second and setting."""
        if self._live is None or self._live[:3] != (at, self.listed_at, quirks):
            body = replies.flat(self.source.live_list(at, listed_at=self.listed_at, quirks=quirks))
            self._live = at, self.listed_at, quirks, body
        return self._live[3]

    def _diary(self, parameters: Parameters, at: int) -> bytes:
        """Return a day's matches: the 24 hours after `tsp`, or the day `date` (YYYYMMDD) of UTC+8."""
        tsp = parameters.get("tsp")
        start = _day(parameters.get("date", "")) if tsp is None else _whole(tsp)
        return replies.diary(*self.source.diary(start, at))

    def _odds_live(self, at: int) -> bytes:
        """Return the changes of odds, built once for each second, form and order."""
        if self._odds is None or self._odds[:3] != (at, self.odds_form, self.odds_order):
            body = replies.flat(self.source.odds_live(at, self.odds_form, self.odds_order))
            self._odds = at, self.odds_form, self.odds_order, body
        return self._odds[3]


def _day(text: str) -> int:
    try:
        return int(dt.datetime.strptime(f"{text}+0800", "%Y%m%d%z").timestamp())
    except ValueError:
        raise BadParameterError from None


def _uuid(parameters: Parameters) -> str:
    uuid = parameters.get("uuid", "")
    if not uuid:
        raise BadParameterError
    return uuid


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadParameterError
    return int(text)
