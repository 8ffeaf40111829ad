"""The levels of reference data: memory, disk, vendor; fresh, cache, stale, missing, refused."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from footy.provenance import Source
from footy.reference import lookup
from footy.reference.disk_cache import DiskCache, Entry
from footy.reference.lookup import Lookup
from footy.thesports import endpoints
from footy.thesports.client import Client
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import BadBodyError, BadStatusError, NoSuchRowError, OutOfTimeError, RefusedError
from footy.thesports.request import CATEGORY_LIST, COUNTRY_LIST, Request
from footy.thesports.transport import Transport
from tests.support.wire import SECRET, USER, Script, Server, Talk, answer, asking, budget, reply, results_of

HOUR, DAY = 3600.0, 86_400.0
TTL_S = {
    endpoints.TEAM: DAY,
    endpoints.COMPETITION: 2 * DAY,
    endpoints.COUNTRIES: HOUR,
    endpoints.CATEGORIES: HOUR,
}
TEAM = Request(endpoints.TEAM, "t1")
START = 1_750_000_000
FAILING = answer(reply(b"", status="500 X"))
REFUSES = answer(reply(b'{"err":"URL is not authorized to access, please contact our business staff."}'))


def rows(*found: dict[str, Any]) -> Script:
    return answer(reply(results_of(list(found))))


def whatever_is_asked(talk: Talk) -> None:
    asked = parse_qs(urlsplit(talk.target).query)
    row = {"id": asked.get("uuid", ["c1"])[0], "name": talk.target.split("/")[3]}
    talk.say(reply(results_of([row])))


class Desk:
    """Reference data with a clock that the test moves."""

    def __init__(self, server: Server, transport: Transport, path: Path, clock: Any) -> None:
        self.server = server
        self.path = path
        self._transport = transport
        self._clock = clock
        self.disk_cache: DiskCache | None = None
        self.open(path)

    def open(self, path: Path | None) -> None:
        """Begins anew, as another process would, with what is in the file."""
        self.close()
        self.disk_cache = DiskCache(path) if path else None
        self.reference = Lookup(Client(self._transport), self.disk_cache, TTL_S)

    def close(self) -> None:
        if self.disk_cache:
            self.disk_cache.flush()
            self.disk_cache.close()

    def wait(self, seconds: float) -> None:
        if self.disk_cache:
            self.disk_cache.flush()
        self._clock.shift(seconds)

    def get(self, key: Request = TEAM) -> tuple[Source, Any]:
        found: Any = self.reference.ask(key, budget())
        return found.source, found.value.name if found.value is not None else None

    @property
    def asked(self) -> int:
        return len(self.server.requests)


@pytest.fixture
def desk(server: Server, tmp_path: Path) -> Iterator[Desk]:
    server.script = rows({"id": "t1", "name": "Alpha"})
    with asking(server.url) as transport, time_machine.travel(START, tick=True) as clock:
        made = Desk(server, transport, tmp_path / "cache.sqlite", clock)
        yield made
        made.close()


class TestLadder:
    def test_what_the_vendor_answers_is_fresh_and_then_cached(self, desk: Desk) -> None:
        assert desk.get() == (Source.FRESH, "Alpha")
        assert desk.get() == (Source.CACHE, "Alpha")
        held: Any = desk.reference.ask(TEAM, budget())
        error = held.error
        assert held.at is not None
        assert START <= held.at < START + 60
        assert error is None
        assert desk.asked == 1

    def test_peeking_costs_no_call_and_knows_only_what_is_in_the_memo(self, desk: Desk) -> None:
        assert desk.reference.peek(TEAM) is None
        desk.get()
        desk.open(desk.path)
        assert desk.reference.peek(TEAM) is None
        desk.get()
        peeked = desk.reference.peek(TEAM)
        assert peeked is not None
        assert peeked.source is Source.CACHE
        assert desk.asked == 1

    def test_another_process_finds_it_in_the_file_and_makes_no_call(self, desk: Desk) -> None:
        desk.get()
        for _ in range(3):
            desk.open(desk.path)
            assert desk.get() == (Source.CACHE, "Alpha")
        assert desk.asked == 1

    @pytest.mark.parametrize("endpoint", TTL_S)
    def test_each_kind_has_its_own_time_to_live(self, desk: Desk, endpoint: Endpoint) -> None:
        desk.server.script = whatever_is_asked
        key = Request(endpoint, "x" if endpoint in {endpoints.TEAM, endpoints.COMPETITION} else "")
        desk.reference.ask(key, budget())
        for reopened in (False, True):
            asked = desk.asked
            desk.wait(TTL_S[endpoint] - 60)
            if reopened:
                desk.open(desk.path)
            assert desk.reference.ask(key, budget()).source is Source.CACHE
            assert desk.asked == asked
            desk.wait(120)
            assert desk.reference.ask(key, budget()).source is Source.FRESH
            assert desk.asked == asked + 1

    def test_when_asking_fails_the_last_good_value_is_stale_with_its_age(self, desk: Desk) -> None:
        desk.get()
        first = desk.reference.peek(TEAM)
        desk.server.script = FAILING
        desk.wait(2 * DAY)
        held: Any = desk.reference.ask(TEAM, budget())
        error = held.error
        assert held.source is Source.STALE
        assert held.value is not None
        assert held.value.name == "Alpha"
        assert first is not None
        assert held.at == pytest.approx(first.fetched_at, abs=0.001)
        assert isinstance(error, BadStatusError)

    def test_a_stale_value_is_tried_again_after_a_minute(self, desk: Desk) -> None:
        desk.get()
        desk.server.script = FAILING
        desk.wait(2 * DAY)
        for _ in range(5):
            assert desk.get() == (Source.STALE, "Alpha")
        assert desk.asked == 2
        desk.wait(50)
        assert desk.get() == (Source.STALE, "Alpha")
        assert desk.asked == 2
        desk.server.script = rows({"id": "t1", "name": "Beta"})
        desk.wait(15)
        assert desk.get() == (Source.FRESH, "Beta")
        assert desk.get() == (Source.CACHE, "Beta")

    def test_what_was_not_asked_for_lack_of_time_is_asked_in_the_next_cycle(self, desk: Desk) -> None:
        desk.get()
        desk.wait(2 * DAY)
        held: Any = desk.reference.ask(TEAM, budget(0))
        error = held.error
        assert held.source is Source.STALE
        assert isinstance(error, OutOfTimeError)
        assert desk.get() == (Source.FRESH, "Alpha")

    @pytest.mark.parametrize(
        "script",
        [rows({"id": "t2"}), rows({"id": "t1", "name": 7}), rows(), REFUSES, answer(reply(b"<html>"))],
        ids=["another id", "a wrong type", "no row", "refused", "HTML"],
    )
    def test_a_bad_answer_never_takes_the_place_of_a_good_one(self, desk: Desk, script: Script) -> None:
        desk.get()
        desk.server.script = script
        desk.wait(2 * DAY)
        assert desk.get() == (Source.STALE, "Alpha")
        desk.open(desk.path)
        assert desk.get() == (Source.STALE, "Alpha")

    def test_with_nothing_held_it_is_missing_and_asked_for_each_time(self, desk: Desk) -> None:
        desk.server.script = FAILING
        for number in range(3):
            assert desk.get() == (Source.MISSING, None)
            assert desk.asked == number + 1
            assert desk.reference.peek(TEAM) is None

    def test_without_the_right_it_is_refused(self, desk: Desk) -> None:
        desk.server.script = REFUSES
        for _ in range(9):
            held: Any = desk.reference.ask(TEAM, budget())
            error = held.error
            assert (held.source, held.value) == (Source.REFUSED, None)
            assert isinstance(error, RefusedError)
        assert desk.asked == 3

    def test_an_id_that_the_vendor_does_not_know_is_missing_for_ten_minutes(self, desk: Desk) -> None:
        desk.server.script = rows()
        held: Any = desk.reference.ask(TEAM, budget())
        error = held.error
        assert held.source is Source.MISSING
        assert isinstance(error, NoSuchRowError)
        assert desk.get() == (Source.MISSING, None)
        desk.wait(590)
        assert desk.get() == (Source.MISSING, None)
        assert desk.asked == 1
        desk.wait(20)
        desk.server.script = rows({"id": "t1", "name": "Alpha"})
        assert desk.get() == (Source.FRESH, "Alpha")

    def test_stale_ends_after_thirty_days(self, desk: Desk) -> None:
        desk.get()
        desk.server.script = FAILING
        desk.wait(30 * DAY - HOUR)
        assert desk.get() == (Source.STALE, "Alpha")
        desk.wait(2 * HOUR)
        assert desk.get() == (Source.MISSING, None)

    def test_what_is_kept_from_the_future_is_not_believed(self, desk: Desk) -> None:
        assert desk.disk_cache is not None
        desk.disk_cache.write(str(TEAM), Entry(b'[{"id":"t1","name":"Omega"}]', START + DAY))
        desk.disk_cache.flush()
        assert desk.get() == (Source.FRESH, "Alpha")

    def test_what_is_kept_and_cannot_be_read_any_more_is_not_there(self, desk: Desk) -> None:
        assert desk.disk_cache is not None
        for kept in (b"[]", b"{}", b"\xff", b'[{"id":"t2"}]', b'[{"id":"t1","name":7}]', b"[" * 5000):
            desk.disk_cache.write(str(TEAM), Entry(kept, START - 10))
            desk.disk_cache.flush()
            desk.reference = Lookup(desk.reference._client, desk.disk_cache, TTL_S)
            asked = desk.asked
            assert desk.get() == (Source.FRESH, "Alpha")
            assert desk.asked == asked + 1

    def test_without_a_shelf_the_memo_does(self, desk: Desk) -> None:
        desk.open(None)
        assert [desk.get()[0] for _ in range(3)] == [Source.FRESH, Source.CACHE, Source.CACHE]

    def test_a_file_that_cannot_be_used_costs_a_call_and_no_more(self, desk: Desk, tmp_path: Path) -> None:
        (tmp_path / "directory").mkdir()
        desk.open(tmp_path / "directory")
        assert [desk.get()[0] for _ in range(3)] == [Source.FRESH, Source.CACHE, Source.CACHE]

    def test_the_memo_is_bounded(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lookup, "MOST_REMEMBERED", 5)
        desk.server.script = whatever_is_asked
        desk.open(None)
        for number in range(20):
            desk.get(Request(endpoints.TEAM, f"t{number}"))
        assert (
            sum(
                desk.reference.peek(Request(endpoints.TEAM, f"t{number}")) is not None for number in range(20)
            )
            == 5
        )


class TestKinds:
    def test_the_same_id_of_another_kind_is_another_thing(self, desk: Desk) -> None:
        desk.server.script = whatever_is_asked
        team, competition = Request(endpoints.TEAM, "x"), Request(endpoints.COMPETITION, "x")
        for expected in (Source.FRESH, Source.CACHE):
            assert desk.get(team) == (expected, "team")
            assert desk.get(competition) == (expected, "competition")

    def test_countries_and_categories_are_whole_lists_by_id(self, desk: Desk) -> None:
        desk.server.script = rows({"id": "c1", "name": "England"}, {"id": "c2", "name": "Wales"})
        for key in (COUNTRY_LIST, CATEGORY_LIST):
            held: Any = desk.reference.ask(key, budget())
            assert held.value is not None
            assert {one: row.name for one, row in held.value.items()} == {"c1": "England", "c2": "Wales"}
        assert all("uuid" not in request.decode() for request in desk.server.requests)

    def test_a_key_on_disk_names_endpoint_and_id(self) -> None:
        assert str(TEAM) == "team/additional/list?uuid=t1"
        assert str(COUNTRY_LIST) == "country/list"


class TestRenewal:
    def test_one_row_that_cannot_be_read_does_not_keep_the_others_from_it(self, desk: Desk) -> None:
        desk.server.script = whatever_is_asked
        keys = [Request(endpoints.TEAM, name) for name in ("t1", "t2", "t3")]
        for key in keys:
            desk.get(key)
        desk.wait(0.95 * DAY)
        (since,) = desk.reference.renewals(time.time()).values()
        desk.server.script = rows({"id": "t1", "name": 7}, {"id": "t2", "name": "Two"}, {"name": "?"})
        desk.reference.renew(Request(endpoints.TEAM, since=since), budget())
        assert f"time={since}" in desk.server.requests[-1].decode()
        assert desk.get(keys[1]) == (Source.CACHE, "Two")
        desk.wait(0.1 * DAY)
        asked = desk.asked
        desk.server.script = whatever_is_asked
        assert [desk.get(key)[0] for key in keys] == [Source.FRESH, Source.CACHE, Source.CACHE]
        assert desk.asked == asked + 1

    def test_a_merged_duplicate_stays_itself_in_the_file(self, desk: Desk) -> None:
        def merged(talk: Talk) -> None:
            asked = parse_qs(urlsplit(talk.target).query).get("uuid")
            found = {"t1": [{"id": "t1", "name": "Old", "uid": "t2"}], "t2": [{"id": "t2", "name": "New"}]}
            talk.say(reply(results_of(found[asked[0]] if asked else [])))

        desk.server.script = merged
        assert desk.get() == (Source.FRESH, "New")
        desk.wait(0.95 * DAY)
        desk.reference.renew(Request(endpoints.TEAM, since=START - 300), budget())
        asked = desk.asked
        desk.open(desk.path)
        assert desk.get() == (Source.CACHE, "New")
        assert desk.asked == asked

    def test_a_renewal_that_fails_leaves_all_as_it_is(self, desk: Desk) -> None:
        desk.get()
        desk.server.script = answer(reply(b'{"code":0,"results":[7]}'))
        renewed = desk.reference.renew(Request(endpoints.TEAM, since=START - 300), budget())
        assert isinstance(renewed.error, BadBodyError)
        assert desk.get() == (Source.CACHE, "Alpha")

    def test_what_was_taken_out_is_forgotten_for_thirty_days_and_then_this_too(self, desk: Desk) -> None:
        for number in range(100):
            desk.reference.forget([Request(endpoints.TEAM, f"gone{number}")], START + number * DAY)
        assert len(desk.reference._gone) == 31


class TestSecret:
    def test_nothing_of_it_is_in_the_file(self, desk: Desk) -> None:
        def echo(talk: Talk) -> None:
            secret = json.dumps(talk.target)
            talk.say(
                b"HTTP/1.1 200 OK\r\nX-Echo: %b\r\nSet-Cookie: s=%b\r\n" % (2 * (talk.target.encode(),))
                + reply(b'{"query":%b,"code":0,"results":[{"id":"t1"}]}' % secret.encode()).partition(
                    b"\r\n"
                )[2]
            )

        desk.server.script = echo
        desk.get()
        for file in (*desk.path.parent.iterdir(),):
            content = file.read_bytes().decode(errors="replace")
            assert USER not in content
            assert "secret=" not in content
            assert not [
                SECRET[at : at + 8] for at in range(len(SECRET) - 7) if SECRET[at : at + 8] in content
            ]
        desk.close()
        assert b"team/additional/list?uuid=t1" in desk.path.read_bytes()
