"""The attempt loop over real sockets: what is asked again, what is not, and what never gets out."""

import contextlib
import dataclasses
import email.utils
import gc
import io
import logging
import random
import threading
import time
import traceback
import tracemalloc
import weakref
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import MaxRetryError, ProtocolError
from urllib3.response import HTTPResponse

from footy.telemetry.counters import Counters
from footy.telemetry.logs import LineFormatter
from footy.telemetry.redaction import Redactor
from footy.thesports.adapter import SMALL, MemoryLimit, read_body
from footy.thesports.endpoints import ADDRESS_PROBE, LIVE, ODDS, TEAM, Endpoint
from footy.thesports.errors import (
    BadBodyError,
    BadStatusError,
    OutOfTimeError,
    RefusedError,
    StoppedError,
    ThrottledError,
    TimedOutError,
    UnreachableError,
    VendorCodeError,
    VendorError,
)
from footy.thesports.retry_budget import RetryBudget
from footy.thesports.transport import FAIR_S, JitterRetry, Reply, Transport
from tests.support.wire import (
    GENEROUS_S,
    GOOD,
    SECRET,
    USER,
    Script,
    Server,
    Talk,
    answer,
    answer_and_close,
    asking,
    budget,
    compressed,
    in_turn,
    reply,
    results_of,
    zipped,
)

Failing = tuple[Script, type[VendorError], str]


def reset(talk: Talk) -> None:
    talk.reset()


def reset_within(talk: Talk) -> None:
    talk.say(reply(GOOD[:-1], length=len(GOOD)))
    talk.reset()


def unlike(body: bytes) -> Script:
    return answer(reply(body))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BROKE = "the connection broke before the reply was whole"
