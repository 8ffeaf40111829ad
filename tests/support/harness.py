"""A pipeline and a failing vendor on one clock; each cycle is compared with the truth.

The world knows what was true at any second. What a fault made up inside a reply of the right types cannot be
told from the truth by anyone who reads it; the simulator's log names it, and for exactly the parts of exactly
the matches that it touched, the truth is not asked for.
"""

import functools
import gc
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
import time_machine

from footy.mirror.state import State
from footy.pipeline.cycle import CycleResult
from footy.record import MatchRecord
from footy.service.app import App, running_app
from footy.service.paths import Files
from footy.settings import Mode, load
from tests.support import oracle
from thesports_simulator.process import RunningSimulator
from thesports_simulator.world import feeds
from thesports_simulator.world.world import World

INTERVAL = 6.0
"""So that a cycle ends before an endpoint that rests is asked again, and one that hangs takes 4.8 s."""
EPOCH = 1_748_450_000
QUICK = {
    "FOOTY_RATE_LIMITS": "off",
    "FOOTY_INTERVAL": f"{INTERVAL:g}",
    "FOOTY_TIMEOUT": "4",
    "FOOTY_BACKOFF": "0.01",
}
SHORTER = {"FOOTY_INTERVAL": "2", "FOOTY_TIMEOUT": "0.5"}
"""For many trials whose cycles hang; a busy machine may make their calls time out, too."""
STRATEGIES = ("delta", "per-match")

Part = Literal["live", "detail", "odds", "home", "away", "competition", "country"]
SOURCES: tuple[Part, ...] = ("live", "detail", "odds", "home", "away", "competition", "country")
AGES = {"live": "fetched_at", "detail": "detail_fetched_at", "odds": "odds_fetched_at"}
_IDS: Mapping[Part, str] = {
    "home": "home_id",
    "away": "away_id",
    "competition": "competition_id",
    "country": "country_id",
}
"""The field that names each part of a record that is named by another."""
UNSETTLED = {"missing", "stale", "partial", "mock"}
LIVE, DETAIL, ODDS = "match/detail_live", "match/recent/list", "odds/history"
TEAM, COMPETITION = "team/additional/list", "competition/additional/list"
_NOTHING = oracle.Picture(
    {"id": "", "score": ["", 1, [], [], 0]},
    None,
    None,
    {},
    {},
    None,
    live_at=1,
    detail_at=0,
    odds_at=0,
    published_at=1,
)
OF_DETAIL = set(oracle.of_detail(_NOTHING.live, None, None, None))
NOT_OF_THE_WORLD = [
    name for name in oracle.record(_NOTHING) if name.endswith("_source") or name == "data_age_s"
]
"""The fields of a record that tell what became of calls, and when."""


