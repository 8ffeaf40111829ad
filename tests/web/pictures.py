"""Make the pictures of the documentation: `python -m tests.web.pictures [FOLDER]`.

A simulated evening in a real Chromium, dark, light and on a phone. `--all` makes every size and state that a
reviewer should look at.
"""

import argparse
import copy
import datetime as dt
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
from playwright.sync_api import Browser

from benchmarks.flatten import MOMENT, Evening
from benchmarks.web_server import snapshot
from footy.events.types import Score
from footy.history import Commit, odds
from footy.history.archive import Archived, ArchiveState
from footy.history.odds import MARKETS, Kind, OddsBlob, OddsRow
from footy.record import MatchRecord, Snapshot
from footy.times import moment_text
from tests.support.browser import browser, tab
from tests.support.web import Stage

DOCS = Path(__file__).resolve().parents[2] / "docs" / "pictures"
WIDE, MIDDLE, PHONE = (1440, 900), (1024, 768), (390, 844)
QUOTA = {"odds/history": 118}
OPEN_ONE = "document.querySelector('tr.match[data-goal]')?.click()"
PRICED = "811l2d8qzvyzelh"
"""A match near the top of the list, with many prices and the goals that explain them."""
OPEN_PRICED = f"location.hash = 'm={PRICED}'"
Keep = Callable[[Stage, str, list[OddsRow]], None]
"""Writes the odds of a match to the log."""


@dataclass
class Scene:
    """What is shown, at what size."""

    name: str
    matches: int = 49
    size: tuple[int, int] = WIDE
    scheme: Any = "dark"
    script: str = ""
    instance: dict[str, Any] = field(default_factory=dict)
    change: Callable[[Snapshot], None] = lambda _: None
    error: str | None = None
    old_s: float = 0.0
    alerts: bool = True
    keep: Keep = Stage.keep_odds


def few(stage: Stage, match_id: str, rows: list[OddsRow]) -> None:
    """Write the prices of a single bookmaker, and few of them."""
    first = rows[0]
    stage.keep_odds(match_id, [one for one in rows if one[:2] == first[:2]][-3:])


def many(stage: Stage, match_id: str, rows: list[OddsRow]) -> None:
    """Write more prices than a chart takes."""
    more = [one._replace(at=one.at - again) for one in rows for again in range(15)]
    stage.keep_odds(match_id, sorted(more, key=lambda one: (one.bookmaker_id, one.market, -one.at)))


def suspended(stage: Stage, match_id: str, rows: list[OddsRow]) -> None:
    """Write that nothing can be bet on for some minutes."""
    newest = max(one.at for one in rows)
    stage.keep_odds(match_id, [one._replace(sealed=int(one.at > newest - 240)) for one in rows])


def archived(stage: Stage, match_id: str, rows: list[OddsRow]) -> None:
    """Write all odds that the vendor has of a match that is over."""
    _archive(stage, match_id, rows, ArchiveState.WHOLE, None)


def lost(stage: Stage, match_id: str, rows: list[OddsRow]) -> None:
    """Write that the odds could not be read after the match; what was collected meanwhile is kept."""
    stage.keep_odds(match_id, rows)
    assert stage.log is not None
    note = "The odds could not be read in 30 attempts: no connection to api.thesports.com"
    one = Archived(match_id, ArchiveState.LOST, time.time(), 30, note=note)
    stage.log.append(Commit(time.time(), archives=[one], listed=None))


def missing(stage: Stage, match_id: str, rows: list[OddsRow]) -> None:
    """Write that the vendor has no odds."""
    del rows
    _archive(stage, match_id, [], ArchiveState.EMPTY, "The vendor has no odds of this match")


def _archive(stage: Stage, match_id: str, rows: list[OddsRow], state: ArchiveState, note: str | None) -> None:
    assert stage.log is not None
    now = time.time()
    blob = OddsBlob(match_id, Kind.ARCHIVE, len(rows), now, odds.pack(odds.columns_of(rows)))
    one = Archived(match_id, state, now, 1, rows=len(rows), note=note, odds=blob)
    stage.log.append(Commit(now, archives=[one], listed=None))


