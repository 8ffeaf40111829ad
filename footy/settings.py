"""All settings of footy in one validated class. Only this module reads settings, from wherever they are."""

import difflib
import io
import ipaddress
import os
import re
import stat
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import SplitResult, unquote, urlsplit

import pytz
from dotenv.parser import Binding, parse_stream
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo

from footy.errors import ConfigError
from footy.thesports.endpoints import ENDPOINTS, RateLimit

DEFAULT_BASE_URL = "https://api.thesports.com/v1/football"
DEFAULT_PUSH_URL = "wss://mq.thesports.com:443/mqtt"
DEFAULT_BOOKMAKERS = "2,3,4,5,6,9,10,11,13,14,15,16,17,21,22"
DEMO_FOLDER = "demo"
"""Inside the data folder, so that a reader of the real files never gets simulated matches."""
STORE = ("FOOTY_STORE", "FOOTY_LEASE", "PGPASSFILE")
"""Settings that say where the log of events is, if it is not in the data folder."""
WHERE = ("FOOTY_DATA_DIR", "FOOTY_MODE", "THESPORTS_USER", "THESPORTS_SECRET", *STORE)
"""Settings that identify the instance: where its data is, and whether it is live or the demo."""
SECRET_MIN_LENGTH = 8
TOKEN_MIN_LENGTH = 16
CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""Where systemd says which folder holds the unit's credentials (`LoadCredential=`)."""
SECRET_MOST_BYTES = 65536
"""A larger file holds no secret; `/dev/zero` would never end."""
SIMULATOR_VARIABLE = "FOOTY_SIMULATE_MQTT"
"""A variable that only `footy simulate` reads."""
LEAST_HISTORY = 10_000_000
DEMO_SOURCE = "urn:footy:demo"
MOST_SHOWN = 60
"""Maximum length, in characters, of a wrong value that an error message repeats."""
LOOKS = {
    "FOOTY_BASE_URL": r"\w+://.*|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?",
    "FOOTY_PUSH_URL": r"\w+://.*|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?",
    "FOOTY_MQTT": r"\w+://.*|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?",
    "FOOTY_PROXY": r"\w+://.*|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?",
    "FOOTY_TIMEZONE": r"[A-Za-z]+(/[A-Za-z_]+)*",
    "FOOTY_RATE_LIMITS": r"[a-z_/]+ ?=[a-z0-9_/=., ]*",
    "FOOTY_STATUSES": r"\d{1,4}([,; ]+\d{1,4})*",
    "FOOTY_BOOKMAKERS": r"\d{1,4}([,; ]+\d{1,4})*",
}
"""Patterns of wrong values that error messages repeat although they are long enough to be a secret."""


class Mode(StrEnum):
    """Where the matches come from."""

    AUTO = "auto"
    LIVE = "live"
    DEMO = "demo"


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


def _rate_limits(value: Any) -> Any:
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


def _fallback(value: Any) -> Any:
    items = _split(value)
    if isinstance(items, list) and (items[:1] != ["stale"] or items[1:] not in ([], ["mock"])):
        raise ValueError("takes stale, or stale,mock")
    return items


def _timezone(value: str) -> str:
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


def _base_url(value: str) -> str:
    try:
        wrong = "@" in _address(value).netloc
    except ValueError:
        wrong = True
    if wrong:
        raise ValueError("takes an address such as https://host/path, without a query")
    return value.rstrip("/")


def _push_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
        fits = value.isascii() and value.isprintable() and not re.search(r"[\s?#@]", value)
        wrong = not fits or not host or parts.port == 0
    except ValueError:
        wrong = True
    if wrong or parts.scheme not in {"ws", "wss"}:
        raise ValueError("takes an address such as wss://host:443/mqtt, without credentials and query")
    if parts.scheme == "ws" and not is_loopback(host):
        raise ValueError(
            "takes a wss: address: the secret is its password, and ws: would send it unencrypted"
        )
    return value


