"""The odds of one match: rows by bookmaker and market, kept as the JSON bytes of replies."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import Literal, NamedTuple

from thesports_simulator.world.fixtures import NEVER, Fixture
from thesports_simulator.world.pricing import Quote, Tempo, quotes
from thesports_simulator.world.script import Script

Fullness = Literal["full", "light", "busy"]
_MARKETS = ("asia", "eu", "bs", "cr")


class Bookmaker(NamedTuple):
    """A bookmaker of the vendor's table. `busy` is the share of the quotes that it follows."""

    company: int
    margin: float
    busy: float
    presence: float
    markets: tuple[str, ...]


_THREE, _ALL, _NO_ASIA = ("asia", "eu", "bs"), _MARKETS, ("eu", "bs")
BOOKMAKERS = (
    Bookmaker(2, 0.055, 0.80, 0.75, _ALL),
    Bookmaker(3, 0.040, 0.85, 0.65, _THREE),
    Bookmaker(4, 0.070, 0.25, 0.60, _NO_ASIA),
    Bookmaker(5, 0.075, 0.40, 0.60, ("eu", "bs", "cr")),
    Bookmaker(6, 0.045, 0.75, 0.55, _THREE),
    Bookmaker(7, 0.060, 0.20, 0.25, _THREE),
    Bookmaker(8, 0.090, 0.10, 0.25, ("eu",)),
    Bookmaker(9, 0.080, 0.20, 0.65, _NO_ASIA),
    Bookmaker(10, 0.050, 0.70, 0.50, _ALL),
    Bookmaker(11, 0.055, 0.70, 0.65, _ALL),
    Bookmaker(13, 0.080, 0.35, 0.60, _NO_ASIA),
    Bookmaker(14, 0.050, 0.55, 0.55, _ALL),
    Bookmaker(15, 0.045, 0.80, 0.40, _ALL),
    Bookmaker(16, 0.050, 0.60, 0.55, _THREE),
    Bookmaker(17, 0.060, 0.55, 0.85, _THREE),
    Bookmaker(21, 0.050, 0.70, 0.55, _ALL),
    Bookmaker(22, 0.030, 1.00, 0.60, _THREE),
)
_LIGHT = (2, 3, 11, 22)


class Intermediate(NamedTuple):
    """The share of open prices with earlier rows of the same second, and how many at most."""

    share: float
    most: int


# In the capture 0.4 % of the rows share their second with an older one. The light odds need a larger share,
# because they have few rows; the busy ones make about 150 changes a second over 102 matches.
_INTERMEDIATE: dict[Fullness, Intermediate] = {
    "full": Intermediate(0.02, 3),
    "light": Intermediate(0.25, 3),
    "busy": Intermediate(1.0, 6),
}


class Series(NamedTuple):
    """The rows of one bookmaker and market.

    `times` are the times of the rows, oldest first. `rows` is their JSON text, newest first, joined by
    commas: the rows up to any moment are its tail. `ends[k]` is the length of the tail with the first k + 1
    rows and a comma before it.
    """

    company: int
    market: str
    times: "array[int]"
    ends: "array[int]"
    rows: bytes

    def until(self, at: int) -> bytes:
        """Return the rows up to this time, newest first, without brackets; empty if there are none."""
        count = bisect_right(self.times, at)
        return self.rows[len(self.rows) + 1 - self.ends[count - 1] :] if count else b""

    def between(self, after: int, at: int) -> Iterator[bytes]:
        """Yield the rows later than `after` and up to `at`, newest first."""
        total = len(self.rows) + 1
        for index in range(bisect_right(self.times, at) - 1, bisect_right(self.times, after) - 1, -1):
            end = self.ends[index - 1] if index else 0
            yield self.rows[total - self.ends[index] : total - end - 1]


