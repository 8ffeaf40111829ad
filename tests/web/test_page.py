"""The page in a real Chromium: what people see, do and rely on."""

import json
import re
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright.sync_api", reason="the playwright package is not installed")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from footy.events.types import Score
from footy.history import Commit
from footy.record import MatchRecord
from tests.support.browser import browser, tab, whole_browser
from tests.support.place import SECRET, Place, wait_until
from tests.support.ports import free_port
from tests.support.prices import kick_off_rows
from tests.support.simulators import start
from tests.support.web import Stage, match

SIDES = ("home", "draw", "away")
UNPRICED = {
    f"{when}_{market}_bookmaker{key}": None
    for when in ("early", "current")
    for market in ("money_line", "spread", "over_under", "corners")
    for key in ("", "_id")
}
HOSTILE = [
    "<script>document.title='hacked'</script>",
    '"><img src=x onerror=alert(1)>',
    "</td></tr></table><h1>x",
    "\u202elave\u202c FC",
    "نادي الزمالك",
    "N" * 200,
    "&lt;b&gt;${7*7}{{7*7}}",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser(shell=True) as started:
        yield started


def evening() -> list[MatchRecord]:
    """Return matches of two leagues, in play, at half-time and finished."""
    italy = {"country": "Italy", "competition": "Serie A", "competition_id": "serie-a"}
    return [
        match(1, "Arsenal", "Chelsea"),
        match(2, "Leeds", "Everton", status_id=3, clock="HT"),
        match(3, "Torino", "Lazio", **italy, home_red_cards=2, aggregate_home=3, aggregate_away=2),
        match(4, "Milan", "Roma", **italy, status_id=8, clock="FT", minute=None),
        match(5, "Como", "Parma", **italy, current_money_line_sealed=True, current_spread_outdated=True),
    ]


def names(page: Page) -> list[str]:
    """Return the home teams that are shown, from top to bottom."""
    found: list[str] = page.locator("tr.match").evaluate_all(
        "rows => rows.filter(row => row.checkVisibility()).map(row => row.querySelector('.name').textContent)"
    )
    return found


def row(page: Page, team: str) -> Any:
    return page.locator("tr.match", has=page.get_by_text(team, exact=True))


def confirm(stage: Stage, matches: Sequence[MatchRecord]) -> None:
    """Write to the log what two more lists, seconds apart, say."""
    assert stage.log is not None
    for seconds in (3, 6):
        at = time.time() + seconds
        found = stage.detector.detect(matches, at, listed={one["match_id"] for one in matches})
        stage.log.append(Commit(at=at, states=found.changed, events=found.events))
        stage.detector.commit(found)


def test_a_goal_appears_at_once_is_marked_and_a_cancelled_one_stays_struck_through(
    stage: Stage, chromium: Browser
) -> None:
    before = evening()
    stage.cycle(before)
    with tab(chromium, stage.url) as watched:
        page = watched.page
        page.evaluate("document.body.dataset.mine = 'same document'")
        arsenal = row(page, "Arsenal")
        arsenal.locator(".star").click()
        stage.cycle([match(1, "Arsenal", "Chelsea", home_score=2), *before[1:]])
        published = time.monotonic()

        expect(arsenal.locator(".c-score .a")).to_have_text("2", timeout=2_000)
        expect(arsenal.locator(".note").first).to_have_text("GOAL 67'", timeout=2_000)
        assert time.monotonic() - published < 2
        expect(arsenal).to_have_attribute("data-goal", "yes")
        expect(page.locator("#announce")).to_have_text("Goal 67': Arsenal 2, Chelsea 0")
        expect(page.locator("#latest .event").first).to_contain_text("Arsenal")

        confirm(stage, before)
        stage.cycle(before)
        expect(arsenal.locator(".c-score .a")).to_have_text("1")
        expect(arsenal.locator(".note s")).to_have_text("2–0 67'")
        expect(arsenal.locator(".note").first).to_contain_text("cancelled")
        expect(arsenal).not_to_have_attribute("data-goal", "yes")
        page.reload()
        expect(row(page, "Arsenal").locator(".note s")).to_have_text("2–0 67'")
        row(page, "Arsenal").click()
        expect(page.locator(".timeline .struck")).to_contain_text("Goal 2–0")
        expect(page.locator(".timeline .struck")).to_contain_text("cancelled")
        watched.assert_quiet()


def test_a_goal_of_a_favourite_is_notified_to_a_reader_who_looks_elsewhere_and_allowed_it(
    stage: Stage, chromium: Browser
) -> None:
    def goals(arsenal: int, leeds: int) -> list[MatchRecord]:
        scores = {"Arsenal": arsenal, "Leeds": leeds}
        return [{**one, "home_score": scores.get(one["home"] or "", 1)} for one in evening()]

    stage.cycle(goals(1, 1))
    with (
        whole_browser(chromium) as whole,
        tab(whole, stage.url, permissions=["notifications"]) as watched,
    ):
        page = watched.page
        page.add_init_script(
            "window.notified = []; const Real = Notification;"
            "window.Notification = class extends Real {"
            "  constructor(title, more) { super(title, more); notified.push(`${title}: ${more.body}`); }"
            "};"
            "Object.defineProperty(document, 'hidden', { get: () => window.looksElsewhere === true });"
        )
        page.reload()
        row(page, "Arsenal").locator(".star").click()
        page.reload()  # what was allowed and chosen lasts
        expect(row(page, "Arsenal")).to_have_attribute("data-favourite", "yes")
        stage.cycle(goals(2, 1))
        expect(row(page, "Arsenal").locator(".c-score .a")).to_have_text("2")
        expect(page.locator("#announce")).to_have_text("Goal 67': Arsenal 2, Chelsea 0")
        assert page.evaluate("notified") == [], "the reader sees the page"
        page.evaluate("window.looksElsewhere = true")
        stage.cycle(goals(3, 2))
        expect(row(page, "Leeds").locator(".c-score .a")).to_have_text("2")
        expect(page.locator("#announce")).to_have_text("Goal 67': Arsenal 3, Chelsea 0")
        assert page.evaluate("notified") == ["footy: Goal 67': Arsenal 3, Chelsea 0"]
        watched.assert_quiet()


def test_a_goal_fades_in_and_a_row_under_the_mouse_changes_at_once(stage: Stage, chromium: Browser) -> None:
    before = evening()
    stage.cycle(before)
    with tab(chromium, stage.url, reduced_motion="no-preference") as watched:
        arsenal, leeds = row(watched.page, "Arsenal"), row(watched.page, "Leeds")
        arsenal.evaluate("row => row.onanimationstart = () => { row.dataset.faded = 'yes'; }")
        stage.cycle([match(1, "Arsenal", "Chelsea", home_score=2), *before[1:]])
        expect(arsenal).to_have_attribute("data-faded", "yes")

        colour = "row => getComputedStyle(row).backgroundColor"
        plain = leeds.evaluate(colour)
        leeds.hover()
        assert leeds.evaluate(colour) != plain
        assert leeds.evaluate("row => row.getAnimations().length") == 0
        watched.assert_quiet()


def test_a_goal_is_marked_for_a_minute(stage: Stage, chromium: Browser) -> None:
    stage.cycle(evening(), events_ago_s=20)
    stage.cycle([match(1, "Arsenal", "Chelsea", home_score=2), *evening()[1:]], events_ago_s=5)
    with tab(chromium, stage.url) as watched:
        watched.page.clock.install()
        watched.page.reload()
        arsenal = row(watched.page, "Arsenal")
        expect(arsenal).to_have_attribute("data-goal", "yes")
        watched.page.clock.fast_forward(56_000)
        expect(arsenal).not_to_have_attribute("data-goal", "yes")
        expect(arsenal.locator(".note")).to_have_count(0)
        watched.assert_quiet()


def test_a_clock_runs_between_two_cycles_and_stands_still_at_half_time(
    stage: Stage, chromium: Browser
) -> None:
    stage.cycle(evening())
    with tab(chromium, "about:blank") as watched:
        page = watched.page
        page.clock.install()
        page.goto(stage.url)
        expect(row(page, "Arsenal").locator(".c-time .a")).to_have_text("67'")
        page.evaluate("location.hash = 'm=m00001'")
        facts = page.locator("#panel .panel-facts").first
        expect(facts).to_contain_text("67' · 2nd half")
        page.clock.fast_forward(35_000)
        expect(row(page, "Arsenal").locator(".c-time .a")).to_have_text("68'")
        expect(facts).to_contain_text("68' · 2nd half")
        expect(row(page, "Leeds").locator(".c-time .a")).to_have_text("HT")


def test_filter_search_sort_keyboard_and_what_survives_a_reload(stage: Stage, chromium: Browser) -> None:
    stage.cycle(evening())
    with tab(chromium, stage.url) as watched:
        page = watched.page
        expect(page.locator("[data-filter=play]")).to_have_attribute("aria-pressed", "true")
        expect(row(page, "Como")).to_be_visible()
        assert names(page) == ["Arsenal", "Leeds", "Torino", "Como"]
        page.locator("[data-filter=half]").click()
        expect(row(page, "Como")).to_have_count(0)
        assert names(page) == ["Leeds"]
        page.locator("[data-filter=all]").click()
        expect(row(page, "Milan")).to_be_visible()
        page.keyboard.press("/")
        page.keyboard.type("ROMA")
        expect(row(page, "Como")).to_have_count(0)
        assert names(page) == ["Milan"]
        page.keyboard.press("Escape")
        page.locator("[data-value=movement]").click()
        expect(page.locator(".group")).to_have_count(0)

        page.keyboard.press("Escape")
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        page.keyboard.press("f")
        first = page.locator("tr.match").first
        expect(first).to_have_attribute("data-favourite", "yes")
        expect(first).to_be_focused()
        team = first.locator(".name").first.inner_text()
        page.keyboard.press("Enter")
        expect(page.locator("#panel .panel-team").first).to_have_text(team)
        page.keyboard.press("Escape")
        expect(page.locator("#panel")).to_be_hidden()
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()
        page.keyboard.press("Escape")

        page.select_option("#odds", "american")
        expect(row(page, "Arsenal").locator(".m1").first).to_have_text("+110 +150")
        page.reload()
        expect(row(page, team)).to_have_attribute("data-favourite", "yes")
        expect(page.locator("[data-value=movement]")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#odds")).to_have_value("american")
        page.locator("[data-filter=favourites]").click()
        expect(page.locator("tr.match")).to_have_count(1)
        watched.assert_quiet()


def many(count: int = 300) -> list[MatchRecord]:
    """Return an evening of many matches, six to a competition."""
    return [
        match(number, f"Home {number:03}", f"Away {number:03}", country="Italy", **league)
        for number in range(count)
        for league in [{"competition": f"League {number // 6:02}", "competition_id": f"league-{number // 6}"}]
    ]


def test_of_many_matches_only_those_near_the_screen_have_rows_and_all_are_found(
    stage: Stage, chromium: Browser
) -> None:
    stage.cycle(many())
    with tab(chromium, f"{stage.url}#m=m00290") as watched:
        page = watched.page
        rows = page.locator("tr.match")
        expect(row(page, "Home 000")).to_be_visible()
        expect(page.locator("#panel .panel-team").first).to_have_text("Home 290")
        expect(row(page, "Home 290")).to_have_attribute("data-chosen", "yes")
        assert rows.count() < 80
        expect(page.locator("#matches")).to_have_attribute("aria-rowcount", "351")  # with heads
        # The browser's own search finds what has no row.
        hidden = page.locator("#matches [hidden='until-found']")
        expect(hidden.get_by_text("Home 200 – Away 200")).to_have_count(1)
        expect(hidden.get_by_text("Home 000 – Away 000")).to_have_count(0)

        page.mouse.move(500, 500)
        page.mouse.wheel(0, 8_000)
        expect(row(page, "Home 142")).to_be_in_viewport()
        expect(row(page, "Home 000")).to_have_count(0)
        assert rows.count() < 80
        # A cycle changes what is on the screen, and what begins above it moves nothing.
        before = row(page, "Home 142").bounding_box()
        later = [match(999, "New", "Newer", country="Italy", competition="First", competition_id="first")]
        later += [{**one, "home_score": 4} for one in many()]
        stage.cycle(later)
        expect(row(page, "Home 142").locator(".c-score .a")).to_have_text("4")
        assert abs(row(page, "Home 142").bounding_box()["y"] - before["y"]) < 2

        page.keyboard.press("j")
        expect(row(page, "Home 291")).to_be_focused()
        expect(row(page, "Home 291")).to_be_in_viewport()
        expect(row(page, "Home 291").locator(".c-score .a")).to_have_text("4")
        page.keyboard.press("k")
        expect(row(page, "Home 290")).to_be_focused()
        page.mouse.wheel(0, -20_000)
        expect(row(page, "New")).to_be_in_viewport()
        expect(row(page, "Home 290")).to_be_focused()
        watched.assert_quiet()


def test_a_goal_of_the_simulated_world_is_on_the_page_of_the_service_within_two_seconds(
    tmp_path: Path, chromium: Browser
) -> None:
    port = free_port()
    with (
        start(matches=30, odds="light", secret=SECRET) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2, FOOTY_HTTP_PORT=port) as place,
    ):
        place.ask(vendor)
        place.begin_service()
        address = f"http://127.0.0.1:{port}"
        with tab(chromium, f"{address}/", viewport={"width": 1440, "height": 3000}) as watched:
            page = watched.page
            expect(page.locator("tr.match").first).to_be_visible()
            page.evaluate("document.body.dataset.mine = 'same document'")

            def events(after: str) -> Any:
                asked = f"{address}/api/events?types=goal&after={after}"
                with urllib.request.urlopen(asked, timeout=5) as answer:
                    return json.load(answer)

            before = events("start")["position"]
            vendor.control.advance(300)
            # A cycle's events are in the log before the cycle is published.
            wait_until(lambda: events(before)["events"])
            [goal, *_] = [one for one in events(before)["events"] if not one["data"]["late"]]
            scored = page.locator(f"tr.match[data-id='{goal['subject']}'][data-goal=yes]")
            expect(scored).to_have_count(1, timeout=2_000)
            expect(scored.locator(".note").first).to_contain_text("GOAL")
            assert page.evaluate("document.body.dataset.mine") == "same document"
            watched.assert_quiet()


def test_a_machine_with_time_for_one_row_a_frame_shows_all_on_the_screen(
    stage: Stage, chromium: Browser
) -> None:
    stage.cycle(many())
    with tab(chromium, "about:blank") as watched:
        page = watched.page
        page.add_init_script(
            "{ let passed = 0; const now = performance.now.bind(performance);"
            "  performance.now = () => now() + (passed += 5); }"
        )
        page.goto(stage.url)
        expect(row(page, "Home 005")).to_be_visible()
        page.mouse.move(500, 500)
        page.mouse.wheel(0, 8_000)
        # None between the top and the foot of the screen is left out.
        for number in range(135, 148):
            expect(row(page, f"Home {number}")).to_be_in_viewport()
        page.mouse.wheel(0, -8_000)
        for number in range(10):
            expect(row(page, f"Home {number:03}")).to_be_in_viewport()
        assert watched.complaints == []


def test_a_match_says_everything_and_has_a_link(stage: Stage, chromium: Browser) -> None:
    stage.cycle(evening())
    with tab(chromium, f"{stage.url}#m=m00003") as watched:
        page = watched.page
        expect(page.locator("#panel .panel-where")).to_have_text("Italy · Serie A")
        expect(page.locator("#panel")).to_contain_text("aggregate 3–2")
        expect(page.locator(".prices tbody")).to_have_count(4)
        expect(page.locator(".statistics")).to_contain_text("Shots on target")
        expect(row(page, "Torino").locator(".cards").first).to_have_text("2 red cards")
        expect(row(page, "Torino").locator(".c-time .b")).to_have_text("agg 3–2")
        como = row(page, "Como")
        expect(como.locator(".c-state")).to_have_text("susp 1X2")
        expect(como.locator(".c-p.m1").first).to_have_attribute("data-state", "suspended")
        expect(como.locator(".c-p.m2").first).to_have_attribute("data-state", "old")
        como.click()
        expect(page).to_have_url(f"{stage.url}#m=m00005")
        expect(page.locator(".prices")).to_contain_text("suspended")
        page.go_back()
        expect(page.locator("#panel .panel-team").first).to_have_text("Torino")
        stage.cycle([one for one in evening() if one["home"] != "Torino"])
        expect(page.locator("#panel")).to_contain_text(
            "not in the list of live matches any more", ignore_case=True
        )
        watched.assert_quiet("404")


def test_a_match_that_is_over_has_last_prices_and_none_of_now(stage: Stage, chromium: Browser) -> None:
    stage.cycle(evening())
    with tab(chromium, f"{stage.url}#m=m00004") as watched:
        page = watched.page
        expect(page.locator("#panel .panel-facts").first).to_have_text(re.compile("^Full time · kick-off"))
        expect(page.locator(".prices thead")).to_have_text("MarketEarlyLastPoints")
        expect(page.locator(".prices tbody")).to_have_count(4)
        expect(page.locator(".prices tbody[data-state=last]")).to_have_count(4)
        expect(page.locator(".prices")).not_to_contain_text("old")
        watched.assert_quiet()


def test_a_match_that_is_not_listed_any_more_is_shown_as_it_was_kept(stage: Stage, chromium: Browser) -> None:
    over = match(1, "Arsenal", "Chelsea", status_id=8, clock="FT", minute=None, in_play=False)
    stage.cycle([over])
    stage.keep_minutes(over, [120, 60], home_score=[1, 2], home_corners=[5, 7])
    stage.cycle(evening()[1:])
    with tab(chromium, f"{stage.url}#m=m00001") as watched:
        page = watched.page
        expect(page.locator("#panel .panel-where")).to_have_text("England · Premier League")
        expect(page.locator("#panel .panel-score")).to_have_text("2–0")
        expect(page.locator("#panel")).to_contain_text("Not in the list of live matches any more.")
        expect(page.locator(".prices thead")).to_contain_text("Last")
        expect(page.locator(".prices tbody[data-state=last]")).to_have_count(4)
        expect(page.locator(".statistics tr", has_text="Corners")).to_have_text("7Corners4")
        page.goto(f"{stage.url}#m=other")
        expect(page.locator("#panel")).to_contain_text("nothing is kept of it")
        expect(page.locator(".movement")).to_be_hidden()
        watched.assert_quiet("404")


def test_a_timeline_says_how_long_a_market_was_closed(stage: Stage, chromium: Browser) -> None:
    for ago_s, sealed in ((180, False), (120, True), (60, False)):
        prices: dict[str, Any] = {"current_money_line_sealed": sealed}
        stage.cycle([match(1, "Arsenal", "Chelsea", **prices)], events_ago_s=ago_s)
    with tab(chromium, f"{stage.url}#m=m00001") as watched:
        closed = watched.page.locator(".timeline li", has_text="Money line suspended")
        expect(closed.locator(".who")).to_have_text(re.compile(r"^\d+ s$"))
        watched.assert_quiet()


def test_the_labels_of_a_chart_are_within_the_panel(stage: Stage, chromium: Browser) -> None:
    stage.cycle([match(1, "Arsenal", "Chelsea")])
    rows = [one._replace(first=1.001, line=474.0, last=474.0) for one in kick_off_rows(time.time())]
    stage.keep_odds("m00001", [one for one in rows if one.market == "eu"])
    with tab(chromium, stage.url, viewport={"width": 390, "height": 844}) as watched:
        page = watched.page
        page.select_option("#odds", "american")
        page.goto(f"{stage.url}#m=m00001")
        expect(page.locator(".chart .end.away")).to_contain_text("+47300")
        left, right = page.evaluate(
            """() => {
              const panel = document.querySelector("#panel").getBoundingClientRect();
              const all = [...document.querySelectorAll(".chart text")];
              const texts = all.map((one) => one.getBoundingClientRect());
              return [Math.min(...texts.map((one) => one.left)) - panel.left,
                      panel.right - Math.max(...texts.map((one) => one.right))];
            }"""
        )
        assert min(left, right) > 8
        watched.assert_quiet()


def test_a_match_shows_how_its_prices_moved_and_what_bookmakers_offer(
    stage: Stage, chromium: Browser
) -> None:
    stage.cycle([match(1, "Arsenal", "Chelsea", home_score=0)])
    stage.keep_odds("m00001", kick_off_rows(time.time()))
    stage.cycle([match(1, "Arsenal", "Chelsea")])
    with tab(chromium, f"{stage.url}#m=m00001") as watched:
        page = watched.page
        chart = page.get_by_role("slider", name="Price movement, 1X2, BET365")
        expect(chart.locator(".goal-score")).to_have_text(["1–0", "1–0"])  # by the prices, and by the log
        expect(chart.locator(".closed")).to_have_count(1)
        expect(page.locator("#chart-words")).to_contain_text("Home from 2.30 to 1.50")
        expect(page.locator("#chart-words")).to_contain_text("Suspended 1 time.")
        best = page.locator(".bookmakers .best-row td")
        expect(best).to_have_text(["1.55Crown", "4.10Crown", "8.00BET365", ""])
        rows = page.locator(".bookmakers tr[data-bookmaker]")
        expect(rows).to_have_count(4)
        expect(rows.first).to_have_text(re.compile(r"BET3651\.50opening 2\.30 · , early 2\.20"))
        expect(page.locator(".bookmakers [data-state=suspended] .word")).to_have_text("susp")
        expect(page.locator(".bookmakers [data-state=old] .word")).to_have_text("old")
        expect(page.locator(".prices tbody").first).to_contain_text("Home2.302.502.10")

        chart.focus()
        page.keyboard.press("Home")
        expect(chart).to_have_attribute("aria-valuetext", re.compile("Home 2.30, Draw 3.30, Away 3.10"))
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        expect(chart).to_have_attribute("aria-valuetext", "20', 0–0: suspended")
        expect(page.locator(".readout")).to_contain_text("20' · 0–0suspended")
        stage.cycle([match(1, "Arsenal", "Chelsea", clock="68'", minute=68)])
        expect(page.locator("#panel .panel-facts").first).to_contain_text("68'")
        expect(chart).to_be_focused()
        expect(page.locator(".readout")).to_contain_text("20' · 0–0suspended")

        page.get_by_role("button", name="Crown").click()
        expect(page.get_by_role("slider")).to_have_attribute("aria-label", "Price movement, 1X2, Crown")
        expect(page.get_by_role("button", name="Crown")).to_be_focused()
        page.get_by_role("button", name="Spread", exact=True).last.click()
        expect(page.get_by_role("slider")).to_have_attribute(
            "aria-valuetext", re.compile("Line .0.5, Home 1.90")
        )
        page.select_option("#odds", "american")
        expect(page.locator(".readout")).to_contain_text("−111")
        watched.assert_quiet()


def test_a_match_without_kept_prices_says_so(tmp_path: Path, chromium: Browser) -> None:
    stage = Stage(tmp_path)
    try:
        stage.cycle(evening())
        with tab(chromium, f"{stage.url}#m=m00001") as watched:
            page = watched.page
            expect(page.locator(".movement")).to_contain_text("How the prices moved is not known yet.")
            expect(page.locator(".prices")).to_contain_text("1X2")
            expect(page.locator(".prices thead")).to_have_text("MarketEarlyNowPoints")
            expect(page.locator(".chart")).to_be_hidden()
            stage.cycle([match(1, "Arsenal", "Chelsea", **UNPRICED), *evening()[1:]])
            expect(page.locator(".movement")).to_contain_text("No prices are known yet.")
            expect(page.locator("#panel")).to_contain_text("No odds are known.")
            watched.assert_quiet()
    finally:
        stage.close()


def test_a_chart_says_how_many_prices_it_leaves_out(stage: Stage, chromium: Browser) -> None:
    stage.cycle([match(1, "Arsenal", "Chelsea")])
    now = int(time.time())
    row = kick_off_rows(now)[0]
    stage.keep_odds("m00001", [row._replace(at=now - second) for second in range(20_300)])
    with tab(chromium, f"{stage.url}#m=m00001") as watched:
        expect(watched.page.locator(".chart-note")).to_contain_text("20,300 prices, read until")
        expect(watched.page.locator(".chart-note")).to_contain_text("The chart leaves out the oldest 300")
        watched.assert_quiet()


def test_an_alert_marks_its_match_and_is_listed_with_its_outcome(stage: Stage, chromium: Browser) -> None:
    torino, leeds = evening()[2], evening()[1]
    stage.cycle(evening())
    with tab(chromium, stage.url) as watched:
        page = watched.page
        expect(row(page, "Torino")).to_be_visible()
        expect(page.locator("#alerts")).to_be_hidden()
        stage.alert(torino, "early-goals", text="Torino – Lazio: over 2.5", price=1.95)
        mark = row(page, "Torino").locator(".alert-mark")
        expect(mark).to_have_text("Alert: early-goals")
        expect(mark).to_have_attribute("data-open", "")
        expect(page.locator("#alerts .event")).to_have_text(
            "Torino – Lazioopen"
            + (page.locator("#alerts time").text_content() or "")
            + "early-goals67' · 1–0 · at 1.95"
        )
        stage.settle(torino, "early-goals", outcome="won", price=1.95, score=Score(2, 1))
        for number in range(1, 8):
            stage.alert(leeds, "late-draw", number)
        expect(page.locator("#alerts .event")).to_have_count(5)
        page.get_by_role("button", name="Show all 8").click()
        expect(page.locator("#alerts time").first).to_have_text(re.compile(r"^\d\d:\d\d$"))
        stage.alert(leeds, "late-draw", 8, ago_s=2 * 86_400)
        expect(page.locator("#alerts time").first).to_have_text(re.compile(r"^\d+ [A-Z][a-z]+$"))
        oldest = page.locator("#alerts .event").last
        expect(oldest).to_contain_text("2–1 won")
        expect(page.locator(".rules tbody tr").first).to_have_text(
            "early-goals11/1100.0 %21–100 %+95.0 %even 51 %"
        )
        expect(page.locator(".rules tbody tr").last).to_have_text("late-draw8–––")
        expect(mark).to_have_text("Alert: early-goals won")
        oldest.click()
        expect(page.locator(".timeline .alert")).to_contain_text(
            "Alert early-goals wonTorino – Lazio: over 2.5"
        )
        watched.assert_quiet()


def test_hostile_names_are_just_names(stage: Stage, chromium: Browser) -> None:
    stage.cycle([match(number, name, competition=name, country=name) for number, name in enumerate(HOSTILE)])
    stage.cycle(
        [
            match(number, name, competition=name, country=name, home_score=2)
            for number, name in enumerate(HOSTILE)
        ]
    )
    for number, name in enumerate(HOSTILE):
        stage.alert(match(number, name, competition=name), "hostile", text=name)
    with tab(chromium, f"{stage.url}#m=m00000") as watched:
        page = watched.page
        expect(page.locator("#alerts .event")).to_have_count(5)
        expect(page.locator(".timeline .alert .who")).to_have_text(HOSTILE[0])
        expect(page.locator("#latest .event")).to_have_count(len(HOSTILE))
        expect(page.locator("#panel .panel-team").first).to_have_text(HOSTILE[0])
        assert sorted(names(page)) == sorted(HOSTILE)
        assert page.locator("#matches img, #matches script, #matches h1, #side script").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
            "200 letters widen nothing"
        )
        assert page.title() == f"footy · {len(HOSTILE)} in play"
        watched.assert_quiet()


