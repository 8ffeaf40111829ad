"""Odds of a match as the vendor sends them, for the tests of what is kept of them."""

from footy.history.odds import OddsRow


def kick_off_rows(now: float) -> list[OddsRow]:
    """Return the odds of a match that stands 1-0 in its 67th minute, each series newest first."""
    at = int(now)

    def row(bookmaker_id: int, market: str, ago_s: int, minute: str, *rest: float | str) -> OddsRow:
        first, line, last, status_id, sealed, score = rest
        return OddsRow(
            bookmaker_id, market, at - ago_s, minute, float(first), float(line), float(last),
            int(status_id), int(sealed), str(score),
        )  # fmt: skip

    return [
        row(2, "eu", 300, "60", 1.5, 4.0, 8.0, 4, 0, "1-0"),
        row(2, "eu", 3_600, "21", 1.6, 3.8, 7.0, 2, 0, "1-0"),
        row(2, "eu", 3_660, "20", 2.2, 3.2, 3.2, 2, 1, "0-0"),
        row(2, "eu", 4_500, "5", 2.2, 3.2, 3.2, 2, 0, "0-0"),
        row(2, "eu", 90_000, "", 2.3, 3.3, 3.1, 1, 0, ""),
        row(3, "eu", 200, "62", 1.55, 4.1, 7.5, 4, 0, "1-0"),
        row(3, "eu", 80_000, "", 2.25, 3.3, 3.2, 1, 0, ""),
        row(4, "eu", 100, "65", 1.9, 9.0, 9.5, 4, 1, "1-0"),
        row(5, "eu", 3_700, "19", 2.2, 3.2, 9.9, 2, 0, "0-0"),
        row(2, "asia", 250, "61", 0.9, 0.5, 0.95, 4, 0, "1-0"),
        row(2, "asia", 80_000, "", 0.8, 0.25, 1.05, 1, 0, ""),
        row(3, "asia", 260, "61", 0.95, 0.25, 0.9, 4, 0, "1-0"),
        row(3, "asia", 70_000, "", 0.85, 0.25, 1.0, 1, 0, ""),
    ]
