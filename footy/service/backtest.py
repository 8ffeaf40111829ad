"""`footy alerts backtest`: what the rules would have made of the matches that the log keeps."""

import contextlib
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

from footy.alerts.backtest import limits, replayed
from footy.alerts.outcomes import Outcomes, outcomes
from footy.alerts.rules import Rule, load
from footy.errors import Exit
from footy.events.envelope import event_in
from footy.events.types import Event
from footy.history.archive import all_entries, match_minutes
from footy.history.minutes import MinuteRow
from footy.history.odds import BrokenBlobError
from footy.history.place import KeptLog, LogPlace
from footy.history.reader import Reader
from footy.service.alert_commands import NothingYetError, Say, outcome_table
from footy.times import moment_text

log = logging.getLogger("footy.alerts")


class Counts:
    """How many matches there are, and how many can be looked at minute by minute."""

    matches = 0
    with_minutes = 0
    broken = 0


def backtest(path: Path, place: LogPlace, since: float | None, say: Say, *, now: float) -> Exit:
    """Say what the rules of a file would have made of the matches that are kept.

    Args:
        path: The rules file.
        place: The log.
        since: Only matches seen since then, Unix seconds; None for all.
        say: Takes each line.
        now: Unix seconds.

    Raises:
        RulesError: The file cannot be used.
        NothingYetError: There is no log.
    """
    rules = load(path).rules
    if not place.exists():
        raise NothingYetError(f"There are no events at {place.shown} yet: start footy first")
    counts = Counts()
    with contextlib.closing(place.read()) as kept:
        found = {one.rule: one for one in outcomes(remade(rules, kept, since, counts))}
    when = "" if since is None else f" since {moment_text(since)}"
    say(f"{counts.matches} matches{when}, {counts.with_minutes} of them with minute rows")
    if counts.broken:
        say(f"{counts.broken} matches were left out: what is kept of them is damaged")
    for line in outcome_table([found.get(rule.name) or Outcomes(rule.name) for rule in rules]):
        say(line)
    of_rule = {rule.name: limits(rule, now - (since or 0.0)) for rule in rules}
    if exact := [name for name, clauses in of_rule.items() if not clauses]:
        say(f"as with an interval of 60 s: {', '.join(exact)}")
    for name, clauses in of_rule.items():
        for clause in clauses:
            say(f"{name}: {clause}")
    return Exit.OK


def remade(rules: Sequence[Rule], kept: KeptLog, since: float | None, counts: Counts) -> Iterator[Event]:
    """Yield what the rules make of each match, one after the other."""
    for entry in all_entries(kept, since=since):
        rows = _minutes(kept, entry.id, counts)
        if rows is None:
            continue
        counts.matches += 1
        counts.with_minutes += bool(rows)
        yield from replayed(rules, rows, _events(kept, entry.id))


def _minutes(kept: KeptLog, match_id: str, counts: Counts) -> list[MinuteRow] | None:
    try:
        return match_minutes(kept, match_id)
    except BrokenBlobError as error:
        log.warning("The minutes of match %s cannot be read: %s", match_id, error)
        counts.broken += 1
        return None


def _events(kept: KeptLog, match_id: str) -> list[Event]:
    reader = Reader(kept, source="", match_id=match_id)
    found: list[Event] = []
    while batch := reader.batch():
        reader.acknowledge()
        found += [event for event in map(event_in, batch) if event is not None and event.match_id == match_id]
    return found