def test_the_page_says_that_the_service_is_gone_and_recovers(stage: Stage, chromium: Browser) -> None:
    stage.cycle(evening())
    with tab(chromium, stage.url) as watched:
        page = watched.page
        expect(row(page, "Arsenal")).to_be_visible()
        expect(page.locator("#banners")).to_be_empty()
        stage.stop()
        expect(page.locator(".banner[data-kind=offline]")).to_contain_text("NO CONNECTIONsince")
        stage.start()
        stage.cycle([match(1, "Arsenal", "Chelsea", away_score=1), *evening()[1:]])
        expect(page.locator("#banners")).to_be_empty(timeout=10_000)
        expect(row(page, "Arsenal").locator(".c-score .b")).to_have_text("1")
        watched.assert_quiet(
            "ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET"
        )


def test_what_is_wrong_with_the_data_is_said_in_words(stage: Stage, chromium: Browser) -> None:
    with tab(chromium, stage.url) as watched:
        page = watched.page
        expect(page.locator("#strip")).to_contain_text("waiting for the first cycle")
        stage.cycle(evening(), complete=False, problems=["Odds are missing for 2 of 5 matches"])
        banner = page.locator(".banner")
        expect(banner).to_have_text("INCOMPLETEOdds are missing for 2 of 5 matches")
        expect(page.locator("#strip")).to_contain_text("1 problem")
        stage.heartbeat("live list unavailable", last_success_at="2020-01-01T00:00:00Z")
        expect(banner).to_contain_text("STALEthe last success is")
        stage.heartbeat(None, last_success_at="2020-01-01T00:00:00Z")
        stage.cycle(evening(), complete=True)
        expect(page.locator("#strip")).not_to_contain_text("problem")
        expect(banner).to_contain_text("STALE")
        stage.heartbeat(None)
        stage.cycle([])
        expect(page.locator("#empty")).to_contain_text("No match is live now.")
        watched.assert_quiet()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (390, "light")])