@dataclass
class Cycle:
    """What one cycle came to, and what the vendor saw of it."""

    outcome: CycleResult
    seconds: float
    arrived: int
    """Requests that reached the vendor."""
    replies: list[dict[str, Any]]
    falsehoods: list[str]
    """Fields that differ from the truth, but for what a fault made up."""
    made_up: list[str]
    """Fields that differ because of what a fault made up."""
    interval: float
    listed: set[str]
    """The matches that were on the vendor's list."""

    @functools.cached_property
    def records(self) -> dict[str, MatchRecord]:
        snapshot = self.outcome.snapshot
        return {} if snapshot is None else {record["match_id"]: record for record in snapshot["matches"]}

    @property
    def complete(self) -> bool:
        return self.outcome.snapshot is not None and self.outcome.snapshot["meta"]["complete"]

    @property
    def problems(self) -> list[str]:
        return [] if self.outcome.snapshot is None else self.outcome.snapshot["meta"]["problems"]

    def sources(self, *parts: Part) -> list[str]:
        return [source(record, part) for record in self.records.values() for part in parts or SOURCES]

    def complaints(self, before: "Cycle | None") -> list[str]:
        """Say what this cycle did that none may do, whatever the vendor did."""
        budget = self.outcome.spent
        said = [*self.falsehoods, *self._dishonesties()]
        if self.seconds >= self.interval:
            said.append(f"the cycle took {self.seconds:.2f} s")
        made = budget.attempts - budget.retries
        if budget.retries > max(3, made // 5):
            said.append(f"{budget.retries} retries for {made} calls")
        if self.arrived > budget.attempts:
            said.append(f"{self.arrived} requests arrived, {budget.attempts} are owned up to")
        if before is not None:
            said += self._losses(before)
        return said

    def _dishonesties(self) -> list[str]:
        """Name what the snapshot says of itself that is not so."""
        said = []
        if self.outcome.snapshot is not None:
            unsettled = sorted(set(self.sources()) & UNSETTLED)
            if self.complete and (unsettled or self.outcome.error is not None):
                said.append(f"complete, and yet {unsettled or self.outcome.error}")
            if not self.complete and not self.problems:
                said.append("incomplete, and yet no problem is named")
        for match_id, record in self.records.items():
            for part, at in AGES.items():
                held = record[at]  # type: ignore[literal-required]
                if (held is None) != (source(record, cast("Part", part)) in {"missing", "refused", "mock"}):
                    said.append(f"{match_id}: {part} is {source(record, cast('Part', part))} of {held}")
            oldest = min(seconds_of(record[at]) for at in AGES.values() if record[at])  # type: ignore[literal-required]
            if abs(record["data_age_s"] - (time.time() - oldest)) > 0.01:
                said.append(f"{match_id}: data_age_s {record['data_age_s']}, but {time.time() - oldest:.3f}")
        return said

    def _losses(self, before: "Cycle") -> list[str]:
        """Name what was held in the cycle before and is missing now."""
        gone = before.records.keys() & self.listed - self.records.keys()
        if any(reply["fault"] and reply["fault"].startswith("empty_list") for reply in self.replies):
            gone = set()
        gone -= {one for reply in self.replies if "quirks" in reply for one in reply.get("touched", ())}
        return [f"{match_id}: it was shown and is still listed" for match_id in gone] + [
            f"{match_id}: {part} was {source(was, part)} and is missing"
            for match_id, record in self.records.items()
            if (was := before.records.get(match_id)) is not None
            for part in SOURCES
            if source(record, part) == "missing"
            and source(was, part) != "missing"
            # What is named only since, by a detail that was not held before, was not held either.
            and (part in {"live", "detail", "odds"} or source(was, "detail") != "missing")
            # An id that cannot be read names nothing, whatever was held under it.
            and (part not in _IDS or record[_IDS[part]] is not None)  # type: ignore[literal-required]
        ]


def shift_gates(app: App, seconds: float) -> None:
    """Let cooldowns, refusals and quotas, which are kept by the monotonic clock, come nearer to their end."""
    for state in app.transport.breaker._states.values():
        state.cool_until -= seconds
        state.probe_at -= seconds
    windows = app.transport.quota._sent
    for name, sent in windows.items():
        windows[name] = deque(moment - seconds for moment in sent)


def source(record: MatchRecord, part: Part) -> str:
    return cast("str", record[f"{part}_source"])  # type: ignore[literal-required]


@dataclass
class Trial:
    """A pipeline and a vendor under observation."""

    simulator: RunningSimulator
    app: App
    clock: Any
    interval: float
    state: State = field(default_factory=State)
    cycles: list[Cycle] = field(default_factory=list)
    excused: set[tuple[str, str]] = field(default_factory=set)
    """What faults touched: (live, detail, odds, team or competition; id, or `*`)."""

    def __post_init__(self) -> None:
        self.world = self.simulator.world()
        self._seen = self.simulator.control.last_number()
        self._known = Known(self.world)

    def inject(self, *faults: str) -> None:
        self.simulator.control.set_faults(*faults)

    def recovers(self) -> None:
        self.simulator.control.clear_faults()

    def wait(self, seconds: float) -> None:
        """Let time pass for everyone: the world, the clock on the wall, cooldowns and quotas."""
        self.simulator.control.advance(seconds)
        self.clock.shift(seconds)
        shift_gates(self.app, seconds)

    def run(self) -> CycleResult:
        """Run a cycle without comparing it with anything."""
        outcome = self.app.pipeline.run(self.state, len(self.cycles) + 1)
        self.state = outcome.state
        return outcome

    def listen(self) -> None:
        """Ask between two cycles, as the service does where they are far apart."""
        self.state = self.app.pipeline.listen(self.state)

    def cycle(self) -> Cycle:
        """Run a cycle, and compare it with the truth."""
        control = self.simulator.control
        arrived = control.stats()["total"]
        since = self.state.details_feed.latest - 120
        started = time.monotonic()
        outcome = self.run()
        seconds = time.monotonic() - started
        replies = control.log(self._seen)
        self._seen = replies[-1]["seq"] if replies else self._seen
        for reply in replies:
            self.excused |= set(self._touched(reply, since))
        cycle = Cycle(
            outcome,
            seconds,
            control.stats()["total"] - arrived,
            replies,
            [],
            [],
            self.interval,
            set(self.world.live_ids(int(time.time()))) - self.state.deleted,
        )
        for record in cycle.records.values():
            true, made_up = self._lies(record)
            cycle.falsehoods += true
            cycle.made_up += made_up
        self.cycles.append(cycle)
        return cycle

    def _touched(self, reply: Mapping[str, Any], since: int) -> Iterator[tuple[str, str]]:
        """Name what a fault made up in a reply, a part of a match or a reference each."""
        endpoint, uuid, at = reply["endpoint"], reply["uuid"], reply["at"]
        kinds = {DETAIL: "detail", ODDS: "odds", TEAM: "team", COMPETITION: "competition"}
        lied = reply["fault"] and reply["fault"].startswith(("vanish", "unknown_uuid"))
        for place in reply.get("touched", ["all"] if lied else []):
            path = place.split(".")
            inside = path[1:] if path[0] == "results" else []
            if endpoint == LIVE:
                yield "live", self.world.live_ids(at)[int(inside[0])] if inside else path[0]
            elif endpoint in kinds and uuid:
                yield kinds[endpoint], uuid
            elif endpoint == DETAIL and inside:
                asked = int(reply.get("time", since))
                yield "detail", self.world.since("match", asked, at)[int(inside[0])]["id"]
            elif endpoint == "odds/live" and len(inside) > 1:
                yield "odds", feeds.odds_live(self.world, at)[inside[0]][int(inside[1])][0]
            elif endpoint == "odds/live":
                yield "odds", "*"
            elif endpoint in kinds:
                yield kinds[endpoint], "*"
            elif endpoint in {"country/list", "category/list"}:
                yield "country", "*"

    def _lies(self, record: MatchRecord) -> tuple[list[str], list[str]]:
        """Name the fields that differ from the truth: those without an excuse, and those with one."""
        false = false_fields(record, self._truth(record))
        excused = self._excused(record) if false else set()
        lies: tuple[list[str], list[str]] = [], []
        for name, sentence in false:
            lies[not excused.isdisjoint(parts_of(name))].append(sentence)
        return lies

    def _excused(self, record: MatchRecord) -> set[Part]:
        match_id = record["match_id"]
        detail = self.world.detail_row(match_id, int(time.time())) or {}
        ids: dict[Part, tuple[str, Any]] = {
            "live": ("live", match_id),
            "detail": ("detail", match_id),
            "odds": ("odds", match_id),
            "home": ("team", detail.get("home_team_id")),
            "away": ("team", detail.get("away_team_id")),
            "competition": ("competition", detail.get("competition_id")),
            "country": ("country", "*"),
        }
        return {part for part, key in ids.items() if key in self.excused or (key[0], "*") in self.excused}

    def _team(self, team_id: str, at: int) -> oracle.Unchanging | None:
        """Give a team as it was, or the one that it was merged into."""
        row = self._known.team(team_id, at)
        survivor = row.get("uid") if row else None
        return self._known.team(survivor, at) if survivor and survivor != team_id else row

    def _truth(self, record: MatchRecord) -> dict[str, Any]:
        live_at, detail_at, odds_at = (
            seconds_of(at) if at else 0.0
            for at in (record["fetched_at"], record["detail_fetched_at"], record["odds_fetched_at"])
        )
        match_id, held = record["match_id"], self.state.references
        live = self._known.live(match_id, int(live_at))
        assert live is not None
        detail = self._known.detail(match_id, int(detail_at)) if detail_at else None
        ids = [detail["home_team_id"], detail["away_team_id"]] if detail else []
        teams = {
            one: self._team(one, int(held.teams[one].fetched_at or 0))
            for one in ids
            if one in held.teams and held.teams[one].value is not None
        }
        competition_id = detail["competition_id"] if detail else ""
        competition = held.competitions.get(competition_id)
        competitions = (
            {competition_id: self._known.competition(competition_id, int(competition.fetched_at or 0))}
            if competition is not None and competition.value is not None
            else {}
        )
        return oracle.record(
            oracle.Picture(
                live=live,
                detail=detail,
                odds=self._known.odds(match_id, int(odds_at)) if odds_at else None,
                teams=teams,
                competitions=competitions,
                countries=self._known.countries if held.countries.value is not None else None,
                live_at=live_at,
                detail_at=detail_at,
                odds_at=odds_at,
                published_at=time.time(),
                told=told(self.state, record),
            )
        )


Shown = tuple[dict[str, Any] | None, int]
"""What a world shows at a time, and when, at the earliest, it shows something else."""


class Known:
    """What a world shows at any time: the same object as long as it stays the same."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._held: dict[tuple[str, str], tuple[int, int, oracle.Unchanging | None]] = {}
        self.countries = oracle.Unchanging({row["id"]: row for row in world.countries()})

    def live(self, match_id: str, at: int) -> oracle.Unchanging | None:
        return self._at("live", match_id, at, self._live)

    def detail(self, match_id: str, at: int) -> oracle.Unchanging | None:
        return self._at("detail", match_id, at, self._detail)

    def odds(self, match_id: str, at: int) -> oracle.Unchanging | None:
        return self._at("odds", match_id, at, self._odds)

    def team(self, team_id: str, at: int) -> oracle.Unchanging | None:
        return self._at("team", team_id, at, self._team)

    def competition(self, competition_id: str, at: int) -> oracle.Unchanging | None:
        return self._at("competition", competition_id, at, self._competition)

    def _at(
        self, part: str, id_: str, at: int, show: Callable[[str, int], Shown]
    ) -> oracle.Unchanging | None:
        since, until, held = self._held.get((part, id_), (at, at, None))
        if since <= at < until:
            return held
        content, until = show(id_, at)
        if content is None:
            held = None
        elif held is None or not dict.__eq__(held, content):
            held = oracle.Unchanging(content)
        self._held[part, id_] = at, until, held
        return held

    def _live(self, match_id: str, at: int) -> Shown:
        match = self._world.match(match_id, at)
        if match is None:
            return None, at + 1
        return match.live_element(at), min(match.live_until(at), match.fixture.deleted_at)

    def _detail(self, match_id: str, at: int) -> Shown:
        match = self._world.match(match_id, at)
        if match is None:
            return None, at + 1
        return match.detail_row(at), min(match.row_until(at), match.fixture.deleted_at)

    def _odds(self, match_id: str, at: int) -> Shown:
        match = self._world.match(match_id, at)
        if match is None:
            return {}, at + 1
        odds = self._world.odds_of(match)
        return decoded(odds.results(at)), min(odds.until(at), match.fixture.deleted_at)

    def _team(self, team_id: str, at: int) -> Shown:
        return self._world.team(team_id, at), at + 1

    def _competition(self, competition_id: str, at: int) -> Shown:
        return self._world.competition(competition_id, at), at + 1


def decoded(body: bytes) -> dict[str, Any]:
    """Return an object of many lists; to look for garbage among them takes longer than to make them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        found: dict[str, Any] = msgspec.json.decode(body)
    finally:
        if was_enabled:
            gc.enable()
    return found


def false_fields(record: MatchRecord, truth: dict[str, Any]) -> list[tuple[str, str]]:
    """Name the fields that are not as the world was, each with a sentence."""
    for name in NOT_OF_THE_WORLD:
        del truth[name]
    if truth.items() <= record.items():
        return []
    return [
        (name, f"{record['match_id']} {name}: {told!r} but {true!r}")
        for name, true in truth.items()
        if (told := record[name]) != true  # type: ignore[literal-required]
    ]


def told(state: State, record: MatchRecord) -> dict[str, list[int]] | None:
    """Return the bookmakers of a record whose odds history has not been read; None if it has."""
    odds = state.matches[record["match_id"]].odds.value
    return oracle.bookmakers_shown(record) if odds is not None and odds.partial else None


def parts_of(name: str) -> set[Part]:
    """Tell what a field of the record is made of."""
    if name.startswith("early_"):
        return {"odds"}
    if name.startswith("current_"):
        return {"odds", "live"}
    if name.startswith(("competition", "country", "category")):
        return {"detail", "competition", "country"}
    for side in ("home", "away"):
        if name == side or name.startswith(
            tuple(f"{side}_{what}" for what in ("id", "short", "logo", "country", "gender", "national"))
        ):
            return {"detail", "home" if side == "home" else "away"}
    return {"live", "detail"} if name == "extra_time" else {"detail"} if name in OF_DETAIL else {"live"}


def seconds_of(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@contextmanager
def begin(
    simulator: RunningSimulator, folder: Path, *, strategy: str = "delta", **more: str
) -> Iterator[Trial]:
    """Watch a fresh pipeline beside a running, healthy vendor."""
    simulator.control.clear_faults()
    simulator.control.reset()  # or the list of arrivals, which all counts come with, would grow
    settings = load(
        {
            "THESPORTS_USER": simulator.user,
            "THESPORTS_SECRET": simulator.secret,
            "FOOTY_BASE_URL": simulator.base_url,
            "FOOTY_STRATEGY": strategy,
            **QUICK,
            **more,
        },
        Path("absent"),
    ).settings
    with (
        time_machine.travel(simulator.control.clock()["now"], tick=False) as clock,
        running_app(settings, Mode.LIVE, Files(folder)) as app,
    ):
        yield Trial(simulator, app, clock, settings.interval)


def everywhere_but(endpoints: Iterable[str], *faults: str) -> list[str]:
    """Write faults for every endpoint but these."""
    others = {LIVE, DETAIL, ODDS, TEAM, COMPETITION, "odds/live", "odds/update", "deleted"}
    others |= {"country/list", "category/list"}
    return [f"{fault}@{endpoint}" for fault in faults for endpoint in sorted(others - set(endpoints))]


def mixed(rate: float, faults: Iterable[str]) -> list[str]:
    """Write faults that befall so large a share of the calls together, each as often as the others."""
    kinds = list(faults)
    share = rate / len(kinds)
    # Each is drawn for the calls that those before it left alone.
    return [f"{kind}:{share / (1 - number * share):.6f}" for number, kind in enumerate(kinds)]


def written(fault: str) -> str:
    """Write a fault for every call; matches that vanish are half of them."""
    return f"{fault}:0.5" if fault == "vanish" else fault