RETRIED: dict[str, Failing] = {
    "reset before the head": (reset, UnreachableError, BROKE),
    "reset within the body": (reset_within, UnreachableError, BROKE),
    "closed without a word": (Talk.end, UnreachableError, BROKE),
    "a truncated body": (answer_and_close(reply(GOOD[:-1], length=99)), UnreachableError, BROKE),
    "a truncated body that is whole JSON": (answer_and_close(reply(length=99)), UnreachableError, BROKE),
    "a truncated chunk": (answer_and_close(CHUNKED + b"ff\r\n" + GOOD), UnreachableError, BROKE),
    "chunks without an end": (answer_and_close(CHUNKED + b"17\r\n" + GOOD), UnreachableError, BROKE),
    "a chunk of no size": (answer_and_close(CHUNKED + b"xyz\r\n" + GOOD), UnreachableError, BROKE),
    "no HTTP at all": (answer_and_close(b"SSH-2.0-OpenSSH\r\n\r\n"), UnreachableError, BROKE),
    "two lengths": (
        answer_and_close(b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n"),
        UnreachableError,
        BROKE,
    ),
    "a head without end": (
        answer_and_close(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 99_999),
        UnreachableError,
        BROKE,
    ),
    "broken gzip": (answer(compressed(b"not gzip")), BadBodyError, "the compressed reply is broken"),
    "gzip cut off": (answer(compressed(zipped(GOOD)[:-12])), BadBodyError, "the reply is not the JSON"),
    "unknown compression": (answer(reply(GOOD, "Content-Encoding: x, gzip")), BadBodyError, ""),
    "compressed too often": (
        answer(reply(GOOD, "Content-Encoding: " + ", ".join(["gzip"] * 9))),
        BadBodyError,
        "the compressed reply is broken",
    ),
    "HTML": (unlike(b"<html>"), BadBodyError, "the reply is not the JSON expected"),
    "nothing": (unlike(b""), BadBodyError, "the reply is not the JSON expected"),
    "half of it, closed": (
        answer_and_close(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + GOOD[:-1]),
        BadBodyError,
        "the reply is not the JSON expected",
    ),
    "another shape": (unlike(b'{"code":0,"results":{}}'), BadBodyError, "results are not a JSON list"),
} | {
    f"status {status}": (answer(reply(GOOD, status=f"{status} X")), BadStatusError, f"HTTP status {status}")
    for status in (500, 502, 503, 504)
}
NOT_RETRIED: dict[str, Failing] = {
    f"status {status}": (answer(reply(GOOD, status=f"{status} X")), BadStatusError, f"HTTP status {status}")
    for status in (201, 400, 401, 403, 404)
} | {
    "a code": (unlike(b'{"code":100003,"msg":"no"}'), VendorCodeError, "the vendor answers code 100003: no"),
    "a refusal": (unlike(b'{"err":"URL is not authorized"}'), RefusedError, "not authorized"),
    "a refusal with a status": (
        answer(reply(b'{"err":"IP is not authorized"}', status="403 Forbidden")),
        RefusedError,
        "this address is not authorized",
    ),
    "429": (answer(reply(b"", status="429 Slow Down")), ThrottledError, "429"),
    "429 in a body": (unlike(b'{"code":429,"msg":"Too Many Requests."}'), ThrottledError, "429"),
    "429 in a body with a status": (
        answer(reply(b'{"code":429}', status="400 Bad")),
        ThrottledError,
        "rate limit",
    ),
    "503 with Retry-After": (
        answer(reply(GOOD, "Retry-After: 9", status="503 X")),
        ThrottledError,
        "HTTP status 503",
    ),
    "a redirect": (answer(reply(GOOD, "Location: /there", status="302 X")), BadStatusError, "302"),
    "a redirect to nowhere": (answer(reply(GOOD, "Location: //[", status="302 X")), BadStatusError, "302"),
}
FAILING = {f"{name}, again": one for name, one in RETRIED.items()} | NOT_RETRIED


def each(table: dict[str, Failing]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("script", "kind", "words"), table.values(), ids=table.keys())


class TestReply:
    def test_the_results_come_out_as_they_were_sent(self, server: Server) -> None:
        rows = [{"id": "é", "price": 1.0}]
        server.script = unlike(results_of(rows))
        before = time.time()
        with asking(server.url) as transport:
            found = transport.get(LIVE, {}, budget(), bytes)
        assert found.value == b'[{"id": "\\u00e9", "price": 1.0}]'
        assert before <= found.received_at <= time.time()

    @pytest.mark.parametrize(
        "said",
        [
            compressed(zipped(GOOD)),
            compressed(zipped(GOOD[:9]) + zipped(GOOD[9:])),
            CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD),
            CHUNKED + b"".join(b"1\r\n%c\r\n" % byte for byte in GOOD) + b"0\r\nTrailer: x\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n" + reply(),
        ],
        ids=["gzip", "gzip in members", "a chunk", "chunks", "a provisional answer"],
    )
    def test_it_is_read_in_every_framing(self, server: Server, said: bytes) -> None:
        server.script = answer(said)
        with asking(server.url) as transport:
            for _ in range(3):
                assert transport.get(LIVE, {}, budget(), bytes).value == b"[]"
        assert server.connections == 1

    def test_a_body_may_end_with_its_connection(self, server: Server) -> None:
        server.script = answer_and_close(b"HTTP/1.0 200 OK\r\n\r\n" + GOOD)
        with asking(server.url, workers=1) as transport:
            for _ in range(3):
                assert transport.get(LIVE, {}, budget(), bytes).value == b"[]"

    @pytest.mark.parametrize("compress", [bytes, zipped], ids=["plain", "gzip"])
    def test_one_that_is_too_large_is_given_up_early(
        self, server: Server, compress: Callable[[bytes], bytes]
    ) -> None:
        size = 64 * 2**20
        body = compress(b" " * size)
        headers = [] if len(body) == size else ["Content-Encoding: gzip"]
        server.script = answer(reply(body, *headers))
        few = dataclasses.replace(LIVE, max_body=2**20)
        with asking(server.url, timeout=GENEROUS_S) as transport:
            tracemalloc.start()
            try:
                with pytest.raises(BadBodyError, match="the reply is larger than 1 MB"):
                    transport.get(few, {}, budget(), bytes)
                assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
            finally:
                tracemalloc.stop()
            server.script = answer(reply())
            transport.get(few, {}, budget(), bytes)

    def test_large_ones_may_not_fill_the_memory_together(self) -> None:
        large, small, room = 4 * SMALL, SMALL, MemoryLimit(4 * SMALL)
        assert room.take(2 * SMALL)
        with pytest.raises(BadBodyError, match="too many replies at once"):
            read_body(HTTPResponse(io.BytesIO(b" " * large), preload_content=False), 2 * large, room)
        body = HTTPResponse(io.BytesIO(b" " * small), preload_content=False)
        assert len(read_body(body, large, room)) == small
        room.give_back(2 * SMALL)
        body = HTTPResponse(io.BytesIO(b" " * large), preload_content=False)
        assert len(read_body(body, 2 * large, room)) == large
        assert room.take(4 * SMALL)

    def test_an_endless_redirect_is_given_up_early_too(self, server: Server) -> None:
        server.script = answer(reply(b" " * 2**22, "Location: /there", status="301 X"))
        with asking(server.url) as transport, pytest.raises(BadBodyError, match="larger"):
            transport.get(dataclasses.replace(LIVE, max_body=2**20), {}, budget(), bytes)
        assert len(server.requests) == 1