class Odds:
    """All odds of one match; replies show them up to a time."""

    def __init__(self, fixture: Fixture, script: Script, *, seed: int, fullness: Fullness) -> None:
        random = Random(f"odds:{seed}:{fixture.number}")
        self.series: list[Series] = []
        liquidity = random.random()
        if liquidity > 0.14:
            self._price(fixture, script, random, liquidity, fullness)
        # Every row's time with its series in the low byte, to find changes without a search in each series.
        changes = [time << 8 | index for index, series in enumerate(self.series) for time in series.times]
        self._changes = array("Q", sorted(changes))

    def results(self, at: int) -> bytes:
        """Return the `results` object of odds/history at this time, as JSON."""
        companies: dict[int, list[bytes]] = {}
        for series in self.series:
            if rows := series.until(at):
                companies.setdefault(series.company, []).append(b'"%b":[%b]' % (series.market.encode(), rows))
        return b"{%b}" % b",".join(b'"%d":{%b}' % (c, b",".join(markets)) for c, markets in companies.items())

    def until(self, at: int) -> int:
        """Return the time, exclusive, until which the results do not change."""
        index = bisect_right(self._changes, at << 8 | 0xFF)
        return self._changes[index] >> 8 if index < len(self._changes) else NEVER

    def between(self, after: int, at: int) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield company, market and row of the changes after `after` up to `at`, newest first per series."""
        first = bisect_right(self._changes, after << 8 | 0xFF)
        last = bisect_right(self._changes, at << 8 | 0xFF)
        for index in sorted({change & 0xFF for change in self._changes[first:last]}):
            series = self.series[index]
            market = series.market.encode()
            for row in series.between(after, at):
                yield series.company, market, row

    def _price(
        self, fixture: Fixture, script: Script, random: Random, liquidity: float, fullness: Fullness
    ) -> None:
        light = fullness == "light"
        tempo = Tempo(300.0, 3, 6.0) if light else _tempo(liquidity)
        made = quotes(fixture, script, random, tempo)
        offers = _offers(made)
        # A separate generator, so that all other rows are the same with and without intermediate ones.
        between = Random(f"intermediate:{fixture.id}")
        for bookmaker in BOOKMAKERS:
            chance = 1.0 if light else bookmaker.presence * (0.35 + liquidity)
            if (light and bookmaker.company not in _LIGHT) or random.random() > chance:
                continue
            for market in _MARKETS:
                if market in bookmaker.markets and self._is_offered(market, fixture, random, liquidity):
                    prices = (_decimal if market == "eu" else _hong_kong)(bookmaker.margin)
                    rows = _rows(offers[market], bookmaker, prices, random)
                    series = _series(bookmaker.company, market, rows, between, _INTERMEDIATE[fullness])
                    self.series.append(series)

    @staticmethod
    def _is_offered(market: str, fixture: Fixture, random: Random, liquidity: float) -> bool:
        if market == "cr":
            return fixture.is_covered and random.random() < 0.2 + 0.5 * liquidity**2
        return random.random() < 0.97


def _tempo(liquidity: float) -> Tempo:
    """Return the tempo: from a few rows per series to a row every few seconds at high liquidity."""
    return Tempo(11 + 110 * (1 - liquidity) ** 1.5, int(60 * liquidity**2), 4 + 110 * liquidity**2)


class _Offer(NamedTuple):
    """A quote in one market, with the text of its rows before and after the prices, the same for all.

    `home` and `away` are chances in thousandths. `middle` is one, too, or the text of the line.
    """

    at: int
    is_sealed: bool
    is_event: bool
    home: int
    middle: int | str
    away: int
    before: str
    after_open: str
    after_sealed: str


_Row = tuple[int, str, str, str, str, str]
"""A row: its time, and the text before the prices, of the first price, of the others, and after them.

