"""The interface of a source of answers: a simulated world or a capture."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

Kind = Literal["match", "team", "competition"]
OddsForm = Literal["text", "values"]
OddsOrder = Literal["newest", "oldest"]
"""The change of a company that is first in odds/live."""
Paging = Literal["stuck", "unordered", "overlapping", "empty", "refused"]
"""A way in which the pages of a list are wrong."""
ROWS_OF_A_PAGE = 1_000


class Quirk(NamedTuple):
    """A way in which the vendor misreports matches: its name, and the share of matches that have it."""

    name: str
    rate: float = 1.0


class Source(Protocol):
    """Returns answers as JSON. `at` is the server time in whole unix seconds; it may go back."""

    def live_list(self, at: int, *, listed_at: int | None = None, quirks: Sequence[Quirk] = ()) -> bytes:
        """Return all elements of match/detail_live; `listed_at` selects the matches that were listed then."""

    def misreported(self, at: int, quirks: Sequence[Quirk]) -> list[str]:
        """Return the ids of the listed matches that these quirks change in the live list, or take off it."""

    def row(self, kind: Kind, uuid: str, at: int) -> bytes | None:
        """Return the row of one match, team or competition."""

    def page(self, kind: Kind, page: int, at: int) -> list[bytes]:
        """Return the rows of one page, counted from 1; none after the last page."""

    def since(
        self, kind: Kind, time: int, at: int, *, most: int | None = ROWS_OF_A_PAGE
    ) -> list[tuple[int, bytes]]:
        """Return the first `most` rows changed at `time` or later, by their `updated_at`, each with it."""

    def odds_history(self, uuid: str, at: int) -> bytes:
        """Return all odds of a match, `{}` if there are none."""

    def live_history(self, uuid: str, at: int) -> bytes:
        """Return the live element of a match that is or was listed, `{}` if there is none."""

    def diary(self, start: int, at: int) -> tuple[list[bytes], bytes]:
        """Return the matches that kick off in the 24 hours after `start`, and their names."""

    def countries(self, at: int) -> bytes:
        """Return all countries."""

    def categories(self, at: int) -> bytes:
        """Return all categories."""

    def odds_live(self, at: int, form: OddsForm, order: OddsOrder) -> bytes:
        """Return the changes of odds in the last 60 seconds, by company."""

    def odds_update(self, at: int) -> bytes:
        """Return the matches and companies whose odds changed in the last 60 seconds."""

    def deleted(self, at: int) -> bytes:
        """Return the ids deleted in the last 24 hours."""

    def data_update(self, at: int) -> bytes:
        """Return the other changes of the last 120 seconds."""
