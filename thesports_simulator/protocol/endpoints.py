"""The vendor's endpoints: the parameters of each, and its answer."""

import datetime as dt
from collections.abc import Callable, Mapping

from thesports_simulator.protocol import replies
from thesports_simulator.protocol.source import Kind, OddsForm, OddsOrder, Source

Parameters = Mapping[str, str]

LISTS: dict[str, Kind] = {
    "match/recent/list": "match",
    "team/additional/list": "team",
    "competition/additional/list": "competition",
}
NAMES = (
    "match/detail_live",
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


class BadParameterError(Exception):
    """A parameter is missing or invalid."""


class Endpoints:
    """Answers the requests that the account allows, from a source."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.odds_form: OddsForm = "text"
        self.odds_order: OddsOrder = "newest"
        self.listed_at: int | None = None
        self._live: tuple[int, int | None, bytes] | None = None
        self._odds: tuple[int, OddsForm, OddsOrder, bytes] | None = None
        self._answers: dict[str, Callable[[Parameters, int], bytes]] = {
            "match/detail_live": lambda _, at: self._live_list(at),
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

    def answer(self, name: str, parameters: Parameters, at: int) -> bytes:
        """Return the body for a request at this server time (whole unix seconds).

        Unknown parameters are ignored, as by the vendor.

        Raises:
            BadParameterError: A parameter is missing or malformed.
        """
        if kind := LISTS.get(name):
            return self._list(kind, parameters, at)
        return self._answers[name](parameters, at)

    def _list(self, kind: Kind, parameters: Parameters, at: int) -> bytes:
        if "uuid" in parameters:
            uuid = _uuid(parameters)
            return replies.by_uuid(uuid, self.source.row(kind, uuid, at))
        if "time" in parameters:
            time = _whole(parameters["time"])
            return replies.by_time(time, self.source.since(kind, time, at))
        page = _whole(parameters.get("page", "1"))
        return replies.by_page(page, self.source.page(kind, page, at))

    def _live_list(self, at: int) -> bytes:
        """Return the live list, built once for each second and setting."""
        if self._live is None or self._live[:2] != (at, self.listed_at):
            body = replies.flat(self.source.live_list(at, listed_at=self.listed_at))
            self._live = at, self.listed_at, body
        return self._live[2]

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