def finished(shown: Snapshot) -> None:
    """Let the match that is opened be over."""
    for one in shown["matches"]:
        if one["match_id"] == PRICED:
            one["status_id"], one["status"], one["clock"], one["in_play"] = 8, "Finished", "FT", False


def sealed(shown: Snapshot) -> None:
    """Let every market of the match that is opened be suspended."""
    for one in shown["matches"]:
        if one["match_id"] == PRICED:
            for market in ("money_line", "spread", "over_under"):
                one[f"current_{market}_sealed"] = True  # type: ignore[literal-required]


def empty(shown: Snapshot) -> None:
    """Leave only what is finished."""
    shown["matches"] = [one for one in shown["matches"] if one["status_id"] == 8][:4]


def incomplete(shown: Snapshot) -> None:
    """Lack the odds of some matches."""
    shown["meta"]["complete"] = False
    shown["meta"]["problems"] = ["Odds are missing for 12 of 49 live matches: the connection broke"]


PANELS: Sequence[tuple[Keep, Callable[[Snapshot], None]]] = (
    (few, lambda _: None),
    (many, lambda _: None),
    (suspended, sealed),
    (archived, finished),
    (lost, finished),
    (missing, finished),
)
DEMO = {"mode": "demo"}
FOR_DOCS = (
    Scene("page", instance=DEMO),
    Scene("match", scheme="light", script=OPEN_PRICED),
    Scene("phone", size=PHONE),
)
FOR_REVIEW = (
    *FOR_DOCS,
    *(
        Scene(f"{count}-{size[0]}-{scheme}", count, size, scheme)
        for count in (3, 50, 1_000)
        for size in (WIDE, MIDDLE, PHONE)
        for scheme in ("dark", "light")
    ),
    Scene("alerts-phone", size=PHONE, scheme="light", script="document.querySelector('#more').click()"),
    Scene("no-alerts", alerts=False),
    *(
        Scene(f"odds-{size[0]}-{scheme}", size=size, scheme=scheme, script=f"location.hash = 'm={match}'")
        for size, scheme, match in (
            (WIDE, "light", "0yz0jee4gwez83k"),
            (WIDE, "dark", "me4vn7e1g465vkn"),
            (MIDDLE, "dark", "7ryv2e223k6v327"),
            (PHONE, "light", "0yz0jee4gwez83k"),
            (PHONE, "dark", "811l2d8qzvyzelh"),
        )
    ),
    Scene("match-1024", size=MIDDLE, script=OPEN_ONE),
    Scene("match-phone", size=PHONE, scheme="light", script=OPEN_ONE),
    *(
        Scene(f"panel-{keep.__name__}-{size[0]}", 49, size, scheme, OPEN_PRICED, change=change, keep=keep)
        for keep, change in PANELS
        for size, scheme in ((MIDDLE, "dark"), ((390, 1_800), "light"))
    ),
    Scene("feed-phone", size=PHONE, script="document.querySelector('#more').click()"),
    Scene("movement", scheme="light", script="document.querySelector('[data-value=movement]').click()"),
    Scene("american", instance={"odds_format": "american"}),
    Scene("help", scheme="light", script="document.querySelector('#help').click()"),
    Scene("empty", scheme="light", change=empty),
    Scene("empty-phone", size=PHONE, change=empty),
    Scene("incomplete", scheme="light", change=incomplete),
    Scene("down", error="live list unavailable: no connection to api.thesports.com", old_s=400),
)


def of_now(shown: Snapshot) -> Snapshot:
    """Move every time of a snapshot, so that it is one of now."""
    stamps = [one["fetched_at"] for one in shown["matches"] if one["fetched_at"]]
    moved_s = time.time() - dt.datetime.fromisoformat(max(stamps)).timestamp()

    def moved(value: object) -> object:
        if isinstance(value, str) and len(value) >= 20 and value.endswith("Z") and value[4] == "-":
            return moment_text(dt.datetime.fromisoformat(value).timestamp() + moved_s)
        return value

    matches: list[Any] = [{key: moved(value) for key, value in one.items()} for one in shown["matches"]]
    return {"meta": shown["meta"], "matches": matches}