def test_axe_finds_nothing_on_a_wide_screen_or_a_phone_dark_or_light(
    axe_stage: Stage, chromium: Browser, width: int, scheme: Any
) -> None:
    size = {"width": width, "height": 844}
    with tab(chromium, axe_stage.url, viewport=size, color_scheme=scheme) as watched:
        page = watched.page
        expect(row(page, "Arsenal")).to_be_visible()
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (sum(map(int, ground[4:-1].split(","))) < 200) == (scheme == "dark")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert row(page, "Arsenal").bounding_box()["height"] <= 52, "two lines"
        page.evaluate("document.querySelectorAll('tr.match')[0].dataset.goal = 'yes'")
        problems = Axe().run(page).response["violations"]
        row(page, "Torino").click()
        expect(page.locator("#panel .statistics")).to_be_visible()
        expect(page.locator("#panel .chart path.step").first).to_be_visible()
        problems += Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in problems] == []
        watched.assert_quiet()


@pytest.fixture(scope="module")
def axe_stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    stage = Stage(tmp_path_factory.mktemp("axe"), mode="demo")
    stage.cycle(evening())
    stage.cycle(
        [match(1, "Arsenal", "Chelsea", home_score=2), *evening()[1:]], complete=False, problems=["One"]
    )
    stage.keep_odds("m00003", kick_off_rows(time.time()))
    for one in evening()[:3]:
        stage.alert(one, "early-goals")
    stage.settle(evening()[2], "early-goals")
    yield stage
    stage.close()


