"""Every envelope that the vendor is known to send, and that any other body is a named error too."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from footy.thesports.endpoints import COUNTRIES, ENDPOINTS, FINAL, LIVE, ODDS, TEAM, Endpoint
from footy.thesports.envelope import judge
from footy.thesports.errors import BadBodyError, RefusedError, ThrottledError, VendorCodeError, VendorError
from footy.thesports.models import Country
from footy.thesports.tolerant import RowsDecoder

IP = b'{"err":"IP is not authorized to access, please contact our business staff."}'
URL = b'{"err":"URL is not authorized to access, please contact our business staff."}'
ACCOUNT = b'{"err":"Unauthorized access, please contact our business staff."}'
DEEP = b"[" * 100_000

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=9,
)
codes: st.SearchStrategy[Any] = st.sampled_from(
    [0, 429, 100003, None, "0", 0.0, 429.0, True, -1, 10**30, [], {}]
)
envelopes = st.fixed_dictionaries(
    {}, optional={"code": codes | any_json, "err": any_json, "msg": any_json, "results": any_json}
)


@pytest.mark.parametrize(
    ("endpoint", "body", "results"),
    [
        (
            TEAM,
            b'{"code":0,"query":{"total":1,"type":"uuid","uuid":"x"},"results":[{"id":"x"}]}',
            b'[{"id":"x"}]',
        ),
        (TEAM, b'{"code":0,"query":{"total":0,"type":"uuid","uuid":"x"},"results":[]}', b"[]"),
        (COUNTRIES, b'{"code":0,"results":[1.0, {"a": "b"} ]}', b'[1.0, {"a": "b"} ]'),
        (ODDS, b'{"code":0,"results":{}}', b"{}"),
        (FINAL, b'{"code":0}', b"{}"),
        (FINAL, b'{"code":0,"results":null}', b"{}"),
        (ODDS, b' {"results" : {"2":{}} , "code" : 0, "results_extra": {"team": []}}\r\n', b'{"2":{}}'),
        (LIVE, b'{"code":0,"err":"","msg":"ok","results":  []}', b"[]"),
        (LIVE, b'{"code":0,"err":null,"results":[]}', b"[]"),
    ],
)
def test_a_good_one_gives_its_results_as_they_are(endpoint: Endpoint, body: bytes, results: bytes) -> None:
    assert judge(endpoint, body) == results


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (IP, "address"),
        (URL, "endpoint"),
        (ACCOUNT, "account"),
        (b'{"err":"wrong user or key","code":0,"results":[]}', "account"),
    ],
)
def test_a_refusal_says_what_is_refused_in_the_vendors_words(body: bytes, what: str) -> None:
    for endpoint in ENDPOINTS.values():
        with pytest.raises(RefusedError, match="not authorized") as refused:
            judge(endpoint, body)
        assert refused.value.what == what
        assert json.loads(body)["err"] in str(refused.value)
        assert refused.value.exit_code == 77
        assert not refused.value.retryable


@pytest.mark.parametrize(
    "body",
    [
        b'{"code":429,"msg":"Too Many Requests."}',
        b'{"code":429,"msg":"Too Many Requests.","results":[]}',
        b'{"code":429.0}',
    ],
)
def test_too_many_requests_is_said_as_429_and_rate_limit(body: bytes) -> None:
    with pytest.raises(ThrottledError, match="429 from the vendor: rate limit") as throttled:
        judge(LIVE, body)
    assert not throttled.value.retryable, "the endpoint's cooldown says when to ask again"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"code":100003}', "the vendor answers code 100003"),
        (b'{"code":100003,"msg":"bad date","results":[]}', "the vendor answers code 100003: bad date"),
        (b'{"code":404,"msg":""}', "the vendor answers code 404"),
        (b'{"code":-1,"msg":{"a":1}}', "the vendor answers code -1"),
    ],
)
def test_any_other_code_is_told_and_not_asked_again(body: bytes, words: str) -> None:
    with pytest.raises(VendorCodeError) as error:
        judge(LIVE, body)
    assert str(error.value) == words
    assert not error.value.retryable


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"<html><body>502</body></html>",
        b"null",
        b"0",
        b"[]",
        b'"text"',
        b"{}",
        b'{"code":0',
        b'{"code":0,"results":[]}x',
        b'{"code":0}',
        b'{"code":0,"results":null}',
        b'{"code":0,"results":{}}',
        b'{"code":0,"results":"[]"}',
        b'{"results":[]}',
        b'{"code":"0","results":[]}',
        b'{"code":0.0,"results":[]}',
        b'{"code":false,"results":[]}',
        b'{"code":1e999,"results":[]}',
        b'{"err":{"a":1},"results":[]}',
        b'{"code":0,"msg":' + DEEP,
        b'{"code":0,"results":' + DEEP,
        b'{"code":0,"new":' + DEEP,
        b'{"code":0,"err":"\xff","results":[]}',
    ],
)
def test_anything_else_is_a_broken_body_and_may_be_asked_again(body: bytes) -> None:
    with pytest.raises(BadBodyError) as error:
        judge(LIVE, body)
    assert error.value.retryable


def test_a_list_where_an_object_belongs_is_broken_unless_it_is_empty() -> None:
    for empty in (b"[]", b"[ ]", b"{}"):
        assert judge(ODDS, b'{"code":0,"results":' + empty + b"}") == b"{}"
    with pytest.raises(BadBodyError, match="results are not a JSON object"):
        judge(ODDS, b'{"code":0,"results":[1]}')


def test_a_byte_order_mark_is_skipped() -> None:
    assert judge(LIVE, b'\xef\xbb\xbf{"code":0,"results":[]}') == b"[]"


@pytest.mark.parametrize(
    "odd", [b"NaN", b"-Infinity", b"1e400", b'"\\ud800"', b'"\xff"', b"[" * 3000 + b"]" * 3000]
)
def test_an_odd_value_inside_the_results_does_not_break_the_body(odd: bytes) -> None:
    results = judge(LIVE, b'{"code":0,"results":[{"id":"a","odd":' + odd + b'},{"id":"b"}]}')
    rows, left_out = RowsDecoder[Country](Country)(results)
    assert ([row.id for row in rows], left_out) == (["a", "b"], ())


@pytest.mark.parametrize("field", ["err", "msg"])
def test_the_vendors_words_are_cut_and_hold_nothing_that_a_terminal_obeys(field: str) -> None:
    said = json.dumps({field: "\x1b[2J a\r\n\tb\u202e " + 5000 * "long ", "code": 7}).encode()
    with pytest.raises(VendorError) as error:
        judge(LIVE, said)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 200
    assert "[2J a b long" in str(error.value)


def test_a_code_of_a_thousand_digits_is_cut() -> None:
    with pytest.raises(VendorCodeError) as error:
        judge(LIVE, b'{"code":' + b"9" * 1000 + b"}")
    assert len(str(error.value)) < 200


@given(st.sampled_from(list(ENDPOINTS.values())), st.binary() | st.text().map(str.encode))
@example(LIVE, DEEP)
def test_no_bytes_are_a_bug(endpoint: Endpoint, body: bytes) -> None:
    with pytest.raises(VendorError) as error:
        judge(endpoint, body)
    assert str(error.value)


@given(st.sampled_from([LIVE, ODDS]), envelopes | any_json)
@example(ODDS, {"code": 0, "results": []})
def test_only_a_good_envelope_passes_and_no_other_is_a_bug(endpoint: Endpoint, envelope: Any) -> None:
    body = json.dumps(envelope).encode()
    try:
        results = judge(endpoint, body)
    except VendorError:
        return
    given_results = envelope["results"]
    if endpoint is ODDS and given_results == []:
        given_results = {}
    assert json.loads(results) == given_results
    assert type(envelope["code"]) is int
    assert envelope["code"] == 0
    assert not (isinstance(envelope.get("err"), str) and envelope["err"].strip())
    assert isinstance(given_results, list if endpoint is LIVE else dict)