def _mqtt_url(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        fits = value.isascii() and value.isprintable() and not re.search(r"[\s?#@]", value)
        wrong = not fits or not parts.hostname or parts.port == 0
    except ValueError:
        wrong = True
    if wrong or parts.scheme not in {"mqtt", "mqtts", "ws", "wss"}:
        raise ValueError("takes an address such as mqtts://host:8883, without credentials and query")
    return value


def _proxy(value: str | None) -> str | None:
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


def _text(value: str | None) -> str | None:
    try:
        (value or "").encode()
    except UnicodeEncodeError:
        raise ValueError("takes text in UTF-8") from None
    return value


def _secret(value: SecretStr | None) -> SecretStr | None:
    if (
        value is not None
        and _text(value.get_secret_value())
        and len(value.get_secret_value()) < SECRET_MIN_LENGTH
    ):
        raise ValueError(f"takes at least {SECRET_MIN_LENGTH} characters; check that it was copied whole")
    return value


def _store(value: SecretStr | None) -> SecretStr | None:
    text = "" if value is None else value.get_secret_value()
    try:
        parts = urlsplit(text)
        wrong = parts.scheme not in {"postgresql", "postgres"} or not text.isprintable() or " " in text
        wrong = wrong or not (parts.netloc or "host=" in parts.query) or bool(parts.fragment)
    except ValueError:
        wrong = True
    if value is not None and wrong:
        raise ValueError("takes an address such as postgresql://footy@db.example:5432/footy")
    return value


def _lease(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", value) or value.startswith("pg_"):
        raise ValueError("takes a name of lower-case letters, digits and _ such as footy")
    return value


def _token(value: SecretStr | None) -> SecretStr | None:
    text = "" if value is None else value.get_secret_value()
    if value is not None and (len(text) < TOKEN_MIN_LENGTH or not text.isprintable() or text != text.strip()):
        raise ValueError(f"takes at least {TOKEN_MIN_LENGTH} printable characters")
    return value


def _host_names(value: Any) -> Any:
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


def _bind_address(value: str) -> str:
    if value != "localhost":
        try:
            ipaddress.ip_address(value)
        except ValueError:
            raise ValueError("takes an IP address of this machine, such as 127.0.0.1 or 0.0.0.0") from None
    return value


def _source(value: str) -> str:
    if not re.fullmatch(r"[!#-;=?-\[\]_a-z~]{1,200}", value):
        raise ValueError("takes a URI, such as urn:footy:live")
    return value


def _size(value: Any) -> Any:
    """Read `500 MB` or `4 GB`, or bytes."""
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*([MG]B)\s*", value, re.IGNORECASE)
    size = round(float(match[1]) * (10**6 if match[2].upper() == "MB" else 10**9)) if match else 0
    if size < LEAST_HISTORY:
        raise ValueError("takes a size from 10 MB up, such as 500 MB or 4 GB")
    return size


def _upper(value: Any) -> Any:
    return value.strip().upper() if isinstance(value, str) else value


def _empty_is_unset(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Numbers = Annotated[tuple[int, ...], BeforeValidator(_whole_numbers)]
Window = Annotated[tuple[int, int], BeforeValidator(_window)]
Seconds = Annotated[float, Field(gt=0, le=30 * 86400)]
Share = Annotated[float, Field(gt=0, lt=1)]


class _Section(BaseModel):
    """The settings of one package; the fields' descriptions are also their documentation."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
        alias_generator=lambda name: f"FOOTY_{name.upper()}",
        defer_build=True,  # only that of all settings together is ever used
    )


class VendorSettings(_Section):
    """Settings of `footy/thesports`: the account, and how requests are made."""

    user: Annotated[str | None, AfterValidator(_text)] = Field(
        None, alias="THESPORTS_USER", description="The account's user name."
    )
    secret: Annotated[SecretStr | None, AfterValidator(_secret)] = Field(
        None, alias="THESPORTS_SECRET", description="The account's secret; at least 8 characters."
    )
    mode: Mode = Field(
        Mode.AUTO,
        description="`live`, `demo` or `auto`: live with both credentials set, the demo on a fresh machine.",
    )
    base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        DEFAULT_BASE_URL, description="The vendor's base address, to which endpoint paths are appended."
    )
    proxy: Annotated[str | None, BeforeValidator(_empty_is_unset), AfterValidator(_proxy)] = Field(
        None, description="An HTTP proxy for all requests, such as http://10.0.0.1:3128.", repr=False
    )
    ca_bundle: Annotated[Path | None, BeforeValidator(_empty_is_unset)] = Field(
        None, description="A file of certificate authorities to trust instead of the usual ones."
    )
    workers: Annotated[int, Field(ge=1, le=200)] = Field(
        30, description="Number of threads, and so of connections, that make requests."
    )
    timeout: Annotated[float, Field(gt=0, le=300)] = Field(
        10, description="Timeout of one attempt in seconds, from connecting to the end of the body."
    )
    attempts: Annotated[int, Field(ge=1, le=10)] = Field(
        3, description="Attempts per request, including the first."
    )
    backoff: Annotated[float, Field(ge=0, le=60)] = Field(
        1, description="Seconds of backoff: the n-th retry waits at most this times 2 to the power n-1."
    )
    push: Literal["off", "on"] = Field(
        "off", description="`on`: take the vendor's pushed messages too; needs requirements-mqtt.txt."
    )
    push_url: Annotated[str, AfterValidator(_push_url)] = Field(
        DEFAULT_PUSH_URL,
        description="Address of the vendor's MQTT broker: `wss:`, on this machine also `ws:`.",
    )
    rate_limits: Annotated[dict[str, RateLimit] | None, BeforeValidator(_rate_limits)] = Field(
        {},
        description="`off`, or endpoint=calls/seconds pairs that replace the vendor's limits, "
        "such as odds/history=120/60.",
    )


class ReferenceSettings(_Section):
    """Settings of `footy/reference`: how long reference data is cached."""

    ttl_team: Seconds = Field(86400, description="Seconds that a team is cached.")
    ttl_competition: Seconds = Field(86400, description="Seconds that a competition is cached.")
    ttl_country: Seconds = Field(86400, description="Seconds that countries and categories are cached.")
    prefetch: Literal["on", "off"] = Field(
        "on", description="`on`: fetch all teams and competitions in advance, at most one page a minute."
    )


class PipelineSettings(_Section):
    """Settings of `footy/pipeline`: when cycles run, and what they request."""

    interval: Annotated[float, Field(ge=2, le=3600)] = Field(
        60, description="Seconds from the start of one cycle to the start of the next."
    )
    strategy: Literal["delta", "per-match"] = Field(
        "delta", description="`delta`: request what has changed; `per-match`: request everything every cycle."
    )
    fallback: Annotated[tuple[str, ...], BeforeValidator(_fallback)] = Field(
        ("stale",),
        description="`stale`: if a request fails, keep the last good value; "
        "`stale,mock`: also make up missing values, marked as such.",
    )


class RecordSettings(_Section):
    """Settings of `footy/records`: which matches and prices it selects."""

    competitions: Names = Field((), description="Names or ids of the competitions to keep; empty keeps all.")
    countries: Names = Field((), description="Names or ids of the countries to keep; empty keeps all.")
    bookmakers: Numbers = Field(
        tuple(int(number) for number in DEFAULT_BOOKMAKERS.split(",")),
        description="Bookmaker ids in order of preference; all others follow in order of their ids.",
    )
    early_window: Window = Field(
        (2, 6), description="First and last minute of the match that count for early prices."
    )
    price_max_age: Annotated[float, Field(gt=0)] = Field(
        900, description="Maximum age of a current price, in seconds."
    )


class EventSettings(_Section):
    """What `footy/events` emits, and how long `footy/history` keeps it."""

    events: Literal["on", "off"] = Field(
        "on", description="`on`: write what happens into the log of events; `off`: only the snapshots."
    )
    price_events: Literal["off", "on", "corners"] = Field(
        "on", description="Events of prices: none, those of goals markets, or those of corners too."
    )
    price_step: Annotated[float, Field(gt=0, le=100)] = Field(
        5, description="Points of implied probability, in percent, that a price must move by for an event."
    )
    settle: Annotated[float, Field(ge=0, le=600)] = Field(
        0, description="Seconds that a changed score must last before its event is emitted."
    )
    source: Annotated[str, AfterValidator(_source)] = Field(
        "urn:footy:live", description="Where events come from, as their envelopes say it."
    )
    jsonl: Literal["off", "on"] = Field(
        "off", description="`on`: write events as JSON Lines too, a file a day in `events/`."
    )
    mqtt: Annotated[str | None, BeforeValidator(_empty_is_unset), AfterValidator(_mqtt_url)] = Field(
        None,
        description="A broker to publish events and states of matches to, such as mqtt://127.0.0.1:1883.",
    )
    mqtt_user: Annotated[str | None, BeforeValidator(_empty_is_unset), AfterValidator(_text)] = Field(
        None, description="The user name for that broker."
    )
    mqtt_password: Annotated[SecretStr | None, BeforeValidator(_empty_is_unset)] = Field(
        None, description="The password for that broker."
    )
    alerts: Annotated[Path | None, BeforeValidator(_empty_is_unset)] = Field(
        None, description="The file of alert rules and targets; without it `alerts.toml` in the data folder."
    )
    history_days: Annotated[float, Field(gt=0, le=3650)] = Field(
        90, description="Days that all of a match is kept after it; events of prices 7 at most."
    )
    history_size: Annotated[int, BeforeValidator(_size)] = Field(
        4_000_000_000, description="Size of the log above which the oldest matches are removed."
    )


class OutputSettings(_Section):
    """Settings of `footy/outputs`: what the console prints."""

    statuses: Numbers = Field(
        (2, 3, 4, 5, 6, 7), description="Status ids of the matches that the console shows."
    )
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(
        "America/New_York", description="The time zone of the console and of the log archives."
    )
    odds_format: Literal["american", "decimal", "hongkong"] = Field(
        "american", description="The format of prices on the console."
    )


class TelemetrySettings(_Section):
    """Settings of `footy/telemetry`: what is logged."""

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
    ] = Field("INFO", description="The least severe level that is logged.")
    log_format: Literal["text", "json"] = Field(
        "text", description="The format of an entry: one line of plain text, or one JSON object."
    )
    log_backups: Annotated[int, Field(ge=0, le=3650)] = Field(
        7, description="Number of log archives to keep."
    )


class ServiceSettings(_Section):
    """Settings of `footy/service`: the data folder, and the thresholds of the indicators."""

    data_dir: Path = Field(
        Path("var"), description="The data folder; a relative path is relative to the current folder."
    )
    cycle_warning: Share = Field(0.25, description="Share of the interval above which a cycle is slow.")
    cycle_critical: Share = Field(0.75, description="Share of the interval above which it is far too slow.")
    enrich_warning: Share = Field(
        round(8 / 60, 4), description="Share of the interval above which enrichment is slow."
    )
    enrich_critical: Share = Field(0.5, description="Share of the interval above which it is far too slow.")
    sleep_warning: Share = Field(0.75, description="Share of the interval below which sleep is short.")
    sleep_critical: Share = Field(0.25, description="Share of the interval below which it is far too short.")
    errors_warning: Share = Field(0.05, description="Share of failed calls at which a warning is logged.")
    errors_critical: Share = Field(0.2, description="Share of failed calls above which it is critical.")


class WebSettings(_Section):
    """Where `footy/web` serves the page and the API, and to whom."""

    http_host: Annotated[str, AfterValidator(_bind_address)] = Field(
        "127.0.0.1", description="Address on which the page and the API are served."
    )
    http_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8099, description="Port of the page and the API; `0` disables them."
    )
    http_hosts: Annotated[tuple[str, ...], BeforeValidator(_host_names)] = Field(
        (), description="Host names that clients may use, besides the address itself."
    )
    http_token: Annotated[SecretStr | None, BeforeValidator(_empty_is_unset), AfterValidator(_token)] = Field(
        None, description="Token that clients must send; at least 16 characters."
    )

    def http_token_text(self) -> str:
        """Return the token itself; empty if there is none."""
        return self.http_token.get_secret_value() if self.http_token else ""


class StoreSettings(_Section):
    """Where `footy/store` keeps the log, if not in the data folder."""

    store: Annotated[SecretStr | None, BeforeValidator(_empty_is_unset), AfterValidator(_store)] = Field(
        None, description="The address of a PostgreSQL database that keeps the log instead of `footy.db`."
    )
    lease: Annotated[str, AfterValidator(_lease)] = Field(
        "footy", description="Name of the instance in the store: its schema. An account or a sport each."
    )
    lease_ttl: Annotated[float, Field(ge=1, le=300)] = Field(
        10, description="Seconds after which another machine takes over from one that has died or hangs."
    )
    passfile: Annotated[Path | None, BeforeValidator(_empty_is_unset)] = Field(
        None, alias="PGPASSFILE", description="A file with the password of the store, as PostgreSQL has it."
    )

    def store_url(self) -> str:
        """Return the address of the store; empty if there is none. It may hold a password."""
        return self.store.get_secret_value() if self.store else ""


class Settings(
    StoreSettings,
    WebSettings,
    ServiceSettings,
    TelemetrySettings,
    OutputSettings,
    EventSettings,
    RecordSettings,
    PipelineSettings,
    ReferenceSettings,
    VendorSettings,
):
    """All settings that the operator may change."""

    _commented_out: frozenset[str] = PrivateAttr(frozenset())

    @model_validator(mode="after")
    def _critical_is_worse(self) -> "Settings":
        """Check that no warning threshold is worse than the critical one: it would never be reached."""
        for figure in ("CYCLE", "ENRICH", "ERRORS", "SLEEP"):
            warning = getattr(self, f"{figure.lower()}_warning")
            critical = getattr(self, f"{figure.lower()}_critical")
            side = "below" if figure == "SLEEP" else "above"
            if warning < critical if side == "below" else warning > critical:
                raise ValueError(
                    f"FOOTY_{figure}_WARNING is {warning:g} but takes a number that is not {side} "
                    f"FOOTY_{figure}_CRITICAL, which is {critical:g}"
                )
        return self

    @model_validator(mode="after")
    def _only_this_machine_needs_no_token(self) -> "Settings":
        if self.http_port and not is_loopback(self.http_host) and self.http_token is None:
            raise ValueError(
                f"FOOTY_HTTP_HOST is {self.http_host}, which others can reach, but FOOTY_HTTP_TOKEN is not "
                "set: set one, or bind to 127.0.0.1"
            )
        return self

    def secret_text(self) -> str:
        """Return the secret in plain text; only the code that signs requests and the redactor need it."""
        return self.secret.get_secret_value() if self.secret else ""

    def secrets(self) -> tuple[str, ...]:
        """Return everything to redact: the secrets, and the proxy's password, plain and as it is sent."""
        values = (getattr(self, name) for name in type(self).model_fields)
        found = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        proxy = urlsplit(self.proxy or "")
        if proxy.password:
            user, password = unquote(proxy.username or ""), unquote(proxy.password)
            found.append(b64encode(f"{user}:{password}".encode("latin-1")).decode())
            is_long = len(password) >= SECRET_MIN_LENGTH
            found += [password, proxy.password] if is_long else [f"{proxy.username}:{proxy.password}@"]
        found += _passwords_in(self.store_url())
        return tuple(text for text in found if text)

    def folder(self, mode: Mode) -> Path:
        """Return the absolute path of the folder that an instance in this mode writes into.

        Raises:
            ConfigError: The path is relative, and the current folder was deleted.
        """
        try:
            folder = self.data_dir.expanduser().absolute()
        except FileNotFoundError:
            raise ConfigError("The current folder was deleted: change to one that exists.") from None
        return folder / DEMO_FOLDER if mode is Mode.DEMO else folder

    def mqtt_password_text(self) -> str:
        """Return the broker's password; empty if there is none."""
        return self.mqtt_password.get_secret_value() if self.mqtt_password else ""

    def event_source(self, mode: Mode) -> str:
        """Return where the events of an instance in this mode come from; the demo's are marked as such."""
        return DEMO_SOURCE if mode is Mode.DEMO else self.source

    def resolve_mode(self) -> Mode:
        """Decide between live and demo.

        Raises:
            ConfigError: Only one credential is set, or none is set but the mode needs both.
        """
        if self.mode is Mode.DEMO:
            return Mode.DEMO
        absent = [name for name, value in self._credentials().items() if not value]
        if not absent:
            return Mode.LIVE
        if len(absent) == 1:
            if absent[0] in self._commented_out:
                raise ConfigError(f"{absent[0]} is commented out in .env: remove the # before it.")
            raise ConfigError(f"{absent[0]} is not set but the other credential is: set both, or neither.")
        if self.mode is Mode.LIVE or self.store is not None:
            needs = "FOOTY_MODE=live" if self.mode is Mode.LIVE else "a service with FOOTY_STORE"
            raise ConfigError(f"THESPORTS_USER and THESPORTS_SECRET are not set, and {needs} needs both.")
        if self.was_live():
            raise ConfigError(
                "THESPORTS_USER and THESPORTS_SECRET are not set, but the data folder "
                f"{self.folder(Mode.LIVE)} has been live: put them back into .env, or use --demo."
            )
        return Mode.DEMO

    def observed_mode(self) -> Mode:
        """Return the mode of the instance that health, status and stop look at; live if it is undecidable.

        A machine that only reads a store has no credentials, and looks at what is live there.
        """
        try:
            return self.resolve_mode()
        except ConfigError:
            return Mode.LIVE

    def was_live(self) -> bool:
        """Check whether a live instance has ever written into this data folder."""
        folder = self.folder(Mode.LIVE)
        return any((folder / name).exists() for name in ("heartbeat.json", "matches.json", "cache.sqlite"))

    def _credentials(self) -> dict[str, str]:
        return {"THESPORTS_USER": self.user or "", "THESPORTS_SECRET": self.secret_text()}


def _passwords_in(url: str) -> list[str]:
    """Return what to redact of the passwords in an address, plain and as they are written there."""
    parts = urlsplit(url)
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    found = [(password, f"{user}:{password}@")]
    in_query = [one.partition("=")[2] for one in parts.query.split("&") if one.startswith("password=")]
    found += [(one, f"password={one}") for one in in_query]
    redacted = []
    for written, short in found:  # a short one alone may be part of any word
        if written:
            redacted += [written, unquote(written)] if len(written) >= SECRET_MIN_LENGTH else [short]
    return redacted


def variables() -> list[str]:
    """Return the variable names of all settings."""
    return [str(field.alias) for field in Settings.model_fields.values()]


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


def secret_variables() -> list[str]:
    """Name the settings that hold a secret: those of type `SecretStr`, and those that no repr shows."""
    fields = Settings.model_fields.values()
    return [str(field.alias) for field in fields if _is_secret(field) or not field.repr]


def secret_files() -> dict[str, str]:
    """Name the variables that give the file of a secret, each with the setting that the file holds."""
    return {f"{name}_FILE": name for name in secret_variables()}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and the warnings about them for the operator."""

    settings: Settings
    warnings: tuple[str, ...]


def load(
    environ: Mapping[str, str] | None = None,
    env_file: Path = Path(".env"),
    overrides: Mapping[str, str] | None = None,
    *,
    only_where: bool = False,
    needed: Iterable[str] = (),
) -> Loaded:
    """Read the settings. Flags take precedence over the environment, then `.env`, then the defaults.

    Args:
        environ: The environment; `os.environ` if None.
        env_file: The file to read, if it exists.
        overrides: Values from command-line flags, by variable name.
        only_where: Whether the settings in `WHERE` are enough. If so, a wrong value elsewhere is only a
            warning, and all settings outside `WHERE` have their defaults.
        needed: Settings that must be right even so.

    Raises:
        ConfigError: A value is wrong, or the file exists but cannot be read.
    """
    environ = os.environ if environ is None else environ
    from_file, ignored, commented_out = _read_env_file(env_file)
    values: dict[str, object] = {**from_file, **environ, **(overrides or {})}
    known = {name: value for name in variables() if (value := values.get(name)) and str(value).strip()}
    for name in secret_variables():
        try:
            known |= _from_its_file(name, values)
        except ConfigError as error:
            if not only_where or name in needed:
                raise
            ignored.append(f"{str(error).removesuffix('.')}; footy would not start with that.")
    try:
        settings = Settings.model_validate(known)
    except ValidationError as error:
        sentence = _sentence(error, known)
        wrong = {str(name) for problem in error.errors() for name in problem["loc"][:1]}
        if not only_where or wrong & {"FOOTY_DATA_DIR", "FOOTY_MODE", *needed}:
            raise ConfigError(sentence) from None
        settings = Settings.model_validate({name: known[name] for name in WHERE if name in {*known} - wrong})
        ignored.append(f"{sentence.removesuffix('.')}; footy would not start with that.")
    settings._commented_out = commented_out  # noqa: SLF001 - a fact about the file, not a setting
    return Loaded(settings, (*ignored, *_misspelt(environ, from_file, env_file)))


def _from_its_file(name: str, values: Mapping[str, object]) -> dict[str, str]:
    """Read a secret from the file of `NAME_FILE` or from the credential NAME; empty if there is neither.

    Line ends at the end of the file are no part of the secret.

    Raises:
        ConfigError: The secret is given in more than one way, or the file is empty or cannot be read.
    """
    places: dict[str, Path | None] = {}
    if str(values.get(name) or "").strip():
        places[name] = None
    if (file := str(values.get(f"{name}_FILE") or "").strip()) != "":
        places[f"{name}_FILE"] = Path(file)
    if (folder := str(values.get(CREDENTIALS) or "")) and os.path.lexists(Path(folder) / name):
        places[f"the unit's credential {name}"] = Path(folder) / name
    if len(places) > 1:
        raise ConfigError(f"{' and '.join(places)} are set together: keep one of them.")
    [(said, path)] = places.items() or [("", None)]
    return {} if path is None else {name: _secret_in(path, said)}


def _secret_in(path: Path, said: str) -> str:
    """Read a file that holds a secret and nothing else."""
    advice = "make it a readable text file that holds the secret and nothing else."
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(SECRET_MOST_BYTES + 1)
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{said}: {path} cannot be read ({reason}): {advice}") from None
    except ValueError:
        raise ConfigError(f"{said}: {path} cannot be read (it is not UTF-8 text): {advice}") from None
    if len(content) > SECRET_MOST_BYTES:
        raise ConfigError(f"{said}: {path} is larger than {SECRET_MOST_BYTES} bytes: {advice}")
    if not text.strip():
        raise ConfigError(f"{said}: {path} is empty: {advice}")
    return text


def _read_env_file(path: Path) -> tuple[dict[str, str], list[str], frozenset[str]]:
    """Read `.env`: return its values as written, warnings about it, and the credentials commented out."""
    advice = "make it a readable text file of NAME=value lines, or remove it."
    try:
        if not path.exists() and not path.is_symlink():
            return {}, [], frozenset()
        if not path.is_file():
            raise ConfigError(f"{path.absolute()} is not a file: {advice}")
        text = path.read_text(encoding="utf-8-sig")
        lines = list(parse_stream(io.StringIO(text)))
        readable_by_all = path.stat().st_mode & stat.S_IROTH
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"{path.absolute()} cannot be read ({reason}): {advice}") from None
    values = {line.key: line.value for line in lines if line.key and line.value is not None}
    warnings = [
        f"line {_number(line)} of {path} is not NAME=value, and is ignored"
        for line in lines
        if line.error or (line.key and line.value is None)
    ]
    if readable_by_all and any(values.get(name) for name in secret_variables()):
        warnings.append(f"every user of this machine can read the secret in {path}: chmod 600 {path}")
    return values, warnings, frozenset(_COMMENTED_OUT.findall(text))


_COMMENTED_OUT = re.compile(r"^\s*#\s*(?:export\s+)?(THESPORTS_\w+)\s*=", re.MULTILINE)


def _number(line: Binding) -> int:
    """Return the number of a line of `.env`; the parser counts preceding blank lines as part of it."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _misspelt(environ: Mapping[str, str], from_file: Mapping[str, str], env_file: Path) -> list[str]:
    """Return a warning for each variable that looks like a misspelt setting, with the nearest known name."""
    known = [*variables(), *secret_files()]
    sentences = []
    for name in sorted({*environ, *from_file} - {*known, SIMULATOR_VARIABLE}):
        ours = name.startswith(("FOOTY_", "THESPORT"))
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6 if ours else 0.85)
        if not ours and not (near and name in from_file):
            continue
        where = f"{env_file} has" if name in from_file else "The environment has"
        hint = f"did you mean {near[0]}?" if near else "see docs/configuration.md for the names."
        sentences.append(f"{where} {name}, which footy does not know and ignores: {hint}")
    return sentences


def _shown(name: str, value: str, secrets: Iterable[str]) -> str:
    """Return a wrong value for an error message, without anything that may be a secret."""
    value = re.sub(r"//.*@", "//***@", value, flags=re.DOTALL)
    value = re.sub(r"\?.*", "?***", value, flags=re.DOTALL)
    for secret in secrets:
        if len(secret) > len("***"):
            value = value.replace(secret, "***")
    looks = len(value) <= MOST_SHOWN and re.fullmatch(LOOKS.get(name, ""), value)
    return repr(value) if len(value) < SECRET_MIN_LENGTH or looks else f"a text of {len(value)} characters"


def _sentence(error: ValidationError, known: Mapping[str, object]) -> str:
    """Return a sentence with a clause for each wrong value: the variable, its value, and what it takes."""
    clauses = []
    hidden = {str(field.alias) for field in Settings.model_fields.values() if _is_secret(field)}
    secrets = [str(known[name]) for name in hidden & known.keys()]
    for problem in error.errors(include_url=False):
        takes = problem["msg"].removeprefix("Value error, ").split(", unable to parse")[0]
        if not problem["loc"]:  # about two settings that contradict each other; the message names them
            clauses.append(takes)
            continue
        name = str(problem["loc"][0])
        got = "" if name in hidden else f" is {_shown(name, str(problem['input']), secrets)} but"
        takes = takes.replace("Input should be greater", "takes a number greater")
        takes = takes.replace("Input should be less", "takes a number less")
        takes = takes.replace("Input should be", "takes")
        takes = takes.replace("a valid number", "a number").replace("a valid integer", "a whole number")
        clauses.append(f"{name}{got} {takes}")
    return "; ".join(dict.fromkeys(clauses)) + "."