The last text is what would be after the prices if the row were suspended; empty if it is.
"""


def _offers(made: list[Quote]) -> dict[str, list[_Offer]]:
    """Return what all bookmakers offer in each market, oldest first."""
    offers: dict[str, list[_Offer]] = {market: [] for market in _MARKETS}
    for quote in made:
        before = f'[{quote.at},"{quote.minute}",'
        for market, of_market in offers.items():
            home, middle, away = _READ[market](quote)
            score = quote.corners if market == "cr" else quote.goals
            of_market.append(
                _Offer(
                    quote.at,
                    quote.sealed,
                    quote.is_event,
                    home,
                    middle if isinstance(middle, int) else str(middle),
                    away,
                    before,
                    f',{quote.status},0,"{score}"]',
                    f',{quote.status},1,"{score}"]',
                )
            )
    return offers


_READ: dict[str, Callable[[Quote], tuple[int, int | float, int]]] = {
    "asia": lambda quote: (quote.asia_home, quote.asia_line, 1_000 - quote.asia_home),
    "eu": lambda quote: (quote.home, quote.draw, quote.away),
    "bs": lambda quote: (quote.goals_over, quote.goal_line, 1_000 - quote.goals_over),
    "cr": lambda quote: (quote.corners_over, quote.corner_line, 1_000 - quote.corners_over),
}


def _rows(offers: list[_Offer], bookmaker: Bookmaker, prices: dict[int, str], random: Random) -> list[_Row]:
    """Return the rows of a bookmaker in a market, oldest first."""
    chance, busy = random.random, bookmaker.busy
    rows: list[_Row] = []
    first = others = latest = ""
    bias = int(chance() * 20) - 10
    for at, is_sealed, is_event, home, middle, away, before, after_open, after_sealed in offers:
        if chance() > (0.85 if is_event else busy) and rows:
            continue
        # 1. The price: a new one, the old one while suspended, rarely all zeros.
        if not is_sealed or not first:
            shade = bias + int(chance() * 9) - 4
            first = prices[home + shade]
            others = f",{middle if isinstance(middle, str) else prices[middle]},{prices[away - shade]}"
        elif chance() < 0.0008:
            first, others = "0.0", ",0.0,0.0"
        # 2. The row, unless it repeats the one before.
        after = after_sealed if is_sealed else after_open
        now = f"{first}{others}{after}"
        if now != latest:
            rows.append((at, before, first, others, after, "" if is_sealed else after_sealed))
            latest = now
        # 3. Sometimes a correction in the same second after a reopening.
        if is_event and not is_sealed and chance() < 0.2:
            first = prices[home + bias + 9]
            others = f",{middle if isinstance(middle, str) else prices[middle]},{prices[away - bias - 9]}"
            rows.append((at, before, first, others, after_open, after_sealed))
            latest = f"{first}{others}{after_open}"
    return rows


def _series(
    company: int, market: str, rows: list[_Row], random: Random, intermediate: Intermediate
) -> Series:
    """Return the series of these rows, with intermediate ones of the same second before some open ones.

    Every other intermediate row is suspended. Rows of one second differ, so a client that takes another row
    than the last as the newest shows a wrong price.
    """
    chance, share = random.random, intermediate.share
    times: list[int] = []
    texts: list[str] = []
    for at, before, first, others, after, after_sealed in rows:
        if chance() < share and after_sealed:
            count = random.randint(1, intermediate.most)
            for step in range(count):
                shown = _raised(first, count - step // 2 * 2)
                times.append(at)
                texts.append(f"{before}{shown}{others}{after_sealed if step % 2 else after}")
        times.append(at)
        texts.append(f"{before}{first}{others}{after}")
    ends = array("I", accumulate([len(text) + 1 for text in texts]))
    return Series(company, market, array("I", times), ends, ",".join(reversed(texts)).encode())


@lru_cache(maxsize=8_192)
def _raised(price: str, steps: int) -> str:
    return str(round(float(price) + 0.03 * steps, 2))


_PRICED = range(-30, 1_031)  # chances in thousandths, as far as a bookmaker's shade takes them


def _bounded(chance: int) -> int:
    return max(2, min(985, chance))


@lru_cache(maxsize=32)
def _decimal(margin: float) -> dict[int, str]:
    """Return decimal prices, stake included, by chance in thousandths; long ones are whole numbers."""
    fair = {chance: 1_000 / (_bounded(chance) * (1 + margin)) for chance in _PRICED}
    return {
        chance: repr(max(1.0, min(501.0, float(round(price)) if price > 20 else round(price, 2))))
        for chance, price in fair.items()
    }


@lru_cache(maxsize=32)
def _hong_kong(margin: float) -> dict[int, str]:
    """Return Hong Kong prices, without the stake, by chance in thousandths."""
    fair = {chance: 1_000 / (_bounded(chance) * (1 + margin)) - 1 for chance in _PRICED}
    return {chance: repr(round(max(0.01, min(30.0, price)), 2)) for chance, price in fair.items()}
