"""The report of the cycle benchmark: tables, promises, a picture."""

import importlib.metadata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks import chart
from benchmarks.clients.meter import Lap
from benchmarks.report import Check, Report, Table

WORKERS = 30
PROMISED_AT, PROMISED_LARGE, PROMISED_LATENCY = 102, 1000, 0.28
COLD_CALLS, COLD_CALLS_LARGE, COLD_WALL_LARGE_S = 320, 1150, 15.0
STEADY, ONE_NEW, MORE_NEW = "footy, steady", "footy, one new match", "footy, more new"
COLD, WARM, FIRST = "footy, per match, cold", "footy, per match, warm", "footy, first cycle"
TWO_PHASE = "two-phase asyncio"
NAMES = {"cold": COLD, "warm": WARM, "delta cold": FIRST}
ORDER = (STEADY, ONE_NEW, MORE_NEW, FIRST, WARM, COLD, TWO_PHASE, "dlt", "sequential")
SHOWN = (STEADY, ONE_NEW, WARM, COLD, TWO_PHASE, "dlt", "sequential")
"""The rows that the picture shows."""
PEERS = """\
The peers ({versions}) decode all replies and join names, scores and newest prices to a row a match; they
neither check nor publish it. *Two-phase asyncio* keeps 30 connections busy with details and odds, waits
for all, then asks for teams and competitions, every cycle anew, as the guide of footy's predecessor
describes it. *dlt* is its `rest_api` source with its children `parallelized` on 30 threads over 30 pooled
connections; its rows are taken from the source, without normalizing and loading them. *Sequential* makes
one call after the other over one connection, at {first} matches only. The others run up to {last}
matches."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of the measurements."""

    sizes: tuple[int, ...]
    peer_sizes: tuple[int, ...]
    repeat: int
    cycles: int
    settling: int
    interval: float
    latency: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one client at one size: medians, and maxima if so named."""

    count: int
    calls: float
    most_calls: int
    megabytes: float
    wall_s: float
    bound_s: float
    cpu_s: float
    peak_mb: float
    """The largest of all laps."""


def report_of(plan: Plan, laps: Sequence[tuple[int, Lap]]) -> Report:
    """Return the report of all laps, each with the size of its world."""
    found: dict[tuple[int, str], list[Lap]] = {}
    for size, lap in laps:
        found.setdefault((size, _name(lap)), []).append(lap)
    figures = {
        (size, name): _figures(found[size, name], plan.latency)
        for size in plan.sizes
        for name in ORDER
        if (size, name) in found
    }
    every_delta = {
        size: _figures([lap for at, lap in laps if at == size and lap.kind == "delta"], plan.latency)
        for size in plan.sizes
    }
    return Report(
        name="cycle",
        title="A cycle",
        intro=_intro(plan),
        tables=[_table(size, figures) for size in plan.sizes],
        checks=_checks(plan, figures, every_delta) if plan.latency == PROMISED_LATENCY else [],
        notes=_notes(plan, laps),
        picture=_picture(plan, figures),
        caption="Seconds for a cycle by number of matches",
    )


def _name(lap: Lap) -> str:
    if lap.kind == "delta":
        return STEADY if lap.new == 0 else ONE_NEW if lap.new == 1 else MORE_NEW
    return NAMES.get(lap.kind, lap.kind)


def _figures(laps: Sequence[Lap], latency: float) -> Figures:
    calls = median(lap.calls for lap in laps)
    return Figures(
        count=len(laps),
        calls=calls,
        most_calls=max(lap.calls for lap in laps),
        megabytes=median(lap.bytes for lap in laps) / 1e6,
        wall_s=median(lap.wall_s for lap in laps),
        bound_s=max(1.0, calls / WORKERS) * latency,
        cpu_s=median(lap.cpu_s for lap in laps),
        peak_mb=max(lap.peak_mb for lap in laps),
    )


def _intro(plan: Plan) -> str:
    return f"""\