def test_the_way_back_from_the_feed_stands_beside_its_first_title(stage: Stage, chromium: Browser) -> None:
    stage.cycle(evening())
    for width, height in ((1024, 768), (390, 844)):
        with tab(chromium, stage.url, viewport={"width": width, "height": height}) as watched:
            page = watched.page
            page.locator("#more").click()
            middles = [
                box["y"] + box["height"] / 2
                for one in ("#side-close", "#latest-title")
                if (box := page.locator(one).bounding_box()) is not None
            ]
            assert abs(middles[0] - middles[1]) < 3, width
            watched.assert_quiet()


def test_one_touch_chooses_the_market_of_a_phone(stage: Stage, chromium: Browser) -> None:
    stage.cycle(evening())
    with tab(chromium, stage.url, viewport={"width": 390, "height": 844}) as watched:
        page = watched.page
        first = row(page, "Arsenal")
        expect(first.locator(".c-p:visible")).to_have_text(["2.10 2.50", "3.30 3.40", "3.60 2.63"])
        page.locator("#markets [data-value='2']").click()
        expect(first.locator(".c-p:visible")).to_have_text(["−0.5 −0.5", "1.90 1.83", "1.95 2.05"])
        page.locator("#more").click()
        expect(page.locator("#tonight")).to_be_visible()
        page.locator("#side-close").click()
        expect(page.locator("#tonight")).to_be_hidden()
        watched.assert_quiet()