def dressed(matches: list[MatchRecord]) -> None:
    """Let some markets be suspended or old, some matches have a first leg, a red card or old odds."""
    for number, match in enumerate(matches):
        if number % 11 == 4:
            for market in ("money_line", "spread", "over_under"):
                match[f"current_{market}_sealed"] = True  # type: ignore[literal-required]
        if number % 13 == 6:
            match["current_money_line_outdated"] = True
            match["current_money_line_score"] = "0-0"
        if number % 17 == 8:
            match["home_red_cards"], match["aggregate_home"], match["aggregate_away"] = 1, 2, 3
        if number == 10:
            match["odds_source"], match["data_age_s"] = "stale", 400.0


def play(stage: Stage, matches: list[MatchRecord], priced: Collection[str]) -> None:
    """Write an evening's events: goals of just now and of before, and a goal that was cancelled.

    Matches of which prices are kept are seen last: the goals of a chart are then those that its prices tell.
    """
    playing = [one["match_id"] for one in matches if one["status_id"] in {2, 4} and one["home_score"]]
    fresh, cancelled = set(playing[1:9:4]), set(playing[2:9:4])
    late = set(priced) - fresh - cancelled

    def seen(ago_s: float, change: Callable[[MatchRecord], None] = lambda _: None) -> None:
        records = copy.deepcopy(matches)
        for one in records:
            one["incidents"], one["incidents_complete"] = [], False
            change(one)
        at = time.time() - ago_s
        if ago_s > 60:
            records = [one for one in records if one["match_id"] not in late]
        found = stage.detector.detect(records, at, listed={one["match_id"] for one in records})
        assert stage.log is not None
        stage.log.append(Commit(at=at, states=found.changed, events=found.events))
        stage.detector.commit(found)

    def before(match: MatchRecord) -> None:
        if match["match_id"] in fresh:
            match["home_score"] = (match["home_score"] or 1) - 1

    def too_much(match: MatchRecord) -> None:
        before(match)
        if match["match_id"] in cancelled:
            match["home_score"] = (match["home_score"] or 0) + 1

    seen(900, before)
    seen(500, too_much)
    seen(470, before)
    seen(440, before)
    seen(60, before)  # or what follows would be too late to be marked
    seen(20)


def alerts(stage: Stage, matches: list[MatchRecord]) -> None:
    """Write what the operator's rules said: of matches that are on, and of a week that is over."""
    rules = ("half-time-overs", "early-red-card", "late-favourite")
    for number in range(41):
        old = {**matches[number % len(matches)], "match_id": f"w{number}", "status_id": 4}
        old |= {"clock": f"{46 + number % 40}'", "home_score": number % 2, "away_score": 0}
        of, rule, ago_s = cast("MatchRecord", old), rules[number * number % 3], 86_400 - 1_500 * number
        price = 1.72 + number % 7 / 10
        stage.alert(of, rule, ago_s=ago_s, price=price)
        result, score = ("won", Score(2, 1)) if number % 5 % 2 == 0 else ("lost", Score(1, 1))
        if number % 11 == 5:
            result = "void"
        stage.settle(of, rule, ago_s=ago_s - 2_000, outcome=result, price=price, score=score)
    playing = [one for one in matches if one["in_play"]]
    for one, rule, ago_s in zip(
        playing[1::4], (*rules, *rules[:2]), (3_000, 1_400, 600, 300, 40), strict=False
    ):
        stage.alert(one, rule, ago_s=ago_s, price=1.95, text=f"{rule}: {one['home']} – {one['away']}")
    if playing:
        stage.settle(playing[1], rules[0], ago_s=60, outcome="won", score=Score(2, 1))


