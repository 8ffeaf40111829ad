"""Revisions of teams and competitions over time: new names and logos, merges, deletions."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from thesports_simulator.world.directory import Directory
from thesports_simulator.world.ids import Ids

Subject = Literal["team", "competition"]
EVERY = 1_800  # seconds per revision
_CLUB_NAMES = ("FC {}", "{} 1919", "SK {}", "{} & District", "Olympia {}")
_SPONSORS = ("Kestrel", "Aurora Bank", "Vega", "Northwind", "Polaris")


@dataclass(frozen=True, slots=True)
class Revision:
    """A change to a row at a time (unix seconds); `change` is None if the row is deleted."""

    at: int
    kind: Subject
    number: int
    change: dict[str, Any] | None


class Reference:
    """The rows of teams and competitions at any time: the first row plus all revisions since."""

    def __init__(self, directory: Directory, *, seed: int, epoch: int, ids: Ids) -> None:
        self._directory = directory
        self._seed = seed
        self._epoch = epoch
        self._ids = ids
        self._revisions: list[Revision] = []
        self._by_row: dict[tuple[Subject, int], list[Revision]] = {}

    def count(self, kind: Subject) -> int:
        """Return the number of rows, deleted ones included."""
        return self._directory.team_count if kind == "team" else self._directory.competition_count

    def row(self, kind: Subject, number: int, at: int) -> dict[str, Any] | None:
        """Return a row at this time, with keys in the vendor's order; None after its deletion."""
        if kind == "team":
            row = dict(self._directory.first_team_row(number))
        else:
            row = dict(self._directory.first_competition_row(number))
        self._generate(at)
        updated_at = row.pop("updated_at")
        for revision in self._by_row.get((kind, number), ()):
            if revision.at > at:
                break
            if revision.change is None:
                return None
            row |= revision.change
            updated_at = revision.at
        return row | {"updated_at": updated_at}

    def revisions(self, after: int, at: int) -> Iterator[Revision]:
        """Yield the revisions later than `after` and up to `at`, oldest first."""
        self._generate(at)
        first = bisect_right(self._revisions, after, key=lambda revision: revision.at)
        for revision in self._revisions[first:]:
            if revision.at > at:
                return
            yield revision

    def since(self, kind: Subject, time: int, at: int) -> list[dict[str, Any]]:
        """Return the rows last changed at `time` or later, in order of their `updated_at`."""
        if time > self._epoch:
            numbers = {revision.number for revision in self.revisions(time - 1, at) if revision.kind == kind}
        else:
            numbers = set(range(self.count(kind)))
        rows = [
            row for number in numbers if (row := self.row(kind, number, at)) and row["updated_at"] >= time
        ]
        return sorted(rows, key=lambda row: (row["updated_at"], row["id"]))

    def page(self, kind: Subject, page: int, at: int, *, size: int) -> list[dict[str, Any]]:
        """Return one page of all rows, counted from 1."""
        self._generate(at)
        gone = {
            revision.number
            for revision in self.revisions(self._epoch - 1, at)
            if revision.kind == kind and revision.change is None
        }
        numbers = [number for number in range(self.count(kind)) if number not in gone]
        rows = (
            self.row(kind, number, at) for number in numbers[max(0, page - 1) * size : max(0, page) * size]
        )
        return [row for row in rows if row]

    def _generate(self, at: int) -> None:
        """Generate all revisions to this time, one per `EVERY` seconds since the epoch."""
        while (number := len(self._revisions)) < (at - self._epoch) // EVERY + 1:
            random = Random(f"revision:{self._seed}:{number}")
            start = self._epoch + number * EVERY
            revision = self._revision(random, number, random.randrange(start + 1, start + EVERY))
            self._revisions.append(revision)
            self._by_row.setdefault((revision.kind, revision.number), []).append(revision)

    def _revision(self, random: Random, number: int, at: int) -> Revision:
        directory = self._directory
        team = random.randrange(directory.playing_teams)
        competition = random.randrange(directory.competition_count)
        half = directory.spare_teams // 2
        fate = random.choices(
            ("deleted", "merged", "renamed", "redrawn", "squad", "round", "sponsor"),
            (6, 6, 20, 15, 28, 12, 13),
        )[0]
        if fate == "deleted":
            # Teams merge into the first half of the spare teams; the second half are deleted duplicates.
            return Revision(at, "team", directory.playing_teams + half + number % half, None)
        if fate in {"round", "sponsor"}:
            first = directory.first_competition_row(competition)["name"]
            renamed: dict[str, Any] = {"name": f"{random.choice(_SPONSORS)} {first}"}
            return Revision(
                at, "competition", competition, {"cur_round": number % 38} if fate == "round" else renamed
            )
        survivor = directory.playing_teams + number % half
        changes: dict[str, dict[str, Any]] = {
            "merged": {"uid": self._ids.text(survivor)},
            "renamed": {"name": random.choice(_CLUB_NAMES).format(directory.team_name(team))},
            "redrawn": {
                "logo": f"https://img.thesports.com/football/team/{random.getrandbits(128):032x}.png"
            },
            "squad": {"total_players": random.randint(20, 36)},
        }
        return Revision(at, "team", team, changes[fate])