@pytest.mark.parametrize("width", [1440, 390])
def test_the_words_of_a_status_do_not_cover_a_name(stage: Stage, chromium: Browser, width: int) -> None:
    waits = [
        match(1, "Arsenal", "Chelsea", status_id=13, status="To be determined", clock="To be determined"),
        match(2, "Leeds", "Everton", status_id=10, status="Interrupted", clock="Interrupted"),
    ]
    stage.cycle(waits)
    with tab(chromium, stage.url, viewport={"width": width, "height": 844}) as watched:
        page = watched.page
        page.locator("[data-filter=all]").click()
        expect(row(page, "Arsenal").locator(".c-time .a")).to_have_text("TBD")
        for team in ("Arsenal", "Leeds"):
            room = row(page, team).evaluate(
                """(tr) => {
                  const words = document.createRange();
                  words.selectNodeContents(tr.querySelector(".c-time .a"));
                  const name = tr.querySelector(".name").getBoundingClientRect();
                  return name.left - words.getBoundingClientRect().right;
                }"""
            )
            assert room >= 2, team
        watched.assert_quiet()


@pytest.mark.parametrize("width", [1440, 800])
def test_the_words_of_two_markets_are_within_their_column(
    stage: Stage, chromium: Browser, width: int
) -> None:
    two = {f"current_{market}_sealed": True for market in ("money_line", "spread")}
    stage.cycle([match(1, "Arsenal", "Chelsea", **two)])
    with tab(chromium, stage.url, viewport={"width": width, "height": 844}) as watched:
        state = row(watched.page, "Arsenal").locator(".c-state")
        expect(state).to_contain_text("susp 1X2 spr")
        assert state.evaluate("(td) => td.scrollWidth <= td.clientWidth")
        watched.assert_quiet()