def kept_odds(matches: list[MatchRecord], count: int) -> dict[str, list[OddsRow]]:
    """Return the odds of the matches with the most of them, moved so that they are of now."""
    evening = Evening(count)
    shown = {one["match_id"]: one for one in matches}
    ago = time.time() - MOMENT
    found = []
    for (live, _), by_bookmaker in zip(evening.decoded, evening.decoded_odds, strict=True):
        rows = [
            OddsRow(int(key), market, *(int(row.at + ago), row.minute, row.first, row.line, row.last),
                    *(row.status_id, row.sealed, row.score))
            for key, markets in by_bookmaker.items()
            for market in MARKETS
            for row in getattr(markets, market)
        ]  # fmt: skip
        if live.id in shown and rows:
            found.append((live.id, rows))
    return dict(sorted(found, key=lambda one: -len(one[1]))[:12])


def fixtures(folder: Path, matches: list[MatchRecord]) -> None:
    """Write what kicks off tonight."""
    now, found = time.time(), []
    for number, match in enumerate(matches[::3][:14]):
        at = now // 900 * 900 + 900 * (1 + number // 3)
        names = ("competition_id", "competition", "country", "home_id", "home", "away_id", "away", "neutral")
        record: Any = match
        taken = {name: record[name] for name in names}
        found.append({"match_id": f"f{number}", "kickoff_at": moment_text(float(at)), **taken})
    content = {"fetched_at": moment_text(now), "source": "fresh", "fixtures": found}
    (folder / "fixtures.json").write_bytes(msgspec.json.encode(content))


@contextmanager
def staged(scene: Scene) -> Iterator[Stage]:
    """Serve a scene."""
    with tempfile.TemporaryDirectory() as folder:
        shown = of_now(snapshot(scene.matches))
        everything = shown["matches"]
        scene.change(shown)
        dressed(shown["matches"])
        given = {"quota_left": lambda: QUOTA, "mode": "live", **scene.instance}
        stage = Stage(Path(folder), **given)
        try:
            fixtures(stage.folder, everything)
            if scene.alerts:
                alerts(stage, shown["matches"])
            priced = kept_odds(shown["matches"], scene.matches)
            play(stage, shown["matches"], priced)
            for match_id, rows in priced.items():
                scene.keep(stage, match_id, rows)
            last = moment_text(time.time() - scene.old_s)
            stage.heartbeat(scene.error, last_success_at=last)
            meta: Any = {**shown["meta"], "mode": given["mode"], "cycle": 411}
            meta |= {"published_at": last, "fetched_at": last}
            stage.cycle_number = 411
            live = stage.server.live
            live.put({"meta": meta, "matches": shown["matches"]})
            stage.until(lambda: live.picture is not None and live.extent is not None)
            yield stage
        finally:
            stage.close()


def take(started: Browser, scene: Scene, folder: Path) -> None:
    """Take one picture."""
    width, height = scene.size
    options = {
        "viewport": {"width": width, "height": height},
        "color_scheme": scene.scheme,
        "device_scale_factor": 2 if width < 500 else 1,
        "reduced_motion": "reduce",
    }
    with staged(scene) as stage, tab(started, stage.url, **options) as watched:
        page = watched.page
        page.wait_for_selector("tr.match, #empty:not([hidden])")
        page.wait_for_selector("#latest .event, #latest .quiet", state="attached")
        page.evaluate("document.fonts.ready")
        if scene.script:
            page.evaluate(scene.script)
        page.wait_for_timeout(500)
        page.screenshot(path=folder / f"{scene.name}.png")
        watched.assert_quiet()


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.web.pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DOCS)
    parser.add_argument("--only", help="the scenes whose name begins like this")
    parser.add_argument("--all", action="store_true", help="every size and state")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with browser() as started:
        for scene in FOR_REVIEW if options.all or options.only else FOR_DOCS:
            if options.only and not scene.name.startswith(options.only):
                continue
            take(started, scene, options.folder)


if __name__ == "__main__":
    main()