class TestRequest:
    def test_it_is_signed_and_asks_for_gzip_and_nothing_else(self, server: Server) -> None:
        with asking(server.url) as transport:
            transport.get(TEAM, {"uuid": "a/b&c"}, budget(), bytes)
        first, *headers = server.requests[0].decode().split("\r\n")
        method, target, version = first.split(" ")
        asked = urlsplit(target)
        assert (method, asked.path, version) == ("GET", "/v1/football/team/additional/list", "HTTP/1.1")
        assert parse_qs(asked.query) == {"uuid": ["a/b&c"], "user": [USER], "secret": [SECRET]}
        assert sorted(headers) == [
            "Accept-Encoding: gzip",
            "Accept: application/json",
            f"Host: 127.0.0.1:{server.port}",
            "User-Agent: footy",
        ]

    @pytest.mark.parametrize(
        ("base", "path"),
        [("/v1/football", "/v1/ip/demo"), ("/football", "/ip/demo"), ("", "/ip/demo")],
    )
    def test_the_address_probe_lies_one_level_up(self, server: Server, base: str, path: str) -> None:
        server.script = unlike(b'{"code":0,"results":{"request_ip":"203.0.113.7"}}')
        with asking(server.url.removesuffix("/v1/football") + base) as transport:
            transport.get(ADDRESS_PROBE, {}, budget(), bytes)
        assert server.requests[0].split(b"?")[0].decode() == f"GET {path}"

    def test_no_cookie_is_kept(self, server: Server) -> None:
        server.script = answer(reply(GOOD, "Set-Cookie: a=b; Path=/", "Set-Cookie: ;;=\x01\xff; expires=x"))
        with asking(server.url) as transport:
            for _ in range(2):
                transport.get(LIVE, {}, budget(), bytes)
        assert not [request for request in server.requests if b"cookie" in request.lower()]

    def test_redirects_are_not_followed(self, server: Server) -> None:
        with Server(answer(reply())) as elsewhere:
            server.script = answer(reply(GOOD, f"Location: {elsewhere.url}", status="302 Found"))
            with asking(server.url) as transport, pytest.raises(BadStatusError, match="HTTP status 302"):
                transport.get(LIVE, {}, budget(), bytes)
            assert not elsewhere.connections

    def test_the_environment_names_no_proxy(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        with asking(server.url) as transport:
            transport.get(LIVE, {}, budget(), bytes)


class TestProxy:
    def test_the_settings_one_is_asked_for_the_whole_address(self, server: Server) -> None:
        proxy = f"http://me:pass%20word@127.0.0.1:{server.port}"
        with asking("http://vendor.example/v1/football", proxy=proxy) as transport:
            transport.get(LIVE, {}, budget(), bytes)
        said = server.requests[0].decode()
        assert said.startswith("GET http://vendor.example/v1/football/match/detail_live?user=")
        assert f"Proxy-Authorization: Basic {b64encode(b'me:pass word').decode()}" in said

    def test_what_is_encrypted_goes_through_a_tunnel_and_its_hanging_is_cut(self, server: Server) -> None:
        server.script = Talk.hang
        proxy = f"http://127.0.0.1:{server.port}"
        with asking("https://vendor.example/v1/football", proxy=proxy, timeout=0.1) as transport:
            for _ in range(3):
                with pytest.raises(TimedOutError):
                    transport.get(LIVE, {}, budget(), bytes)
        assert server.requests[0].startswith(b"CONNECT vendor.example:443 HTTP/1.")
        assert not [request for request in server.requests if b"secret" in request]

    def test_one_that_refuses_is_named(self, server: Server) -> None:
        server.script = answer(reply(b"", status="407 Proxy Authentication Required"))
        url, proxy = "https://vendor.example/v1/football", f"http://127.0.0.1:{server.port}"
        with asking(url, proxy=proxy) as transport:
            for _ in range(3):
                with pytest.raises(UnreachableError, match="through the proxy: check FOOTY_PROXY"):
                    transport.get(LIVE, {}, budget(), bytes)

    def test_one_that_is_not_there_is_named(self, server: Server) -> None:
        proxy = f"http://127.0.0.1:{server.port}"
        server.close()
        with (
            asking("http://vendor.example/v1/football", proxy=proxy) as transport,
            pytest.raises(UnreachableError, match="through the proxy: check FOOTY_PROXY"),
        ):
            transport.get(LIVE, {}, budget(), bytes)


class TestConnections:
    def test_they_are_no_more_than_workers_and_kept(self, server: Server) -> None:
        workers = 4
        with asking(server.url, workers=workers) as transport, ThreadPoolExecutor(workers) as pool:
            for _ in range(5):
                list(pool.map(lambda _: transport.get(LIVE, {}, budget(), bytes), range(20)))
        assert len(server.requests) == 100
        assert server.connections <= workers

    def test_one_that_the_vendor_closed_while_idle_costs_no_failure(self, server: Server) -> None:
        server.script = answer_and_close(reply())
        with asking(server.url) as transport:
            for number in range(5):
                transport.get(LIVE, {}, budget(), bytes)
                server.wait(lambda: server.open == 0)
                assert server.connections == number + 1

    @each(FAILING)
    def test_failures_without_number_cost_no_place_in_the_pool(
        self, server: Server, script: Script, kind: type[VendorError], words: str
    ) -> None:
        server.script = script
        del words
        together = threading.Barrier(2)

        def meeting(talk: Talk) -> None:
            together.wait(GENEROUS_S)
            talk.say(reply())

        with asking(server.url, workers=2) as transport, ThreadPoolExecutor(2) as pool:
            for number in range(10):
                with pytest.raises(kind):
                    transport.get(dataclasses.replace(LIVE, path=f"failing/{number}"), {}, budget(), bytes)
                server.wait(lambda: server.open <= 1)
            server.script = meeting
            found = pool.map(lambda _: transport.get(TEAM, {}, budget(), bytes), range(2))
            assert [one.value for one in found] == [b"[]", b"[]"]
            server.wait(lambda: server.open <= 2)  # the server may see an end later than the client

    @each(FAILING)
    def test_a_failure_holds_on_to_nothing(
        self,
        server: Server,
        script: Script,
        kind: type[VendorError],
        words: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """What only the garbage collector would find were bodies of up to 32 MB each."""
        server.script = script
        del words
        caplog.set_level(logging.CRITICAL)  # what is captured is held on to
        gc.disable()
        try:
            with asking(server.url, attempts=2) as transport:
                try:
                    transport.get(LIVE, {}, budget(), bytes)
                except kind as error:
                    held = weakref.ref(error)
                assert held() is None
        finally:
            gc.enable()


class TestRetry:
    @each(RETRIED)
    def test_what_may_pass_is_asked_again(
        self, server: Server, script: Script, kind: type[VendorError], words: str
    ) -> None:
        server.script = in_turn(script, script, answer(reply()))
        spent = budget()
        counters = Counters()
        with asking(server.url, attempts=3, counters=counters) as transport:
            assert transport.get(LIVE, {}, spent, bytes).value == b"[]"
        assert (len(server.requests), spent.attempts, spent.retries) == (3, 3, 2)
        assert counters.error_rate() == 2 / 3
        del kind, words

    @each(FAILING)
    def test_the_last_failure_is_named(
        self, server: Server, script: Script, kind: type[VendorError], words: str
    ) -> None:
        server.script = script
        with asking(server.url) as transport, pytest.raises(VendorError) as failure:
            transport.get(LIVE, {}, budget(), bytes)
        assert type(failure.value) is kind
        assert words in str(failure.value)

    @each(NOT_RETRIED)
    def test_what_will_not_pass_is_not(
        self, server: Server, script: Script, kind: type[VendorError], words: str
    ) -> None:
        server.script = script
        spent = budget()
        with asking(server.url, attempts=9) as transport, pytest.raises(kind):
            transport.get(LIVE, {}, spent, bytes)
        assert (len(server.requests), spent.retries) == (1, 0)
        del words

    def test_a_reply_that_lay_waiting_while_the_machine_was_halted_is_not_taken(self, server: Server) -> None:
        """It tells of the time before, and would be taken for the truth of now."""
        with time_machine.travel(time.time(), tick=True) as clock:

            def halt(talk: Talk) -> None:
                clock.shift(75)
                talk.say(reply())

            server.script = in_turn(halt, answer(reply()))
            with asking(server.url) as transport, pytest.raises(TimedOutError):
                transport.get(LIVE, {}, budget(), bytes)
            with asking(server.url) as transport:
                assert transport.get(LIVE, {}, budget(), bytes).received_at == pytest.approx(
                    time.time(), abs=2
                )

    def test_a_timeout_is_asked_again(self, server: Server) -> None:
        server.script = in_turn(Talk.hang, answer(reply()))
        with asking(server.url, attempts=2, timeout=0.5) as transport:
            transport.get(LIVE, {}, budget(), bytes)

    def test_a_status_that_may_pass_is_not_hidden_by_a_code_in_its_body(self, server: Server) -> None:
        failing = answer(reply(b'{"code":500,"msg":"internal"}', status="500 X"))
        server.script = in_turn(failing, answer(reply()))
        with asking(server.url, attempts=2) as transport:
            transport.get(LIVE, {}, budget(), bytes)
        server.script = answer(reply(b'{"code":503}', "Retry-After: 9", status="503 X"))
        with asking(server.url) as transport, pytest.raises(ThrottledError):
            transport.get(LIVE, {}, budget(), bytes)

    @pytest.mark.parametrize(("calls", "retries"), [(0, 3), (14, 3), (15, 3), (20, 4), (100, 20)])
    def test_an_outage_is_not_made_worse(self, server: Server, calls: int, retries: int) -> None:
        server.script = answer(reply(b"", status="500 X"))
        spent = budget(calls=calls)

        def ask(_: int) -> None:
            with pytest.raises(BadStatusError):
                transport.get(LIVE, {}, spent, bytes)

        with asking(server.url, attempts=10, workers=8) as transport, ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(calls or 1)))
        assert spent.retries == retries
        assert len(server.requests) == (calls or 1) + retries

    def test_a_pause_that_outlasts_the_cycle_is_not_begun(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(random, "uniform", lambda _, most: most)
        server.script = answer(reply(b"", status="500 X"))
        spent = budget(20)
        started = time.monotonic()
        with asking(server.url, attempts=3, backoff=25) as transport, pytest.raises(BadStatusError):
            transport.get(LIVE, {}, spent, bytes)
        assert time.monotonic() - started < GENEROUS_S
        assert spent.retries == 0

    def test_a_retry_that_is_not_sent_is_not_counted(self, server: Server) -> None:
        class Late(RetryBudget):
            def may_retry(self, endpoint: Endpoint) -> bool:
                allowed = super().may_retry(endpoint)
                self.deadline = self._live_deadline = self.now()
                return allowed

        server.script = answer(reply(b"", status="500 X"))
        spent = Late(time.monotonic() + 20)
        with asking(server.url, attempts=3) as transport, pytest.raises(BadStatusError, match="500"):
            transport.get(LIVE, {}, spent, bytes)
        assert (spent.attempts, spent.retries, len(server.requests)) == (1, 0, 1)

    def test_a_stop_ends_the_pause(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(random, "uniform", lambda _, most: most)
        server.script = answer(reply(b"", status="500 X"))
        with asking(server.url, attempts=3, backoff=30) as transport, ThreadPoolExecutor(1) as pool:
            asked = pool.submit(transport.get, LIVE, {}, budget(60), bytes)
            server.wait(lambda: bool(server.requests))
            transport.stop()
            assert isinstance(asked.exception(GENEROUS_S), StoppedError)
        assert len(server.requests) == 1

    def test_no_time_between_attempts_is_out_of_time(self, server: Server) -> None:
        def slow(talk: Talk) -> None:
            time.sleep(0.6)
            talk.say(reply(b"", status="500 X"))

        server.script = slow
        with asking(server.url, attempts=2) as transport, pytest.raises((BadStatusError, OutOfTimeError)):
            transport.get(LIVE, {}, budget(0.5), bytes)
        assert len(server.requests) == 1


class TestJitter:
    @given(st.integers(1, 9), st.floats(0, 60), st.floats(0, 60), st.randoms())
    def test_the_nth_retry_waits_between_nothing_and_the_doubled_factor(
        self, failures: int, factor: float, most: float, chance: random.Random
    ) -> None:
        retry = JitterRetry(total=failures, backoff_factor=factor, backoff_max=most)
        assert retry.get_backoff_time() == 0
        for number in range(failures):
            retry = retry.increment("GET", "/", error=ProtocolError("x"))
            random.seed(chance.random())
            assert 0 <= retry.get_backoff_time() <= min(factor * 2**number, most)
        with pytest.raises(MaxRetryError):
            retry.increment("GET", "/", error=ProtocolError("x"))

    def test_it_is_spread_over_all_of_that(self) -> None:
        retry = JitterRetry(total=3, backoff_factor=1, backoff_max=30)
        for _ in range(3):
            retry = retry.increment("GET", "/", error=ProtocolError("x"))
        pauses = sorted(retry.get_backoff_time() for _ in range(1000))
        quarters = [sum(number <= pause < number + 1 for pause in pauses) for number in range(4)]
        assert min(quarters) > 150


THROTTLES = {
    "a status": lambda *headers: reply(b"", *headers, status="429 X"),
    "a body": lambda *headers: reply(b'{"code":429,"msg":"Too Many Requests."}', *headers),
    "503": lambda *headers: reply(b"", *headers, status="503 X"),
}


def rest_of(transport: Transport) -> float:
    with pytest.raises(ThrottledError) as throttled:
        transport.breaker.enter(LIVE)
    return throttled.value.retry_at - time.monotonic()


class TestThrottle:
    @pytest.mark.parametrize("form", THROTTLES)
    @pytest.mark.parametrize(("said", "seconds"), [("7", 7), ("0", 0), ("86400", 600), ("9" * 999, 600)])
    def test_retry_after_is_honoured(self, server: Server, form: str, said: str, seconds: int) -> None:
        server.script = answer(THROTTLES[form](f"Retry-After: {said}"))
        with asking(server.url) as transport:
            with pytest.raises(ThrottledError, match=f"rests for {seconds}|rests for {seconds + 1}") as error:
                transport.get(LIVE, {}, budget(), bytes)
            rest = error.value.retry_at - time.monotonic()
        assert seconds - 1 < rest <= seconds + 1
        assert error.value.was_sent

    @pytest.mark.parametrize("form", THROTTLES)
    def test_a_date_is_understood(self, server: Server, form: str) -> None:
        date = email.utils.formatdate(time.time() + 100, usegmt=True)
        server.script = answer(THROTTLES[form](f"Retry-After: {date}"))
        with asking(server.url) as transport:
            with pytest.raises(ThrottledError):
                transport.get(LIVE, {}, budget(), bytes)
            assert 97 < rest_of(transport) <= 101

    @pytest.mark.parametrize(
        "said", [None, "soon", "-1", "1.5", "", "9" * 5000, "Sat, 99 Foo 99999 99:99:99 GMT"]
    )
    def test_what_cannot_be_read_is_unsaid(self, server: Server, said: str | None) -> None:
        headers = [] if said is None else [f"Retry-After: {said}"]
        for form in ("a status", "a body"):
            server.script = answer(THROTTLES[form](*headers))
            with asking(server.url) as transport:
                with pytest.raises(ThrottledError):
                    transport.get(LIVE, {}, budget(), bytes)
                assert 4 < rest_of(transport) <= 5
        server.script = answer(THROTTLES["503"](*headers))
        with asking(server.url) as transport:
            for _ in range(2):
                with pytest.raises(BadStatusError):
                    transport.get(LIVE, {}, budget(), bytes)

    def test_other_statuses_do_not_rest(self, server: Server) -> None:
        server.script = answer(reply(b"", "Retry-After: 100", status="404 X"))
        with asking(server.url) as transport:
            for _ in range(2):
                with pytest.raises(BadStatusError):
                    transport.get(LIVE, {}, budget(), bytes)

    @pytest.mark.parametrize("form", ["a status", "a body"])
    def test_thirty_at_once_cool_it_once_and_the_others_go_on(self, server: Server, form: str) -> None:
        together = threading.Barrier(30)

        def throttle(talk: Talk) -> None:
            together.wait(GENEROUS_S)
            talk.say(THROTTLES[form]())

        def ask(_: int) -> float:
            with pytest.raises(ThrottledError) as throttled:
                transport.get(LIVE, {}, budget(), bytes)
            return throttled.value.retry_at

        server.script = throttle
        with asking(server.url, workers=30) as transport, ThreadPoolExecutor(30) as pool:
            assert len(set(pool.map(ask, range(30)))) == 1
            server.script = answer(reply())
            for _ in range(3):
                assert ask(0)
            transport.get(TEAM, {}, budget(), bytes)
        assert len(server.requests) == 31

    def test_what_is_not_sent_while_it_rests_is_not_logged_as_a_failed_call(
        self, server: Server, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.script = answer(THROTTLES["a status"]())
        with asking(server.url) as transport:
            for _ in range(5):
                with pytest.raises(ThrottledError):
                    transport.get(LIVE, {}, budget(), bytes)
        assert len(server.requests) == 1
        assert len([one for one in caplog.records if "API call failed" in one.getMessage()]) == 1

    @given(st.text(max_size=60) | st.integers().map(str) | st.datetimes(timezones=st.just(UTC)).map(str))
    def test_no_retry_after_is_a_bug(self, said: str) -> None:
        seconds = Transport._retry_after(_WITH_POLICY, {"Retry-After": said})
        assert seconds is None or seconds >= 0


class _WithPolicy(Transport):
    def __init__(self) -> None:
        self._policy = JitterRetry(total=1)


_WITH_POLICY = _WithPolicy()


class TestRefusal:
    def test_three_in_a_row_close_the_gate_and_say_so_once(
        self, server: Server, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.script = unlike(b'{"err":"URL is not authorized to access, please contact us."}')
        with asking(server.url) as transport:
            for _ in range(9):
                with pytest.raises(RefusedError) as refused:
                    transport.get(LIVE, {}, budget(), bytes)
                assert refused.value.what == "endpoint"
            assert transport.breaker.is_refused(LIVE)
            assert not transport.breaker.is_refused(TEAM)
        assert len(server.requests) == 3
        assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "ERROR"]


REFUSES = unlike(b'{"err":"URL is not authorized to access, please contact us."}')
ODDS_GOOD = unlike(b'{"code":0,"results":{}}')


class TestCounting:
    @staticmethod
    def rate_of(server: Server, endpoint: Endpoint, *scripts: Script) -> float | None:
        """Ask once for each script; return the error rate."""
        counters = Counters()
        with asking(server.url, counters=counters) as transport:
            for script in scripts:
                server.script = script
                with contextlib.suppress(VendorError):
                    transport.get(endpoint, {}, budget(), bytes)
        return counters.error_rate()

    def test_what_is_not_in_the_plan_is_no_error(self, server: Server) -> None:
        assert self.rate_of(server, ODDS, *9 * [REFUSES]) is None

    def test_a_stray_refusal_of_an_endpoint_that_works_is_an_error(self, server: Server) -> None:
        assert self.rate_of(server, ODDS, REFUSES, ODDS_GOOD) == 1 / 2
        assert self.rate_of(server, ODDS, ODDS_GOOD, REFUSES) == 1 / 2
        assert self.rate_of(server, ODDS, ODDS_GOOD, REFUSES, ODDS_GOOD, ODDS_GOOD) == 1 / 4

    def test_what_the_plan_loses_is_an_error_until_that_is_known(self, server: Server) -> None:
        assert self.rate_of(server, ODDS, ODDS_GOOD, *9 * [REFUSES]) == 2 / 3

    def test_a_refused_live_list_is_an_error(self, server: Server) -> None:
        assert self.rate_of(server, LIVE, *2 * [REFUSES]) == 1

    def test_a_refused_address_is_an_error(self, server: Server) -> None:
        assert self.rate_of(server, ODDS, unlike(b'{"err":"IP is not authorized to access"}')) == 1

    def test_every_attempt_is_counted_and_takes_of_its_quota(self, server: Server) -> None:
        counters = Counters()
        server.script = in_turn(
            unlike(b'{"code":0,"results":{}}'), answer(reply(b"", status="500 X")), Talk.end, unlike(b"{")
        )
        with asking(server.url, counters=counters, rate_limits={}) as transport:
            transport.get(ODDS, {"uuid": "x"}, budget(), bytes)
            for _ in range(3):
                with pytest.raises(VendorError):
                    transport.get(ODDS, {"uuid": "x"}, budget(), bytes)
            assert transport.quota.left(ODDS) == 120 - 4
        assert counters.error_rate() == 0.75

    def test_an_attempt_that_the_cycles_end_cut_at_once_is_not_counted(self, server: Server) -> None:
        counters = Counters()
        server.script = Talk.hang
        with asking(server.url, counters=counters) as transport:
            with pytest.raises(OutOfTimeError):
                transport.get(LIVE, {}, budget(0.1), bytes)
            assert counters.error_rate() is None
            with pytest.raises(OutOfTimeError):
                transport.get(LIVE, {}, budget(FAIR_S + 0.2), bytes)
            assert counters.error_rate() == 1

    def test_what_was_not_sent_is_not_counted(self, server: Server) -> None:
        counters = Counters()
        spent = budget(0)
        with asking(server.url, counters=counters) as transport, pytest.raises(OutOfTimeError):
            transport.get(LIVE, {}, spent, bytes)
        assert counters.error_rate() is None
        assert spent.attempts == 0

    def test_what_cannot_be_answered_in_time_is_not_sent(self, server: Server) -> None:
        passed = [0.0]
        short = RetryBudget(
            time.monotonic() + 30, earlier_s={LIVE: 20.0}, now=lambda: time.monotonic() + passed[0]
        )
        passed[0] = 15
        with asking(server.url, rate_limits={}) as transport, pytest.raises(OutOfTimeError) as caught:
            transport.get(ODDS, {"uuid": "x"}, short, bytes)
        assert not caught.value.was_sent
        assert server.requests == []
        assert transport.quota.left(ODDS) == 120

    def test_how_long_an_answer_took_is_noted_and_a_failure_is_not(self, server: Server) -> None:
        spending = budget()
        with asking(server.url) as transport:
            transport.get(LIVE, {}, spending, bytes)
            server.script = answer(reply(b"", status="502 X"))
            with pytest.raises(BadStatusError):
                transport.get(ODDS, {"uuid": "x"}, spending, bytes)
        assert spending.answers_s().keys() == {LIVE}


class TestLog:
    def test_a_failure_says_what_was_asked_and_what_follows(
        self, server: Server, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.script = answer(reply(b"", status="502 X"))
        with asking(server.url, attempts=2) as transport, pytest.raises(BadStatusError):
            transport.get(TEAM, {"uuid": "abc"}, budget(), bytes)
        assert [record.getMessage() for record in caplog.records] == [
            f"API call failed: team/additional/list uuid=abc, attempt {number} of 2: HTTP status 502; {then}"
            for number, then in ((1, "next in 0.00 s"), (2, "no further attempt"))
        ]

    def test_the_first_of_a_kind_is_logged_the_others_are_summed_up(
        self, server: Server, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.script = answer(reply(b"", status="404 X"))
        spent = budget()
        with asking(server.url) as transport:
            for _ in range(50):
                with pytest.raises(BadStatusError):
                    transport.get(TEAM, {}, spent, bytes)
        assert [record.levelname for record in caplog.records].count("WARNING") == 1
        assert spent.failures.end_cycle() == (
            "API call failed 50 times in this cycle: team/additional/list 50 (HTTP status 404)"
        )


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """All errors that a reader of this one may come to see."""
    seen: set[int] = set()
    left = [error]
    while left:
        one = left.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            left += [one.__cause__, one.__context__]


FORMS = {SECRET, quote(SECRET), quote(SECRET, safe=""), quote_plus(SECRET), repr(SECRET)}
PIECES = {form[start : start + 8] for form in FORMS for start in range(len(form) - 7)}


def leaks(text: str) -> set[str]:
    return {piece for piece in PIECES if piece in text}


QUOTED = SECRET.replace("\\", "\\\\").replace('"', '\\"').encode()
"""As the vendor would say it back in JSON."""
ECHOES: dict[str, Failing] = {
    "an echo in err": (
        unlike(b'{"err":"%b"}' % QUOTED),
        RefusedError,
        "not authorized",
    ),
    "an echo in msg": (
        unlike(b'{"code":100003,"msg":"bad %b"}' % QUOTED),
        VendorCodeError,
        "100003",
    ),
    "an echo in HTML": (
        lambda talk: talk.say(reply(b"<p>" + talk.target.encode(), status="400 X")),
        BadStatusError,
        "400",
    ),
    "an echo in a header": (
        lambda talk: talk.say(reply(GOOD, f"Location: {talk.target}", f"X {talk.target}", status="302 X")),
        BadStatusError,
        "302",
    ),
    "an echo as the status": (
        lambda talk: talk.say(talk.target.encode() + b"\r\n\r\n"),
        UnreachableError,
        BROKE,
    ),
}


class TestSecret:
    @pytest.fixture
    def lines(self) -> Iterator[tuple[list[str], list[str]]]:
        """Every log entry at DEBUG, as it was written and as the log has it."""
        raw: list[str] = []
        scrubbed: list[str] = []
        formatter = LineFormatter(form="text", zone=UTC, redact=Redactor([SECRET]))

        class Noting(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                raw.append(record.getMessage())
                scrubbed.append(formatter.format(record))

        root = logging.getLogger()
        handler, level = Noting(), root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        yield raw, scrubbed
        root.removeHandler(handler)
        root.setLevel(level)

    @each(FAILING | ECHOES | {"a hang": (Talk.hang, TimedOutError, "")})
    def test_no_piece_of_it_is_in_any_error_or_log_entry(
        self,
        server: Server,
        lines: tuple[list[str], list[str]],
        script: Script,
        kind: type[VendorError],
        words: str,
    ) -> None:
        server.script = script
        raw, scrubbed = lines
        timeout_s = 0.1 if kind is TimedOutError else GENEROUS_S
        with asking(server.url, attempts=2, timeout=timeout_s) as transport:
            for _ in range(3):
                with pytest.raises(kind) as failure:
                    transport.get(LIVE, {}, budget(), bytes)
        for error in chain_of(failure.value):
            assert not leaks(f"{error} {error!r} {error.args!r} {vars(error)!r}")
            assert not leaks("".join(traceback.format_exception(error)))
        assert not leaks("\n".join(scrubbed))
        assert quote_plus(SECRET) in server.requests[0].decode()
        if kind in {BadStatusError, BadBodyError}:
            assert leaks("\n".join(raw)), "urllib3 logs the whole address: the formatter is what keeps it in"
        del words

    def test_no_piece_of_it_is_in_a_reply_or_in_the_transport(self, server: Server) -> None:
        with asking(server.url) as transport:
            found = transport.get(LIVE, {}, budget(), bytes)
            assert isinstance(found, Reply)
            assert not leaks(f"{found!r} {found} {transport!r} {transport}")

    def test_an_echo_in_the_results_is_taken_out_and_the_rest_is_left(self, server: Server) -> None:
        server.script = answer(reply(b'{"code":0,"results":[{"id":7,"name":"by %b"}]}' % QUOTED))
        with asking(server.url) as transport:
            assert transport.get(LIVE, {}, budget(), bytes).value == b'[{"id":7,"name":"by ***"}]'

    def test_an_echo_in_results_that_cannot_be_read_is_a_bad_body(self, server: Server) -> None:
        server.script = answer(reply(b'{"code":0,"results":["\xff",["%b"]]}' % QUOTED))
        with asking(server.url) as transport, pytest.raises(BadBodyError):
            transport.get(LIVE, {}, budget(), bytes)

    def test_a_wrong_name_keeps_it_too(self, lines: tuple[list[str], list[str]]) -> None:
        with asking("http://two..dots/v1") as transport, pytest.raises(UnreachableError) as failure:
            transport.get(LIVE, {}, budget(), bytes)
        for error in chain_of(failure.value):
            assert not leaks("".join(traceback.format_exception(error)))
        assert not leaks("\n".join(lines[1]))
