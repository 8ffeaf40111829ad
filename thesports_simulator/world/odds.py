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
        self._changes = array(
            "Q",
            sorted(time << 8 | index for index, series in enumerate(self.series) for time in series.times),
        )

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
        # A separate generator, so that all other rows are the same with and without intermediate ones.
        between = Random(f"intermediate:{fixture.id}")
        for bookmaker in BOOKMAKERS:
            chance = 1.0 if light else bookmaker.presence * (0.35 + liquidity)
            if (light and bookmaker.company not in _LIGHT) or random.random() > chance:
                continue
            for market in _MARKETS:
                if market in bookmaker.markets and self._is_offered(market, fixture, random, liquidity):
                    rows = _with_intermediate(
                        _rows(made, bookmaker, market, random), between, _INTERMEDIATE[fullness]
                    )
                    times = array("I", [at for at, _ in rows])
                    ends = array("I", accumulate([len(text) + 1 for _, text in rows]))
                    text = ",".join([text for _, text in reversed(rows)])
                    self.series.append(Series(bookmaker.company, market, times, ends, text.encode()))

    @staticmethod
    def _is_offered(market: str, fixture: Fixture, random: Random, liquidity: float) -> bool:
        if market == "cr":
            return fixture.is_covered and random.random() < 0.2 + 0.5 * liquidity**2
        return random.random() < 0.97


def _tempo(liquidity: float) -> Tempo:
    """Return the tempo: from a few rows per series to a row every few seconds at high liquidity."""
    return Tempo(11 + 110 * (1 - liquidity) ** 1.5, int(60 * liquidity**2), 4 + 110 * liquidity**2)


def _rows(made: list[Quote], bookmaker: Bookmaker, market: str, random: Random) -> list[tuple[int, str]]:
    """Return the rows of a bookmaker in a market, oldest first, each with its time."""
    prices = _decimal(bookmaker.margin) if market == "eu" else _hong_kong(bookmaker.margin)
    read = _READ[market]
    chance, busy = random.random, bookmaker.busy
    rows: list[tuple[int, str]] = []
    latest = prices_text = ""
    bias = int(chance() * 20) - 10
    for quote in made:
        if chance() > (0.85 if quote.is_event else busy) and rows:
            continue
        # 1. The price: a new one, the old one while suspended, rarely all zeros.
        if not quote.sealed or not prices_text:
            home, middle, away = read(quote)
            shade = bias + int(chance() * 9) - 4
            low, high = prices[max(2, min(985, home + shade))], prices[max(2, min(985, away - shade))]
            prices_text = f"{low},{prices[middle] if isinstance(middle, int) else middle},{high}"
        elif chance() < 0.0008:
            prices_text = "0.0,0.0,0.0"
        # 2. The row, unless it repeats the one before.
        score = quote.corners if market == "cr" else quote.goals
        now = f'{prices_text},{quote.status},{quote.sealed:d},"{score}"]'
        if now != latest:
            rows.append((quote.at, f'[{quote.at},"{quote.minute}",{now}'))
            latest = now
        # 3. Sometimes a correction in the same second after a reopening.
        if quote.is_event and not quote.sealed and chance() < 0.2:
            home, middle, away = read(quote)
            low, high = prices[max(2, min(985, home + bias + 9))], prices[max(2, min(985, away - bias - 9))]
            prices_text = f"{low},{prices[middle] if isinstance(middle, int) else middle},{high}"
            latest = f'{prices_text},{quote.status},0,"{score}"]'
            rows.append((quote.at, f'[{quote.at},"{quote.minute}",{latest}'))
    return rows


def _with_intermediate(
    rows: list[tuple[int, str]], random: Random, intermediate: Intermediate
) -> list[tuple[int, str]]:
    """Return the rows, oldest first, with intermediate rows of the same second before some open ones.

    Every other intermediate row is suspended. Rows of one second differ, so a client that takes another row
    than the last as the newest shows a wrong price.
    """
    made: list[tuple[int, str]] = []
    for at, text in rows:
        if random.random() < intermediate.share:
            time, minute, home, line, away, status, sealed, score = text[1:-1].split(",")
            count = random.randint(1, intermediate.most) if sealed == "0" else 0
            before, between, price = f"[{time},{minute},", f",{line},{away},{status},", float(home)
            for step in range(count):
                shown = round(price + 0.03 * (count - step // 2 * 2), 2)
                made.append((at, f"{before}{shown}{between}{step % 2},{score}]"))
        made.append((at, text))
    return made


_READ: dict[str, Callable[[Quote], tuple[int, int | float, int]]] = {
    "asia": lambda quote: (quote.asia_home, quote.asia_line, 1_000 - quote.asia_home),
    "eu": lambda quote: (quote.home, quote.draw, quote.away),
    "bs": lambda quote: (quote.goals_over, quote.goal_line, 1_000 - quote.goals_over),
    "cr": lambda quote: (quote.corners_over, quote.corner_line, 1_000 - quote.corners_over),
}


@lru_cache(maxsize=32)
def _decimal(margin: float) -> list[str]:
    """Return decimal prices, stake included, by chance in thousandths; long ones are whole numbers."""
    fair = [1_000 / (max(1, chance) * (1 + margin)) for chance in range(1_001)]
    return [
        repr(max(1.0, min(501.0, float(round(price)) if price > 20 else round(price, 2)))) for price in fair
    ]


@lru_cache(maxsize=32)
def _hong_kong(margin: float) -> list[str]:
    """Return Hong Kong prices, without the stake, by chance in thousandths."""
    fair = [1_000 / (max(1, chance) * (1 + margin)) - 1 for chance in range(1_001)]
    return [repr(round(max(0.01, min(30.0, price)), 2)) for price in fair]
