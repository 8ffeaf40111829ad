"""Single settings: what each takes, read from its text and checked. An error says what the setting takes."""

import difflib
import errno
import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, unquote, urlsplit

import pytz
from pydantic import BeforeValidator, Field, SecretStr

from footy.thesports.endpoints import ENDPOINTS, RateLimit

SECRET_MIN_LENGTH = 8
TOKEN_MIN_LENGTH = 16
LEAST_HISTORY = 10_000_000


def _split(text: Any) -> Any:
    """Split `a, b,c` into a list of stripped, non-empty items."""
    return [item.strip() for item in text.split(",") if item.strip()] if isinstance(text, str) else text


def _whole_numbers(value: Any) -> Any:
    items = _split(value)
    if isinstance(items, list) and not all(str(item).isdecimal() for item in items):
        raise ValueError("takes whole numbers separated by commas, such as 2,3,4")
    return items


def _window(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d{1,3})\s*-\s*(\d{1,3})\s*", value)
    if match is None or int(match[1]) > int(match[2]):
        raise ValueError("takes two minutes, the first not after the second, such as 2-6")
    return int(match[1]), int(match[2])


def rate_limits(value: Any) -> Any:
    """Parse `off`, or pairs such as `odds/history=120/60` (calls/seconds), separated by commas."""
    if not isinstance(value, str):
        return value
    if value.strip().lower() == "off":
        return None
    limits = {}
    for pair in _split(value):
        match = re.fullmatch(r"([a-z_/]{1,40})\s*=\s*(\d{1,9})\s*/\s*(\d{1,9}(?:\.\d+)?)", pair)
        if match is None or int(match[2]) == 0 or float(match[3]) == 0:
            raise ValueError("takes off, or endpoint=calls/seconds pairs such as odds/history=120/60")
        if match[1] not in ENDPOINTS:
            near = difflib.get_close_matches(match[1], ENDPOINTS, n=1)
            hint = f"the nearest is {near[0]}" if near else f"there are {', '.join(ENDPOINTS)}"
            raise ValueError(f"{match[1]} is not an endpoint: {hint}")
        limits[match[1]] = RateLimit(int(match[2]), float(match[3]))
    return limits


def fallback(value: Any) -> Any:
    """Read `stale` or `stale,mock`."""
    items = _split(value)
    if isinstance(items, list) and (items[:1] != ["stale"] or items[1:] not in ([], ["mock"])):
        raise ValueError("takes stale, or stale,mock")
    return items


def timezone(value: str) -> str:
    """Check the name of a time zone."""
    try:
        pytz.timezone(value)
    except pytz.UnknownTimeZoneError:
        raise ValueError("takes the name of a time zone, such as America/New_York or UTC") from None
    return value


def _address(value: str) -> SplitResult:
    """Split an HTTP address into its parts.

    Raises:
        ValueError: The value is not an HTTP address, or no connection to it is possible.
    """
    parts = urlsplit(value)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host or parts.port == 0:
        raise ValueError
    if not (value.isascii() and value.isprintable()) or re.search(r"[\s?#]", value):
        raise ValueError
    host.encode("idna")
    return parts


def base_url(value: str) -> str:
    """Check the vendor's base address; a slash at its end is left out."""
    try:
        wrong = "@" in _address(value).netloc
    except ValueError:
        wrong = True
    if wrong:
        raise ValueError("takes an address such as https://host/path, without a query")
    return value.rstrip("/")


def push_url(value: str) -> str:
    """Check the address of the vendor's MQTT broker: encrypted, except on this machine."""
    parts = _broker(value, {"ws", "wss"})
    if parts is None:
        raise ValueError("takes an address such as wss://host:443/mqtt, without credentials and query")
    if parts.scheme == "ws" and not is_loopback(parts.hostname or ""):
        raise ValueError(
            "takes a wss: address: the secret is its password, and ws: would send it unencrypted"
        )
    return value


def mqtt_url(value: str | None) -> str | None:
    """Check the address of the operator's MQTT broker."""
    if value is not None and _broker(value, {"mqtt", "mqtts", "ws", "wss"}) is None:
        raise ValueError("takes an address such as mqtts://host:8883, without credentials and query")
    return value


def _broker(value: str, schemes: set[str]) -> SplitResult | None:
    """Split the address of a broker into its parts; None if it is wrong, or has credentials or a query."""
    try:
        parts = urlsplit(value)
        is_whole = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    is_plain = value.isascii() and value.isprintable() and not re.search(r"[\s?#@]", value)
    return parts if is_whole and is_plain else None


def proxy(value: str | None) -> str | None:
    """Check the address of an HTTP proxy; it may have a user and a password."""
    if value is None:
        return None
    try:
        parts = _address(value)
        for text in (parts.username, parts.password):
            unquote(text or "").encode("latin-1")
        wrong = parts.path not in {"", "/"}
    except ValueError:
        wrong = True
    if wrong:
        raise ValueError("takes the address of an HTTP proxy, such as http://10.0.0.1:3128")
    return value


