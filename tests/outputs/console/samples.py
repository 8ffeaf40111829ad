"""Records and snapshots for the tests of the console: of which nothing is known but what is given."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, cast

from footy.record import MatchRecord, Meta, Snapshot, field_names
from tests.support.oracle import STATUS

IN_PLAY = frozenset(range(2, 8))
PUBLISHED_AT = "2025-09-27T18:03:12Z"


def record(**changes: Any) -> MatchRecord:
    """Return a second-half match of which nothing is known but what is given."""
    fields: dict[str, Any] = dict.fromkeys(field_names())
    fields |= {f"{part}_source": "fresh" for part in ("live", "detail", "odds", "home", "away")}
    fields |= {"competition_source": "cache", "country_source": "cache"}
    fields |= {
        "match_id": "3glrw7h0pzkqdyj",
        "status_id": 4,
        "clock": "67'",
        "has_stats": False,
        "incidents": [],
    }
    fields |= {"data_age_s": 1.0, "fetched_at": PUBLISHED_AT}
    fields |= changes
    fields.setdefault("status", None)
    fields["status"] = fields["status"] or STATUS.get(fields["status_id"], f"Status {fields['status_id']}")
    fields["in_play"] = fields["status_id"] in IN_PLAY
    return cast("MatchRecord", fields)


def named(home: str | None = "Arsenal", away: str | None = "Chelsea", **changes: Any) -> MatchRecord:
    place = {"country": "England", "competition": "Premier League", "competition_id": "jednm9whz0ryox8"}
    return record(**(place | {"home": home, "away": away, "home_score": 2, "away_score": 1} | changes))


def quote(prefix: str, *prices: float | None, american: Sequence[int | None], **about: Any) -> dict[str, Any]:
    """Return the fields of one market at one moment; prices in the order of the board's columns."""
    market = prefix.split("_", 1)[1]
    columns = {"money_line": ("home", "draw", "away"), "spread": ("home", "line", "away")}.get(
        market, ("over", "line", "under")
    )
    fields: dict[str, Any] = {
        f"{prefix}_{column}": price for column, price in zip(columns, prices, strict=True)
    }
    priced = [column for column in columns if column != "line"]
    fields |= {f"{prefix}_{column}_american": price for column, price in zip(priced, american, strict=True)}
    row = {"bookmaker_id": 2, "bookmaker": "BET365", "minute": 6, "sealed": False, "in_play": True} | about
    return (
        fields | {f"{prefix}_{field}": value for field, value in row.items()} | {f"{prefix}_at": PUBLISHED_AT}
    )


def early_prices(**about: Any) -> dict[str, Any]:
    return (
        quote("early_money_line", 2.5, 3.4, 2.625, american=(150, 240, 163), **about)
        | quote("early_spread", 1.8333, -0.5, 2.05, american=(-120, 105), **about)
        | quote("early_over_under", 1.909, 2.75, 1.909, american=(-110, -110), **about)
        | quote("early_corners", 1.83, 10.5, 1.83, american=(-120, -120), **about)
    )


def counts(matches: Sequence[MatchRecord]) -> dict[str, Any]:
    return {
        "live": len(matches),
        "in_play": sum(match["in_play"] for match in matches),
        "status": dict(Counter(str(match["status_id"]) for match in matches)),
    }


def meta(matches: Sequence[MatchRecord], **changes: Any) -> Meta:
    fields: dict[str, Any] = {
        "schema": 1,
        "mode": "live",
        "cycle": 12,
        "fetched_at": "2025-09-27T18:03:07Z",
        "published_at": PUBLISHED_AT,
        "complete": True,
        "counts": counts(matches),
        "requests": 216,
        "timings": {
            "live": 0.5,
            "enrich": 4.7,
            "flatten": 0.2,
            "filter": 0.0,
            "publish": None,
            "total": 5.4412,
        },
        "problems": [],
    }
    return cast("Meta", fields | changes)


def snapshot(*matches: MatchRecord, **meta_changes: Any) -> Snapshot:
    return {"meta": meta(matches, **meta_changes), "matches": list(matches)}
