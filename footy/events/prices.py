"""Prices: moves of prices and lines, and markets that close and open.

Prices of different bookmakers are never compared: the shown bookmaker changes far more often than prices move
(events.md, Reference).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec.structs import replace

from footy.events.emitted import Emitted, MarketState, PriceState, counted
from footy.events.sighting import Sighting
from footy.events.statuses import IN_PLAY
from footy.events.types import Event, Market, Price
from footy.record import MatchRecord
from footy.times import unix_seconds

GOOD_ODDS = frozenset({"fresh", "cache", "partial"})
"""Values of `odds_source` in which prices count (events.md, What counts)."""
ONCE_IN_S = 60.0
"""Seconds in which a market emits at most one price move and one line move (events.md, `price_moved`)."""
KICK_OFF_WITHIN_S = 300.0
"""A market that closes at most this many seconds before kick-off closes because of the kick-off."""
_EXACT = 1e-9
"""Tolerance for rounding errors in the comparison with a price step."""

OUTCOMES: Mapping[Market, tuple[str, ...]] = {
    "money_line": ("home", "draw", "away"),
    "spread": ("home", "away"),
    "over_under": ("over", "under"),
    "corners": ("over", "under"),
}


class MarketFields(NamedTuple):
    """Names of the record's fields for a market's current price."""

    prices: tuple[str, ...]
    line: str | None
    bookmaker_id: str
    bookmaker: str
    sealed: str
    in_play: str
    outdated: str | None
    at: str

    @property
    def compared(self) -> tuple[str, ...]:
        """Return the fields that events depend on."""
        fields = (*self.prices, self.line, self.bookmaker_id, self.sealed, self.in_play, self.outdated)
        return tuple(field for field in fields if field is not None)


def _fields(market: Market) -> MarketFields:
    def field(name: str) -> str:
        return f"current_{market}_{name}"

    return MarketFields(
        tuple(field(outcome) for outcome in OUTCOMES[market]),
        None if market == "money_line" else field("line"),
        field("bookmaker_id"),
        field("bookmaker"),
        field("sealed"),
        field("in_play"),
        # Rows of the corners market have corners, not goals, so it is unknown if they are from before a goal.
        None if market == "corners" else field("outdated"),
        field("at"),
    )


FIELDS: Mapping[Market, MarketFields] = {market: _fields(market) for market in OUTCOMES}


class Shown(NamedTuple):
    """The row of a market in a record."""

    price: PriceState
    open: bool
    """Whether it is not suspended, not outdated and, in play, set in play; its age does not matter."""
    in_play: bool


def shown(record: MatchRecord, market: Market) -> Shown | None:
    """Return the row of a market in a record; None if there is none."""
    row: Mapping[str, Any] = record
    fields = FIELDS[market]
    bookmaker_id = row[fields.bookmaker_id]
    if bookmaker_id is None:
        return None
    made_in_play = row[fields.in_play]
    is_open = (
        row[fields.sealed] is False
        and not (fields.outdated and row[fields.outdated])
        and (made_in_play or not record["in_play"])
    )
    price = PriceState(
        bookmaker_id,
        row[fields.bookmaker],
        row[fields.line] if fields.line else None,
        tuple([row[field] for field in fields.prices]),
        row[fields.at],
    )
    return Shown(price, bool(is_open), record["in_play"])


def price(market: Market, state: PriceState, *, is_open: bool) -> Price:
    """Return a price in the form of events."""
    return Price(
        bookmaker_id=state.bookmaker_id,
        bookmaker=state.bookmaker,
        line=state.line,
        prices=dict(zip(OUTCOMES[market], state.prices, strict=True)),
        at=state.at,
        open=is_open,
    )


def price_of(record: MatchRecord, market: Market) -> Price | None:
    """Return the price of a market in a record, in the form of events; None if there is none."""
    row = shown(record, market)
    return row and price(market, row.price, is_open=row.open)


def points_apart(one: PriceState, other: PriceState) -> float:
    """Return the largest difference of an outcome's implied probability, in percentage points."""
    return max(
        (
            abs(100 / first - 100 / second)
            for first, second in zip(one.prices, other.prices, strict=True)
            if first and second
        ),
        default=0.0,
    )


def rests(state: MarketState, market: Market, values: tuple[Any, ...], sighting: Sighting) -> bool:
    """Check quickly whether a record changes nothing in a market, which is the usual case.

    Args:
        state: The emitted state of the market.
        market: The market.
        values: The record's values of `MarketFields.compared`.
        sighting: The current sighting.
    """
    if not state.open or not state.references or state.is_suspended or state.blocked:
        return False
    reference = state.references[-1]
    outdated = None
    if market == "money_line":
        _, _, _, bookmaker_id, sealed, made_in_play, outdated = values
        line = None
    elif market == "corners":
        _, _, line, bookmaker_id, sealed, made_in_play = values
    else:
        _, _, line, bookmaker_id, sealed, made_in_play, outdated = values
    if (
        bookmaker_id != reference.bookmaker_id
        or line != reference.line
        or sealed is not False
        or outdated
        or not ((made_in_play and state.opened_in_play) or sighting.status_id not in IN_PLAY)
    ):
        return False
    limit = sighting.rules.price_step - _EXACT
    for was, now in zip(reference.prices, values, strict=False):
        if was != now and now and not (was and -limit < 100 / now - 100 / was < limit):
            return False
    return True


