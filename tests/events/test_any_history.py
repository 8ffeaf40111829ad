"""Whatever a match does and footy misses of it, the events end at what the last record says."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from footy.events.detect import NoRecord
from footy.events.detector import Detector
from footy.events.emitted import decoded, encoded
from footy.events.sighting import EventRules
from footy.events.types import INCIDENT_TYPES, PRICE_TYPES, Event
from footy.history import Commit, Log, opened
from footy.record import IncidentRecord
from tests.events.watch import KICK_OFF, Watch, goals_told, incident, money_line, record, said, spread

LONGEST_S = 200.0

# Each is made once: hypothesis checks a strategy that is made anew for each draw each time.
booleans = st.booleans()
goals = st.integers(0, 4)
scores = st.tuples(goals, goals)
players = st.sampled_from([None, "A", "B", "C"])
incident_types = st.sampled_from([1, 8, 3, 3, 4, 9, 28, 29])
sides = st.sampled_from(["home", "away"])
sides_reviewed = st.sampled_from(["home", "away", None])
review_results = st.sampled_from([None, 1, 2, 10])
minutes = st.integers(1, 5)


@st.composite
def listed(draw: st.DrawFn) -> IncidentRecord:
    """Return a card, a substitution, a review or a goal of some side, minute and player."""
    type_id = draw(incident_types)
    side = draw(sides_reviewed if type_id == 28 else sides)
    fields: dict[str, Any] = {"player": draw(players)}
    if type_id in {1, 8} and draw(booleans):
        fields |= {"home_score": draw(goals), "away_score": draw(goals)}
    if type_id == 28:
        fields["var_result_id"] = draw(review_results)
    return incident(type_id, side, draw(minutes), **fields)


fields_unknown = st.sampled_from([(), (), (), ("home_score",), ("home_score", "away_score")])
incident_lists = st.none() | st.lists(listed(), max_size=5)
statuses = st.sampled_from([*range(14), 2, 4, 4, 4, 4, 8, 14])
live_sources = st.sampled_from(["fresh", "fresh", "fresh", "push", "stale"])
odds_sources = st.sampled_from(["fresh", "stale"])
prices = st.sampled_from([1.5, 2.0, 3.0])
lines = st.sampled_from([-0.5, 0.0])
bookmakers = st.sampled_from([2, 3])


@st.composite
def sights(draw: st.DrawFn) -> dict[str, Any]:
    """Return fields of a record: any status, any score, known or not, and any list of incidents."""
    home, away = draw(scores)
    unknown = draw(fields_unknown)
    incidents = draw(incident_lists)
    fields: dict[str, Any] = {
        "status_id": draw(statuses),
        "home_score": home,
        "away_score": away,
        "incidents": incidents,
        "incidents_complete": incidents is not None and draw(booleans),
        "live_source": draw(live_sources),
        "odds_source": draw(odds_sources),
        **money_line(home=draw(prices), sealed=draw(booleans)),
        **spread(draw(lines), bookmaker_id=draw(bookmakers)),
    }
    return fields | dict.fromkeys(unknown)


any_sight = sights()


@dataclass(frozen=True)
class Step:
    """A look at the match, so many seconds later; `fields` None is a list without it."""

    after_s: float
    fields: dict[str, Any] | None
    repeats: int
    restarts: bool


steps = st.builds(
    Step,
    st.sampled_from([0.5, 2.0, 10.0, 61.0, 200.0, 901.0]),
    st.none() | any_sight,
    st.integers(1, 2),
    booleans,
)
rules = st.builds(EventRules, settle_s=st.sampled_from([0.0, 15.0, LONGEST_S]))


def given_incidents(events: list[Event]) -> Counter[Any]:
    """Count the incidents that were emitted and not withdrawn, by type and side."""
    told: Counter[Any] = Counter(
        (event.type, said(event).side) for event in events if event.type in INCIDENT_TYPES.values()
    )
    told.subtract((said(event).withdrawn, said(event).side) for event in events if event.type == "withdrawn")
    return told


def walked(watch: Watch, way: list[Step]) -> None:
    for step in way:
        for number in range(step.repeats):
            after_s = step.after_s if number == 0 else 10.0
            if step.fields is None:
                watch.absent(after_s)
            else:
                watch.see(after_s, **step.fields)
            if step.restarts and watch.emitted is not None:
                watch.emitted = decoded(encoded(watch.emitted))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules, sights(), st.lists(steps, max_size=12), sights())
def test_the_events_end_at_the_last_record(
    of_events: EventRules, first: dict[str, Any], way: list[Step], last: dict[str, Any]
) -> None:
    watch = Watch(of_events, **first | {"live_source": "fresh", "home_score": 1, "away_score": 0})
    start = watch.state.score
    assert start is not None
    baseline = (
        None
        if watch.state.incidents is None
        else Counter((INCIDENT_TYPES[one.type_id], one.side) for one in watch.state.incidents)
    )

    walked(watch, way)
    watch.see(**last | {"live_source": "fresh"})
    watch.see(after_s=max(2.0, of_events.settle_s))

    state = watch.state
    assert state.status_id == last["status_id"]
    assert state.score is not None
    if last["home_score"] is not None and last["away_score"] is not None:
        assert (state.score.home, state.score.away) == (last["home_score"], last["away_score"])
    assert goals_told(watch.events, (start.home, start.away)) == (state.score.home, state.score.away)
    goals = [goal.id for side in (state.home, state.away) if side for goal in side.goals if goal.id]
    assert len(goals) == len(set(goals)) <= state.score.home + state.score.away

    if state.ended_at is None and not state.muted and last["incidents_complete"]:
        watch.see(after_s=61.0)
        now = Counter(
            (INCIDENT_TYPES[one["type_id"]], one["side"])
            for one in last["incidents"]
            if one["type_id"] in INCIDENT_TYPES
        )
        assert now == Counter((INCIDENT_TYPES[one.type_id], one.side) for one in watch.state.incidents or ())
        if baseline == Counter():
            assert now == +given_incidents(watch.events)

    ids = [event.id for event in watch.events]
    assert len(ids) == len(set(ids))
    assert all(len(one) <= 64 for one in ids)
    known = set(ids)
    assert all(said(event).relates is None or said(event).relates in known for event in watch.events)
    assert [event for event in watch.see() if event.type not in PRICE_TYPES] == []


@settings(max_examples=200, deadline=None)
@given(rules, sights(), st.lists(steps, max_size=12))
def test_a_restart_changes_nothing(of_events: EventRules, first: dict[str, Any], way: list[Step]) -> None:
    straight, restarted = Watch(of_events, **first), Watch(of_events, restarts=True, **first)
    walked(straight, way)
    walked(restarted, way)
    assert straight.events == restarted.events
    assert straight.emitted == restarted.emitted


PARTS = (("status_id",), ("home_score", "away_score"), ("incidents", "incidents_complete"), ("odds_source",))
parts_changed = st.lists(st.sampled_from([*PARTS, ("live_source",)]), max_size=2)


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    """Return fields of a record of which only some differ from what it was before, or none."""
    fields = draw(any_sight)
    parts = draw(parts_changed)
    return {name: fields[name] for part in parts for name in part}


any_change, no_list = changes(), st.none()


class Cycles:
    """One match in the cycles of a service, which restarts from the log and sometimes cannot write it."""

    def __init__(self, rules: EventRules, log: Log) -> None:
        self.rules, self.log = rules, log
        self.detector = Detector(rules)
        self.now = KICK_OFF
        self.events: list[Event] = []

    def see(self, after_s: float, fields: dict[str, Any] | None, *, fails: bool = False) -> None:
        self.now += after_s
        seen = [] if fields is None else [record(**fields)]
        listed = {one["match_id"] for one in seen}
        found = self.detector.detect(seen, self.now, listed=listed)
        if not fails:
            self.log.append(Commit(self.now, found.changed, found.events))
            self.detector.commit(found)
            self.events += found.events

    def restart(self) -> None:
        self.detector = Detector(self.rules, self.log.states(), listed_at=self.log.listed_at())


def not_late(events: list[Event]) -> list[Event]:
    """Return events without the mark that depends on which cycles were seen and not committed."""
    return [replace(event, data=replace(event.data, late=False)) for event in events]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rules,
    sights(),
    st.lists(
        st.tuples(
            st.builds(
                Step,
                st.sampled_from([2.0, 10.0, 10.0, 61.0, 901.0]),
                st.sampled_from([True] * 6 + [False]).flatmap(lambda seen: any_change if seen else no_list),
                st.integers(1, 3),
                st.booleans(),
            ),
            st.sampled_from([False] * 5 + [True]),
        ),
        min_size=6,
        max_size=20,
    ),
)
def test_cycles_that_skip_what_is_equal_fail_and_restart_come_to_the_same_events(
    of_events: EventRules, first: dict[str, Any], way: list[tuple[Step, bool]]
) -> None:
    """A cycle that fails is one that was never seen: the next one emits what it would have."""
    shown = first | {"live_source": "fresh"}
    watch = Watch(of_events, **shown)
    with TemporaryDirectory() as folder:
        log, _ = opened(Path(folder, "footy.db"))
        cycles = Cycles(of_events, log)
        cycles.see(0.0, shown)
        waited = 0.0
        for step, fails in way:
            shown = shown | (step.fields or {})
            for number in range(step.repeats):
                after_s = step.after_s if number == 0 else 10.0
                cycles.see(after_s, None if step.fields is None else shown, fails=fails)
                waited += after_s
                if fails:
                    continue
                if step.fields is None:
                    watch.absent(waited)
                else:
                    watch.see(waited, **shown)
                waited = 0.0
                if step.restarts:
                    cycles.restart()
        stored = log.read(0, 1_000)
        log.close()
    assert not_late(cycles.events) == not_late(watch.events)
    assert [(one.sequence, one.id) for one in stored] == list(
        enumerate((event.id for event in watch.events), start=1)
    )


def test_a_card_of_a_match_that_goes_on_long_after_its_end_is_told_by_the_next_equal_list(
    tmp_path: Path,
) -> None:
    """In the list in which the match goes on, it does not count yet."""
    log, _ = opened(tmp_path / "footy.db")
    cycles, watch = Cycles(EventRules(), log), Watch()
    cycles.see(0.0, {})
    goes_on = {"status_id": 0, "incidents": [incident(3, "home", 1)]}
    for after_s, fields in ((2.0, {"status_id": 8}), (901.0, goes_on), (2.0, goes_on)):
        cycles.see(after_s, fields)
        watch.see(after_s, **fields)
    log.close()
    assert watch.events[-1].type == "yellow"
    assert not_late(cycles.events) == not_late(watch.events)


@settings(max_examples=100, deadline=None)
@given(sights(), st.lists(steps, max_size=6))
def test_a_deleted_match_never_fails(first: dict[str, Any], way: list[Step]) -> None:
    watch = Watch(**first)
    walked(watch, way)
    assert len(watch.observe(NoRecord.DELETED)) <= 1
