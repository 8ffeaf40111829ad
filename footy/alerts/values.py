"""Checks of single values in a rules file: each returns the value as it is used, or says what it takes."""

import base64
import binascii
import contextlib
import os
import re
import string
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from footy.alerts.condition import Condition, condition
from footy.alerts.fields import EVENT, RECORD, near
from footy.alerts.logic import Scope
from footy.events.types import DATA

_SINK = re.compile(r"[A-Za-z0-9_.-]{1,64}")
LONGEST_S = 86_400.0
UNITS_S = {"s": 1.0, "min": 60.0, "h": 3600.0}
_KEY_BYTES = (24, 64)
"""How long a webhook's key may be (Standard Webhooks, Signature scheme)."""
_SHORTEST_SECRET = 8
"""Characters from which on a part of a URL is redacted; the redactor looks for pieces of this length."""
_WORD = re.compile(r"[a-z_.-]+")
"""A part of a URL that is a word, and so no token: redacted, it would be missing all over the log."""


class WrongError(ValueError):
    """A value is wrong; the error's text is a clause."""


def conditions(scopes: Sequence[Scope]) -> Callable[[Any], Condition]:
    """Return the check of a condition over fields of these scopes."""

    def read(value: Any) -> Condition:
        if not isinstance(value, str):
            raise WrongError('takes a condition in quotation marks, such as "status_id == 3"')
        return condition(value, scopes)

    return read


def once(value: Any) -> str:
    """Return `match` or `event`."""
    if value not in ("match", "event"):
        raise WrongError('takes "match" or "event"')
    return str(value)


def lasting(value: Any, *, on_events: bool) -> float:
    """Return the seconds for which a condition must last."""
    if on_events:
        raise WrongError("an event does not last: leave it out, or ask for fields of the record only")
    return seconds(value)


def seconds(value: Any) -> float:
    """Read seconds, or a text such as `45s`, `5min` or `2h`."""
    found_s = 0.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        found_s = float(value)
    elif isinstance(value, str) and (found := re.fullmatch(r"(\d{1,6})\s*(s|min|h)", value.strip())):
        found_s = int(found[1]) * UNITS_S[found[2]]
    if not 0 < found_s <= LONGEST_S:
        raise WrongError("takes a time up to a day, such as 90, 45s, 5min or 2h")
    return found_s


def price(value: Any) -> str:
    """Return the name of a price of the record."""
    known = [name for name in RECORD if f"{name}_american" in RECORD]
    if value not in known:
        raise WrongError(f"{value!r} is no price of the record; {near(value, known)}")
    return str(value)


def template(value: Any, *, on_events: bool) -> str:
    """Return a text with plain `{field}` only."""
    if not isinstance(value, str) or not value.strip():
        raise WrongError("takes a text")
    if not value.isprintable():
        raise WrongError("takes one line")
    try:
        parts = list(string.Formatter().parse(value))
    except ValueError:
        raise WrongError("a brace is not closed; {{ and }} write braces") from None
    every = [*RECORD, *(EVENT if on_events else ())]
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if form or conversion:
            raise WrongError(f"{{{name}}} takes no format and no conversion")
        if name not in every or name == "incidents":
            if name in EVENT:
                raise WrongError(f"{{{name}}} is a field of events, and when asks for none")
            raise WrongError(f"{{{name}}} is not a field; {near(name, every)}")
    return value


def targets(value: Any, known: Collection[str]) -> tuple[str, ...]:
    """Return names of targets that there are."""
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise WrongError('takes names of targets, such as "phone" or ["phone", "desk"]')
    for name in named:
        if name not in known:
            raise WrongError(f"{name} is no target; {near(name, list(known)) if known else 'there are none'}")
    return tuple(dict.fromkeys(named))


def events(value: Any) -> tuple[str, ...] | None:
    """Return types of events; None for all."""
    if value == "all":
        return None
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise WrongError('takes "all", or types of events such as ["alert", "goal"]')
    for name in value:
        if name not in DATA:
            raise WrongError(f"{name} is no type of event; {near(name, list(DATA))}")
    return tuple(dict.fromkeys(value))


def url(kind: str) -> Callable[[Any], str]:
    """Return the check of an address; nothing of it is repeated, since it may hold a password."""

    def check(value: Any) -> str:
        text = value if isinstance(value, str) else ""
        try:
            parts = urlsplit(text)
            usable = bool(parts.scheme) and "://" in text and text.isprintable() and " " not in text
            if kind == "webhook":
                usable = usable and parts.scheme in {"http", "https"} and bool(parts.hostname)
                usable = usable and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            such = "https://example.com/hook" if kind == "webhook" else "tgram://TOKEN/CHAT"
            raise WrongError(f"takes an address such as {such}")
        return text

    return check


def signing_key(value: Any) -> str:
    """Return the key of a webhook."""
    text = value if isinstance(value, str) else ""
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith("whsec_") or not _KEY_BYTES[0] <= len(key) <= _KEY_BYTES[1]:
        raise WrongError("takes whsec_ and 24 to 64 bytes in Base64, as the Standard Webhooks have it")
    return text


def command(value: Any) -> tuple[str, ...]:
    """Return a program that can be run, and its arguments."""
    if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
        raise WrongError('takes a program and its arguments, such as ["/usr/local/bin/ring", "--loud"]')
    if any("\0" in one for one in value):
        raise WrongError("takes texts without NUL")
    if not Path(value[0]).is_absolute():
        raise WrongError("takes the absolute path of a program")
    if not os.access(value[0], os.X_OK) or not Path(value[0]).is_file():
        raise WrongError(f"{value[0]} is no program that can be run")
    return tuple(value)


def sink(value: Any) -> str:
    """Return the name of a third-party sink."""
    if not isinstance(value, str) or not _SINK.fullmatch(value):
        raise WrongError("takes the name of a sink that a package has in its entry points")
    return value


def settings(value: Any) -> str:
    """Return the settings of a third-party sink as JSON."""
    if not isinstance(value, dict):
        raise WrongError('takes a table, such as { path = "/var/lib/goals.db" }')
    return msgspec.json.encode(value).decode()


def texts(value: Any) -> Iterator[str]:
    """Yield all texts in settings."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


def secrets_in_text(text: str) -> list[str]:
    """Return the parts of a text that may be secret: of a URL, else the text if it is no word or path."""
    if "://" in text:
        with contextlib.suppress(ValueError):  # it is no URL
            return secrets_in(text)
    is_none = len(text) < _SHORTEST_SECRET or _WORD.fullmatch(text) or text.startswith("/")
    return [] if is_none else [text]


def secrets_in(url: str) -> list[str]:
    """Return the parts of a URL that may be secrets: of user, path and query, and a token for a host."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    tokens = [*user.split(":"), *parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    tokens += [one for one in [*host.split(":"), parts.fragment] if "." not in one]
    plain = [one for one in tokens if one and not _WORD.fullmatch(one)] + [parts.password or ""]
    found = dict.fromkeys([*plain, *map(unquote, plain)])
    return [one for one in found if len(one) >= _SHORTEST_SECRET]
