"""All settings of footy in one validated class, in a section for each package."""

from base64 import b64encode
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    model_validator,
)
from pydantic.fields import FieldInfo

from footy.errors import ConfigError
from footy.files import why_out_of_reach
from footy.settings import values
from footy.settings.values import Names, Numbers, Seconds, Share, Window
from footy.thesports.endpoints import RateLimit

DEFAULT_BASE_URL = "https://api.thesports.com/v1/football"
DEFAULT_PUSH_URL = "wss://mq.thesports.com:443/mqtt"
DEFAULT_BOOKMAKERS = "2,3,4,5,6,9,10,11,13,14,15,16,17,21,22"
DEMO_FOLDER = "demo"
"""Inside the data folder, so that a reader of the real files never gets simulated matches."""
DEMO_SOURCE = "urn:footy:demo"


_OPTIONAL = BeforeValidator(values.empty_is_unset)


class Mode(StrEnum):
    """Where the matches come from."""

    AUTO = "auto"
    LIVE = "live"
    DEMO = "demo"


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

    user: Annotated[str | None, AfterValidator(values.text)] = Field(
        None, alias="THESPORTS_USER", description="The account's user name."
    )
    secret: Annotated[SecretStr | None, AfterValidator(values.secret)] = Field(
        None, alias="THESPORTS_SECRET", description="The account's secret; at least 8 characters."
    )
    mode: Mode = Field(
        Mode.AUTO,
        description="`live`, `demo` or `auto`: live with both credentials set, the demo on a fresh machine.",
    )
    base_url: Annotated[str, AfterValidator(values.base_url)] = Field(
        DEFAULT_BASE_URL, description="The vendor's base address, to which endpoint paths are appended."
    )
    proxy: Annotated[str | None, _OPTIONAL, AfterValidator(values.proxy)] = Field(
        None, description="An HTTP proxy for all requests, such as http://10.0.0.1:3128.", repr=False
    )
    ca_bundle: Annotated[Path | None, _OPTIONAL, AfterValidator(values.path)] = Field(
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
    push_url: Annotated[str, AfterValidator(values.push_url)] = Field(
        DEFAULT_PUSH_URL,
        description="Address of the vendor's MQTT broker: `wss:`, on this machine also `ws:`.",
    )
    rate_limits: Annotated[dict[str, RateLimit] | None, BeforeValidator(values.rate_limits)] = Field(
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
    fallback: Annotated[tuple[str, ...], BeforeValidator(values.fallback)] = Field(
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
    source: Annotated[str, AfterValidator(values.source)] = Field(
        "urn:footy:live", description="Where events come from, as their envelopes say it."
    )
    jsonl: Literal["off", "on"] = Field(
        "off", description="`on`: write events as JSON Lines too, a file a day in `events/`."
    )
    mqtt: Annotated[str | None, _OPTIONAL, AfterValidator(values.mqtt_url)] = Field(
        None,
        description="A broker to publish events and states of matches to, such as mqtt://127.0.0.1:1883.",
    )
    mqtt_user: Annotated[str | None, _OPTIONAL, AfterValidator(values.text)] = Field(
        None, description="The user name for that broker."
    )
    mqtt_password: Annotated[SecretStr | None, _OPTIONAL, AfterValidator(values.password)] = Field(
        None, description="The password for that broker."
    )
    alerts: Annotated[Path | None, _OPTIONAL, AfterValidator(values.path)] = Field(
        None, description="The file of alert rules and targets; without it `alerts.toml` in the data folder."
    )
    history_days: Annotated[float, Field(gt=0, le=3650)] = Field(
        90, description="Days that all of a match is kept after it; events of prices 7 at most."
    )
    history_size: Annotated[int, BeforeValidator(values.size)] = Field(
        4_000_000_000, description="Size of the log above which the oldest matches are removed."
    )


class OutputSettings(_Section):
    """Settings of `footy/outputs`: what the console prints."""

    statuses: Numbers = Field(
        (2, 3, 4, 5, 6, 7), description="Status ids of the matches that the console shows."
    )
    timezone: Annotated[str, AfterValidator(values.timezone)] = Field(
        "America/New_York", description="The time zone of the console and of the log archives."
    )
    odds_format: Literal["american", "decimal", "hongkong"] = Field(
        "american", description="The format of prices on the console."
    )


class TelemetrySettings(_Section):
    """Settings of `footy/telemetry`: what is logged."""

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(values.upper)
    ] = Field("INFO", description="The least severe level that is logged.")
    log_format: Literal["text", "json"] = Field(
        "text", description="The format of an entry: one line of plain text, or one JSON object."
    )
    log_backups: Annotated[int, Field(ge=0, le=3650)] = Field(
        7, description="Number of log archives to keep."
    )


class ServiceSettings(_Section):
    """Settings of `footy/service`: the data folder, and the thresholds of the indicators."""

    data_dir: Annotated[Path, AfterValidator(values.path)] = Field(
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

    http_host: Annotated[str, AfterValidator(values.bind_address)] = Field(
        "127.0.0.1", description="Address on which the page and the API are served."
    )
    http_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8099, description="Port of the page and the API; `0` disables them."
    )
    http_hosts: Annotated[tuple[str, ...], BeforeValidator(values.host_names)] = Field(
        (), description="Host names that clients may use, besides the address itself."
    )
    http_token: Annotated[SecretStr | None, _OPTIONAL, AfterValidator(values.token)] = Field(
        None, description="Token that clients must send; at least 16 characters."
    )

    def http_token_text(self) -> str:
        """Return the token itself; empty if there is none."""
        return self.http_token.get_secret_value() if self.http_token else ""


class StoreSettings(_Section):
    """Where `footy/store` keeps the log, if not in the data folder."""

    store: Annotated[SecretStr | None, _OPTIONAL, AfterValidator(values.store)] = Field(
        None, description="The address of a PostgreSQL database that keeps the log instead of `footy.db`."
    )
    lease: Annotated[str, AfterValidator(values.lease)] = Field(
        "footy", description="Name of the instance in the store: its schema. An account or a sport each."
    )
    lease_ttl: Annotated[float, Field(ge=1, le=300)] = Field(
        10, description="Seconds after which another machine takes over from one that has died or hangs."
    )
    passfile: Annotated[Path | None, _OPTIONAL, AfterValidator(values.path)] = Field(
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
        if self.http_port and not values.is_loopback(self.http_host) and self.http_token is None:
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
        given = (getattr(self, name) for name in type(self).model_fields)
        found = [value.get_secret_value() for value in given if isinstance(value, SecretStr)]
        proxy = urlsplit(self.proxy or "")
        if proxy.password:
            user, password = unquote(proxy.username or ""), unquote(proxy.password)
            found.append(b64encode(f"{user}:{password}".encode("latin-1")).decode())
            is_long = len(password) >= values.SECRET_MIN_LENGTH
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
        """Return the mode of the instance for health, status and stop; live if it cannot be decided.

        A machine that only reads a store has no credentials, and looks at what is live there.
        """
        try:
            return self.resolve_mode()
        except ConfigError:
            return Mode.LIVE

    def was_live(self) -> bool:
        """Check whether a live instance has ever written into this data folder.

        Raises:
            ConfigError: This user may not look into it.
        """
        folder = self.folder(Mode.LIVE)
        if (why := why_out_of_reach(folder)) is not None:
            raise ConfigError(why)
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
            redacted += [written, unquote(written)] if len(written) >= values.SECRET_MIN_LENGTH else [short]
    return redacted


def variables() -> list[str]:
    """Return the variable names of all settings."""
    return [str(field.alias) for field in Settings.model_fields.values()]


def is_secret(field: FieldInfo) -> bool:
    """Check whether a setting is of the type for secrets."""
    return SecretStr in (field.annotation, *get_args(field.annotation))


def secret_variables() -> list[str]:
    """Name the settings that hold a secret: those of type `SecretStr`, and those that no repr shows."""
    fields = Settings.model_fields.values()
    return [str(field.alias) for field in fields if is_secret(field) or not field.repr]


def secret_files() -> dict[str, str]:
    """Name the variables that give the file of a secret, each with the setting that the file holds."""
    return {f"{name}_FILE": name for name in secret_variables()}