@pytest.mark.parametrize("width", [1440, 390])
def test_long_american_prices_fit_and_have_the_size_of_the_others(
    stage: Stage, chromium: Browser, width: int
) -> None:
    long = {f"current_money_line_{side}": price for side, price in zip(SIDES, (105, 31, 1.02), strict=True)}
    stage.cycle([match(1, "Arsenal", "Chelsea"), match(2, "Leeds", "Everton", **long)])
    with tab(chromium, stage.url, viewport={"width": width, "height": 844}) as watched:
        page = watched.page
        page.select_option("#odds", "american")
        prices = page.locator("tr.match .c-p.m1")
        expect(prices).to_have_text(
            [re.compile(one) for one in ("110", "230", "260", "10400", "3000", "5000")]
        )
        sizes, widest = page.evaluate(
            """() => {
              const all = [...document.querySelectorAll("tr.match .c-p.m1")];
              const texts = all.map((td) => {
                const text = document.createRange();
                text.selectNodeContents(td);
                const room = td.clientWidth - parseFloat(getComputedStyle(td).paddingRight);
                return Math.max(...[...text.getClientRects()].map((one) => one.width)) - room;
              });
              return [all.map((td) => getComputedStyle(td, "::first-line").fontSize), Math.max(...texts)];
            }"""
        )
        assert set(sizes) == {"12px"}
        assert widest <= 0
        watched.assert_quiet()


def test_signing_in_opens_the_page(tmp_path: Path, chromium: Browser) -> None:
    from footy.web.security import Access
    from tests.support.web import TOKEN

    stage = Stage(tmp_path, Access(TOKEN))
    try:
        stage.cycle(evening())
        with tab(chromium, f"{stage.url}#m=m00001") as watched:
            page = watched.page
            page.fill("input[name=token]", "another token")
            page.keyboard.press("Enter")
            expect(page.locator("p")).to_have_text("That is not the token.")
            page.fill("input[name=token]", TOKEN)
            page.keyboard.press("Enter")
            expect(row(page, "Arsenal")).to_be_visible()
            expect(page.locator("#panel .panel-team").first).to_have_text("Arsenal")
            assert TOKEN not in page.content()
            watched.assert_quiet("401")
    finally:
        stage.close()