def text(value: str | None) -> str | None:
    """Check that a text can be written in UTF-8."""
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise ValueError("takes text in UTF-8") from None
    return value


def path(value: Path | None) -> Path | None:
    """Check that the system takes a path, whether anything is there or not."""
    try:
        (value or Path()).expanduser().stat()
    except RuntimeError:
        raise ValueError("takes a path; there is no home folder for its ~") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise ValueError("takes a path that is not too long") from None
    except ValueError:
        raise ValueError("takes a path without a null character") from None
    return value


def password(value: SecretStr | None) -> SecretStr | None:
    """Check that a password can be written in UTF-8."""
    text(None if value is None else value.get_secret_value())
    return value


def secret(value: SecretStr | None) -> SecretStr | None:
    """Check that a secret was copied whole."""
    if (
        value is not None
        and text(value.get_secret_value())
        and len(value.get_secret_value()) < SECRET_MIN_LENGTH
    ):
        raise ValueError(f"takes at least {SECRET_MIN_LENGTH} characters; check that it was copied whole")
    return value


_STORE_HOST = r"(?:\[[0-9A-Fa-f:.%]*\]|[^][@:,/?#]*)(?::\d*)?"
_STORE = re.compile(
    rf"postgres(?:ql)?://(?:[^][@/?#]*@)?({_STORE_HOST}(?:,{_STORE_HOST})*)(?:/[^@/?#]*)?"
    r"(?:\?([^=&#]+=[^=&#]*(?:&[^=&#]+=[^=&#]*)*))?"
)
"""An address that all read in the same way. With a password that has a special character as it is, the rest
of that would be taken for a host or a database, and be shown as such."""


def store(value: SecretStr | None) -> SecretStr | None:
    """Check the address of a PostgreSQL database."""
    text = "" if value is None else value.get_secret_value()
    found = _STORE.fullmatch(text) if text.isprintable() and " " not in text else None
    is_right = found is not None and bool(found[1] or "host=" in (found[2] or ""))
    if value is not None and not is_right:
        raise ValueError(
            "takes an address such as postgresql://footy@db.example:5432/footy, "
            "with special characters of a password as %XX"
        )
    return value


def lease(value: str) -> str:
    """Check a name that is also one of a schema."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", value) or value.startswith("pg_"):
        raise ValueError("takes a name of lower-case letters, digits and _ such as footy")
    return value


def token(value: SecretStr | None) -> SecretStr | None:
    """Check the token of the page and the API."""
    text = "" if value is None else value.get_secret_value()
    if value is not None and (len(text) < TOKEN_MIN_LENGTH or not text.isprintable() or text != text.strip()):
        raise ValueError(f"takes at least {TOKEN_MIN_LENGTH} printable characters")
    return value


def host_names(value: Any) -> Any:
    """Read comma-separated host names, without scheme and port, in lower case."""
    items = _split(value)
    if isinstance(items, list):
        items = [str(item).lower() for item in items]
        if not all(re.fullmatch(r"[a-z0-9._-]{1,253}|\[[0-9a-f:.]{2,45}\]", item) for item in items):
            raise ValueError("takes host names without scheme and port, such as footy.example")
    return items


def is_loopback(host: str) -> bool:
    """Check whether only programs of this machine reach what is bound to this address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bind_address(value: str) -> str:
    """Check an address to bind to."""
    if value != "localhost":
        try:
            ipaddress.ip_address(value)
        except ValueError:
            raise ValueError("takes an IP address of this machine, such as 127.0.0.1 or 0.0.0.0") from None
    return value


def source(value: str) -> str:
    """Check the source of the events."""
    if not re.fullmatch(r"[!#-;=?-\[\]_a-z~]{1,200}", value):
        raise ValueError("takes a URI, such as urn:footy:live")
    return value


def size(value: Any) -> Any:
    """Read `500 MB` or `4 GB`, or bytes."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*([MG]B)\s*", value, re.IGNORECASE)
    size = round(float(match[1]) * (10**6 if match[2].upper() == "MB" else 10**9)) if match else 0
    if size < LEAST_HISTORY:
        raise ValueError("takes a size from 10 MB up, such as 500 MB or 4 GB")
    return size


def upper(value: Any) -> Any:
    """Return a text in upper case."""
    return value.strip().upper() if isinstance(value, str) else value


def empty_is_unset(value: Any) -> Any:
    """Return None for a blank text."""
    return None if isinstance(value, str) and not value.strip() else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Numbers = Annotated[tuple[int, ...], BeforeValidator(_whole_numbers)]
Window = Annotated[tuple[int, int], BeforeValidator(_window)]
Seconds = Annotated[float, Field(gt=0, le=30 * 86400)]
Share = Annotated[float, Field(gt=0, lt=1)]
