"""What a simulated vendor needs to know to answer: the same for an invented world and for a capture."""

from typing import Literal, Protocol

Kind = Literal["match", "team", "competition"]
OddsForm = Literal["text", "values"]
OddsOrder = Literal["newest", "oldest"]
"""Which change of a company stands first in odds/live."""
ROWS_OF_A_PAGE = 1_000


class Source(Protocol):
    """Answers as JSON bytes. `at` is the server time in whole unix seconds, which may also go back."""

    def live_list(self, at: int, *, listed_at: int | None = None) -> bytes:
        """All elements of match/detail_live; `listed_at` holds the list to those of another time."""

    def row(self, kind: Kind, uuid: str, at: int) -> bytes | None:
        """The row of one match, team or competition."""

    def page(self, kind: Kind, page: int, at: int) -> list[bytes]:
        """The rows of one page, counted from 1; none behind the last."""

    def since(self, kind: Kind, time: int, at: int) -> list[tuple[int, bytes]]:
        """The rows changed at this time or later with their `updated_at`, in its order."""

    def odds_history(self, uuid: str, at: int) -> bytes:
        """All odds of a match, `{}` where there are none."""

    def live_history(self, uuid: str, at: int) -> bytes:
        """The live element of a match on the list or off it again, `{}` where there is none."""

    def countries(self, at: int) -> bytes:
        """All countries."""

    def categories(self, at: int) -> bytes:
        """All categories."""

    def odds_live(self, at: int, form: OddsForm, order: OddsOrder) -> bytes:
        """The changes of odds in the last 60 seconds, by company."""

    def odds_update(self, at: int) -> bytes:
        """Which match's odds changed in the last 60 seconds, at which company."""

    def deleted(self, at: int) -> bytes:
        """What was deleted in the last 24 hours."""

    def data_update(self, at: int) -> bytes:
        """What else changed in the last 120 seconds."""
