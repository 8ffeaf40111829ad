"""A source of answers from the simulated world."""

from collections.abc import Sequence

import msgspec

from thesports_simulator.protocol.source import ROWS_OF_A_PAGE, Kind, OddsForm, OddsOrder, Quirk
from thesports_simulator.world import feeds
from thesports_simulator.world.world import World

_encode = msgspec.json.Encoder().encode


class WorldSource:
    """A `Source` over a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        # Elements of the live list, each with the times between which it is valid.
        self._elements: dict[str, tuple[int, int, bytes]] = {}
        self._quirks: Sequence[Quirk] = ()

    def prepare(self, at: int) -> None:
        """Generate everything that is listed now, so that no request waits for it later."""
        self.world.prepare(at)

    def live_list(self, at: int, *, listed_at: int | None = None, quirks: Sequence[Quirk] = ()) -> bytes:
        """Return all elements of match/detail_live."""
        elements: dict[str, tuple[int, int, bytes]] = {}
        valid = self._elements if quirks == self._quirks else {}
        for match in self.world.live(at if listed_at is None else listed_at):
            shown = self.world.shown(match, tuple(quirks)) if quirks else None
            if shown is not None and shown.is_absent(at):
                continue
            script = None if shown is None else shown.script
            element = valid.get(match.fixture.id)
            if element is None or not element[0] <= at < element[1]:
                element = at, match.live_until(at, script), _encode(match.live_element(at, script))
            elements[match.fixture.id] = element
        self._elements, self._quirks = elements, quirks
        return b"[%b]" % b",".join([element[2] for element in elements.values()])

    def misreported(self, at: int, quirks: Sequence[Quirk]) -> list[str]:
        """Return the ids of the listed matches that these quirks change in the live list, or take off it."""
        ids = []
        for match in self.world.live(at):
            shown = self.world.shown(match, tuple(quirks))
            if shown.is_absent(at) or match.live_element(at, shown.script) != match.live_element(at):
                ids.append(match.fixture.id)
        return ids

    def row(self, kind: Kind, uuid: str, at: int) -> bytes | None:
        """Return the row of one match, team or competition."""
        world = self.world
        find = {"match": world.detail_row, "team": world.team, "competition": world.competition}[kind]
        row = find(uuid, at)
        return None if row is None else _encode(row)

    def page(self, kind: Kind, page: int, at: int) -> list[bytes]:
        """Return the rows of one page."""
        return [_encode(row) for row in self.world.page(kind, page, at, size=ROWS_OF_A_PAGE)]

    def since(
        self, kind: Kind, time: int, at: int, *, most: int | None = ROWS_OF_A_PAGE
    ) -> list[tuple[int, bytes]]:
        """Return the first rows changed at `time` or later."""
        return [(row["updated_at"], _encode(row)) for row in self.world.since(kind, time, at)[:most]]

    def odds_history(self, uuid: str, at: int) -> bytes:
        """Return all odds of a match."""
        match = self.world.match(uuid, at)
        return b"{}" if match is None else self.world.odds_of(match).results(at)

    def live_history(self, uuid: str, at: int) -> bytes:
        """Return the live element of a match."""
        return _encode(self.world.live_element(uuid, at) or {})

    def diary(self, start: int, at: int) -> tuple[list[bytes], bytes]:
        """Return the matches that kick off in the 24 hours after `start`, and their names."""
        rows = self.world.diary(start, at)
        team_ids = {row[side]: None for row in rows for side in ("home_team_id", "away_team_id")}
        competition_ids = {row["competition_id"]: None for row in rows}
        names = {
            "competition": [self.world.competition(one, at) for one in competition_ids],
            "team": [self.world.team(one, at) for one in team_ids],
        }
        extra = {
            kind: [{key: row[key] for key in ("id", "name", "logo")} for row in found if row is not None]
            for kind, found in names.items()
        }
        return [_encode(row) for row in rows], _encode(extra)

    def countries(self, at: int) -> bytes:
        """Return all countries; they do not change."""
        del at
        return _encode(self.world.directory.countries())

    def categories(self, at: int) -> bytes:
        """Return all categories; they do not change."""
        del at
        return _encode(self.world.directory.categories())

    def odds_live(self, at: int, form: OddsForm, order: OddsOrder) -> bytes:
        """Return the changes of odds in the last 60 seconds."""
        return feeds.odds_live_body(self.world, at, form, order)

    def odds_update(self, at: int) -> bytes:
        """Return the matches and companies whose odds changed in the last 60 seconds."""
        return _encode(feeds.odds_update(self.world, at))

    def deleted(self, at: int) -> bytes:
        """Return the ids deleted in the last 24 hours."""
        return _encode(feeds.deleted(self.world, at))

    def data_update(self, at: int) -> bytes:
        """Return the other changes of the last 120 seconds."""
        return _encode(feeds.data_update(self.world, at))
