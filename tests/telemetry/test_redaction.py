"""No eight characters of a secret get through, in whatever form, whole or cut off; all else does."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from footy.telemetry.redaction import MASK, PIECE, Redactor, forms


def lower_hex(text: str) -> str:
    return "".join(
        f"%{byte:02x}" if chr(byte) in "\"'\\%/ &+" or byte > 126 else chr(byte) for byte in text.encode()
    )


WRITERS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in a path": quote,
    "in a query": quote_plus,
    "in a query, strictly": lambda text: quote(text, safe=""),
    "in a query of many": lambda text: urlencode({"secret": text}).removeprefix("secret="),
    "in JSON": lambda text: json.dumps(text)[1:-1],
    "in JSON of Unicode": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "in a repr": lambda text: repr(text)[1:-1],
    "in an ASCII repr": lambda text: ascii(text)[1:-1],
    "in a repr of bytes": lambda text: repr(text.encode())[2:-1],
    "in JSON of PHP": lambda text: text.replace("/", "\\/"),
}
# An asterisk in a secret may meet the mask's; the vendor's secrets have none.
characters = st.characters(exclude_categories=["Cs"], exclude_characters="*")
secrets = st.text(characters, min_size=8, max_size=40) | st.text("aB1\"'\\%/ é&+", min_size=8, max_size=40)
texts = st.text(characters)
HARD = "a\"b'c\\d%e f/gäh&i+j"


def pieces(text: str) -> set[str]:
    return {text[start : start + PIECE] for start in range(len(text) - PIECE + 1)}


def survivors(secret: str, text: str) -> set[str]:
    return {piece for piece in pieces(secret) if piece in text}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@given(secrets, texts, texts, st.integers(0, 40), st.integers(0, 300))
@example(HARD, "GET /?secret=", " HTTP/1.1", 0, 300)
@example("a" * 8 + "b" * 8, "", "", 3, 300)
def test_no_piece_gets_through(
    write: Callable[[str], str], secret: str, before: str, after: str, start: int, end: int
) -> None:
    written = write(secret)
    said = Redactor([secret])(f"{before}{written[start:end]}{after}")
    assert not survivors(secret, said)
    assert not survivors(written, said)


@pytest.mark.parametrize("inner", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("outer", WRITERS.values(), ids=WRITERS)
def test_one_form_inside_another_is_found(inner: Callable[[str], str], outer: Callable[[str], str]) -> None:
    written = outer(inner(HARD))
    assert Redactor([HARD])(f"[{written}]") == f"[{MASK}]"


@given(secrets, texts)
def test_in_a_log_entry_as_json_it_stays_hidden(secret: str, around: str) -> None:
    redact = Redactor([secret])
    for said in (secret, repr(secret), json.dumps(secret), f"/?secret={quote_plus(secret)}"):
        entry = redact(json.dumps({"message": redact(f"{around}{said}{around}")}))
        assert not survivors(secret, entry)


@given(secrets, texts)
def test_what_holds_none_is_unchanged(secret: str, text: str) -> None:
    redact = Redactor([secret])
    assume(not any(survivors(form, text) for form in forms(secret)))
    assert redact(text) == text


@given(texts)
def test_without_secrets_nothing_changes(text: str) -> None:
    assert Redactor()(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("secret-of-mine", "***"),
        ("xsecret-of-minex", "x***x"),
        ("secret-of-mine secret-of-mine", "*** ***"),
        ("secret-of-minesecret-of-mine", "******"),
        ("secret-o", "***"),
        ("secret-", "secret-"),
        ("ret-of-mi", "***"),
        ("other-secret and secret-of-mine", "*** and ***"),
        ("", ""),
    ],
)
def test_each_run_becomes_one_mask(text: str, expected: str) -> None:
    assert Redactor(["secret-of-mine", "other-secret"])(text) == expected


JSONS = {
    "as it is": lambda value: json.dumps(value, ensure_ascii=False),
    "in ASCII": json.dumps,
    "with every sign escaped": lambda value: re.sub(
        r"[&<>'/=+%]", lambda sign: f"\\u{ord(sign[0]):04X}", json.dumps(value)
    ),
}


@pytest.mark.parametrize("encode", JSONS.values(), ids=JSONS)
@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_values_in_json_lose_a_whole_secret(
    write: Callable[[str], str], encode: Callable[[Any], str]
) -> None:
    value = [{"name": f"a {write(HARD)}", "id": 2**80, write(HARD): [1.5, None, True, [write(HARD)]]}]
    said = json.loads(Redactor([HARD]).in_json(encode(value).encode()))
    assert said == [{"name": f"a {MASK}", "id": 2**80, MASK: [1.5, None, True, [MASK]]}]


def test_values_in_json_keep_words_that_a_secret_has_in_it() -> None:
    redact = Redactor(["football-of-2026"])
    value = [{"football": "1. football-of 2025 ä"}]
    assert json.loads(redact.in_json(json.dumps(value).encode())) == value
    assert redact.in_json(b" [ 1.50 ]") == b" [ 1.50 ]"


def test_percent_escapes_in_small_letters_keep_the_rest_as_it_is() -> None:
    said = Redactor([HARD])(f"?secret={lower_hex(HARD)}&user=x")
    assert said == f"?secret={MASK}&user=x"


def test_the_forms_are_those_that_are_written() -> None:
    written = forms(HARD)
    for write in WRITERS.values():
        assert write(HARD) in written