class Step(NamedTuple):
    """The outcome of a row for a market; `kind` is None if it emits nothing."""

    state: MarketState
    kind: str | None = None
    before: PriceState | None = None


def stepped(state: MarketState, row: Shown, sighting: Sighting, kickoff_at: str | None) -> Step:
    """Return the outcome of a row for a market."""
    if not row.open:
        return _closed(state, row, sighting, kickoff_at)
    after = replace(
        state,
        open=True,
        opened_in_play=state.opened_in_play or row.in_play,
        references=_shown_last(state.references, row.price),
        blocked=False,
    )
    if state.is_suspended:
        return Step(replace(after, is_suspended=False, suspended=None), "reopened", state.suspended)
    reference = next((one for one in state.references if one.bookmaker_id == row.price.bookmaker_id), None)
    if reference is None:
        return Step(after)
    return _moved(after, reference, row.price, sighting)


def _shown_last(references: tuple[PriceState, ...], row: PriceState) -> tuple[PriceState, ...]:
    """Return the references with that of the row's bookmaker last; without one, the row becomes it."""
    if references and references[-1].bookmaker_id == row.bookmaker_id:
        return references
    own = next((one for one in references if one.bookmaker_id == row.bookmaker_id), row)
    return (*(one for one in references if one is not own), own)


def _moved(state: MarketState, reference: PriceState, row: PriceState, sighting: Sighting) -> Step:
    """Return the outcome of a row with a reference; an event drops the references of other bookmakers."""
    if reference.line != row.line:
        if reference.line is None or row.line is None:
            return Step(state)
        if not _is_due(state.line_moved_at, sighting.now):
            return Step(replace(state, blocked=True))
        after = replace(state, references=(row,), line_moved_at=sighting.now)
        return Step(after, "line_moved", reference)
    if points_apart(reference, row) < sighting.rules.price_step - _EXACT:
        return Step(replace(state, references=(*state.references[:-1], _completed(reference, row))))
    if not _is_due(state.moved_at, sighting.now):
        return Step(replace(state, blocked=True))
    return Step(replace(state, references=(row,), moved_at=sighting.now), "price_moved", reference)


def _completed(reference: PriceState, row: PriceState) -> PriceState:
    """Return a reference with the outcomes of which it had no price yet."""
    if None not in reference.prices:
        return reference
    prices = [was or now for was, now in zip(reference.prices, row.prices, strict=True)]
    return replace(reference, prices=tuple(prices))


def _is_due(last: float | None, now: float) -> bool:
    # If the clock was set back, the market must not stay silent.
    return last is None or not 0 <= now - last < ONCE_IN_S


def _closed(state: MarketState, row: Shown, sighting: Sighting, kickoff_at: str | None) -> Step:
    """Return the outcome of a closed market; closing at kick-off is not an event (events.md, `suspended`)."""
    if not state.open:
        return Step(replace(state, open=False, blocked=False))
    before = state.references[-1] if state.references else None
    after = replace(state, open=False, references=(), blocked=False)
    at_kick_off = not state.opened_in_play and (row.in_play or _kicks_off(kickoff_at, sighting.now))
    if at_kick_off:
        return Step(after)
    return Step(replace(after, is_suspended=True, suspended=before), "suspended", before)


def _kicks_off(kickoff_at: str | None, now: float) -> bool:
    return kickoff_at is None or unix_seconds(kickoff_at) - now <= KICK_OFF_WITHIN_S


def baseline(record: MatchRecord, sighting: Sighting) -> dict[str, MarketState]:
    """Return the markets at the first sight, of which nothing is emitted."""
    markets: dict[str, MarketState] = {}
    if record["odds_source"] in GOOD_ODDS:
        for market in sighting.rules.markets:
            row = shown(record, market)
            if row is not None:
                markets[market] = stepped(MarketState(), row, sighting, record["kickoff_at"]).state
    return markets


def detected(
    emitted: Emitted, record: MatchRecord, market: Market, sighting: Sighting
) -> tuple[Emitted, list[Event]]:
    """Return the state after a record with good odds of a market, and the market's events."""
    row = shown(record, market)
    if row is None:
        return emitted, []
    before = emitted.markets.get(market) or MarketState()
    step = stepped(before, row, sighting, record["kickoff_at"])
    if step.state == before and market in emitted.markets:
        return emitted, []
    after = replace(emitted, markets={**emitted.markets, market: step.state})
    if step.kind is None:
        return after, []
    number, counts = counted(emitted.counts, f"{step.kind}:{market}")
    event = sighting.event(
        step.kind,
        *(market, number),
        market=market,
        before=step.before and price(market, step.before, is_open=True),
        after=price(market, row.price, is_open=row.open),
        score=emitted.score,
        vendor_at=row.price.at,
    )
    return replace(after, counts=counts), [event]