The vendor answers after {plan.latency} s; quotas and deadline are off; full odds. *Cold* is the first
cycle on an empty data folder, *warm* the one after it, both with `FOOTY_STRATEGY=per-match`; *first
cycle* is a cold one of the default strategy. Both read details, competitions and, where very many are
missing, teams by page; a list of teams has a page for each 120 matches here, but 80 pages at the vendor.
*Steady* is the default strategy at a real interval of {plan.interval:g} s, with its self-check and all
feeds, in cycles that bring no new match; those that bring some are listed apart. The bound is calls ÷
{WORKERS} workers × latency, one round trip at least. Bytes are bodies as they were sent, compressed.
CPU is the client's own, of all its threads until it rests, start-up apart; footy's includes writing the
snapshot, the state and the cache. Each client runs in a fresh process; its peak memory is that process's,
with all it did before. Medians; of calls and memory also the most."""


def _table(size: int, figures: dict[tuple[int, str], Figures]) -> Table:
    rows = [
        (
            name,
            str(one.count),
            f"{one.calls:g}" if one.calls == one.most_calls else f"{one.calls:g} (≤ {one.most_calls})",
            f"{one.megabytes:.2f}",
            f"{one.wall_s:.2f}",
            f"{one.wall_s / one.bound_s:.2f}",
            f"{one.cpu_s:.3f}",
            f"{one.peak_mb:.0f}",
        )
        for (at, name), one in figures.items()
        if at == size
    ]
    columns = ("", "cycles", "calls", "MB", "wall s", "÷ bound", "CPU s", "peak MB")
    return Table(f"{size:,} matches", columns, rows)


def _checks(
    plan: Plan, figures: dict[tuple[int, str], Figures], every_delta: dict[int, Figures]
) -> list[Check]:
    checks: list[Check] = []

    def at_most(words: str, limit: float, measured: float, unit: str = "") -> None:
        checks.append(_at_most(words, limit, measured, unit))

    def promise(name: str, calls: int, wall: float, cpu: float) -> None:
        one = figures.get((PROMISED_AT, name))
        if one is None:
            return
        at_most(f"{name}: calls, the most", calls, one.most_calls)
        at_most(f"{name}: wall", wall, one.wall_s, " s")
        at_most(f"{name}: CPU", cpu, one.cpu_s, " s")
        at_most(f"{name}: peak memory", 140, one.peak_mb, " MB")

    trip = plan.latency
    for name, calls, cpu in ((COLD, COLD_CALLS, 1.5), (WARM, 206, 0.7)):
        if (one := figures.get((PROMISED_AT, name))) is not None:
            promise(name, calls, 1.10 * one.bound_s + 2 * trip, cpu)
    checks += _first_checks(figures)
    promise(STEADY, 8, trip + 0.20, 0.06)
    if (one := figures.get((PROMISED_AT, ONE_NEW))) is not None:
        at_most(f"{ONE_NEW}: wall", 3 * trip + 0.15, one.wall_s, " s")
    peer = figures.get((PROMISED_AT, TWO_PHASE))
    if peer is not None:
        cold, steady = figures[PROMISED_AT, COLD].wall_s, figures[PROMISED_AT, STEADY].wall_s
        at_most(f"{COLD} ÷ {TWO_PHASE}: wall", 1.0, cold / peer.wall_s)
        faster = peer.wall_s / steady
        checks.append(Check(f"{TWO_PHASE} ÷ {STEADY}: wall", "≥ 8", f"{faster:.3g}", faster >= 8))
    if PROMISED_LARGE in every_delta:
        one = every_delta[PROMISED_LARGE]
        at_most(f"{PROMISED_LARGE:,} matches, all steady cycles: calls, the most", 20, one.most_calls)
        at_most(f"{PROMISED_LARGE:,} matches, all steady cycles: CPU", 0.5, one.cpu_s, " s")
    return checks


def _first_checks(figures: dict[tuple[int, str], Figures]) -> list[Check]:
    """Return the checks of cold starts by page that go beyond those of every cycle."""
    checks = []
    if (one := figures.get((PROMISED_AT, FIRST))) is not None:
        checks.append(_at_most(f"{FIRST}: calls, the most", COLD_CALLS, one.most_calls))
    for name in (FIRST, COLD):
        if (one := figures.get((PROMISED_LARGE, name))) is not None:
            words = f"{PROMISED_LARGE:,} matches, {name}"
            checks.append(_at_most(f"{words}: calls, the most", COLD_CALLS_LARGE, one.most_calls))
            checks.append(_at_most(f"{words}: wall", COLD_WALL_LARGE_S, one.wall_s, " s"))
    return checks


def _at_most(words: str, limit: float, measured: float, unit: str = "") -> Check:
    return Check(words, f"≤ {_shown(limit)}{unit}", f"{_shown(measured)}{unit}", measured <= limit)


def _shown(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"


def _notes(plan: Plan, laps: Iterable[tuple[int, Lap]]) -> list[str]:
    notes = []
    incomplete = sum(not lap.complete for _, lap in laps)
    if incomplete:
        notes.append(f"{incomplete} of footy's cycles were incomplete: their figures flatter it.")
    if plan.peer_sizes:
        versions = ", ".join(
            f"{name} {importlib.metadata.version(name)}" for name in ("aiohttp", "dlt", "requests")
        )
        notes.append(PEERS.format(versions=versions, first=min(plan.peer_sizes), last=max(plan.peer_sizes)))
    return notes


def _picture(plan: Plan, figures: dict[tuple[int, str], Figures]) -> str:
    series = []
    for name in SHOWN:
        points = [(float(size), figures[size, name].wall_s) for size in plan.sizes if (size, name) in figures]
        if points:
            series.append(chart.Series(name, points))
    across = chart.Axis("matches", logarithmic=True, ticks=[float(size) for size in plan.sizes])
    up = chart.Axis("seconds, logarithmic", logarithmic=True)
    return chart.lines(f"A cycle at {plan.latency} s a call", across, up, series)
