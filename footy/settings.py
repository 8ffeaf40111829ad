"""Every setting of footy: one validated class, and the only reader of the environment and of `.env`."""

import difflib
import io
import ipaddress
import os
import re
import stat
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
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

from footy.errors import ConfigError
from footy.thesports.endpoints import ENDPOINTS, RateLimit

DEFAULT_BASE_URL = "https://api.thesports.com/v1/football"
DEFAULT_BOOKMAKERS = "2,3,4,5,6,9,10,11,13,14,15,16,17,21,22"
DEMO_FOLDER = "demo"
"""Inside the data folder, so that a reader of the real files never gets simulated matches."""
WHERE = ("FOOTY_DATA_DIR", "FOOTY_MODE", "THESPORTS_USER", "THESPORTS_SECRET")
"""Settings that tell which instance is meant: its data folder, and whether it is the live one or the demo."""
SECRET_MIN_LENGTH = 8
TOKEN_MIN_LENGTH = 16
SECRETS = frozenset({"THESPORTS_SECRET", "FOOTY_HTTP_TOKEN"})
"""Settings whose wrong value is never repeated."""
MOST_SHOWN = 60
"""Characters of a wrong value that are repeated to the operator."""
LOOKS = {
    "FOOTY_BASE_URL": r"\w+://.*|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?",
    "FOOTY_PROXY": r"\w+://.*|[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?",
    "FOOTY_TIMEZONE": r"[A-Za-z]+(/[A-Za-z_]+)*",
    "FOOTY_RATE_LIMITS": r"[a-z_/]+ ?=[a-z0-9_/=., ]*",
    "FOOTY_STATUSES": r"\d{1,4}([,; ]+\d{1,4})*",
    "FOOTY_BOOKMAKERS": r"\d{1,4}([,; ]+\d{1,4})*",
}
"""What a wrong value must look like to be repeated although it is as long as a secret may be."""


class Mode(StrEnum):
    """Where the matches come from."""

    AUTO = "auto"
    LIVE = "live"
    DEMO = "demo"


def _split(text: Any) -> Any:
    """Read `a, b,c` as a list of stripped, non-empty items."""
    return [item.strip() for item in text.split(",") if item.strip()] if isinstance(text, str) else text


def _whole_numbers(value: Any) -> Any:
    items = _split(value)
    if isinstance(items, list) and not all(str(item).isdecimal() for item in items):
        raise ValueError("takes whole numbers with commas between, such as 2,3,4")
    return items


def _window(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d{1,3})\s*-\s*(\d{1,3})\s*", value)
    if match is None or int(match[1]) > int(match[2]):
        raise ValueError("takes two minutes, the first not after the second, such as 2-6")
    return int(match[1]), int(match[2])


def _rate_limits(value: Any) -> Any:
    """Read `off`, or `odds/history=120/60` (calls/seconds) pairs with commas between."""
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
            raise ValueError(f"{match[1]} is no endpoint: {hint}")
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
    """Take an HTTP address apart.

    Raises:
        ValueError: It is none, or one that no connection could be made to.
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


def _token(value: SecretStr | None) -> SecretStr | None:
    text = "" if value is None else value.get_secret_value()
    if value is not None and (len(text) < TOKEN_MIN_LENGTH or not re.fullmatch(r"[!-~]+", text)):
        raise ValueError(f"takes at least {TOKEN_MIN_LENGTH} printable ASCII characters without a blank")
    return value


def _host_names(value: Any) -> Any:
    """Read host names with commas between, in lower case; a port or a scheme is none of their business."""
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
    """The settings of one package; each field's description is its line in the documentation."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, allow_inf_nan=False, alias_generator=lambda name: f"FOOTY_{name.upper()}"
    )


class VendorSettings(_Section):
    """What `footy/thesports` goes by: the account, and how it is asked."""

    user: Annotated[str | None, AfterValidator(_text)] = Field(
        None, alias="THESPORTS_USER", description="The account's user name."
    )
    secret: Annotated[SecretStr | None, AfterValidator(_secret)] = Field(
        None, alias="THESPORTS_SECRET", description="The account's secret; at least 8 characters."
    )
    mode: Mode = Field(
        Mode.AUTO,
        description="`auto` (live with both credentials set, the demo on a fresh machine), `live` or `demo`.",
    )
    base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        DEFAULT_BASE_URL, description="Endpoint paths are appended to it."
    )
    proxy: Annotated[str | None, BeforeValidator(_empty_is_unset), AfterValidator(_proxy)] = Field(
        None, description="An HTTP proxy for all calls, such as http://10.0.0.1:3128.", repr=False
    )
    ca_bundle: Annotated[Path | None, BeforeValidator(_empty_is_unset)] = Field(
        None, description="A file of certificate authorities to trust instead."
    )
    workers: Annotated[int, Field(ge=1, le=200)] = Field(
        30, description="Threads, and so connections, that ask the vendor."
    )
    timeout: Annotated[float, Field(gt=0, le=300)] = Field(
        10, description="Seconds for one attempt, from connecting to the whole body."
    )
    attempts: Annotated[int, Field(ge=1, le=10)] = Field(
        3, description="Attempts for one call, the first included."
    )
    backoff: Annotated[float, Field(ge=0, le=60)] = Field(
        1, description="Seconds; the n-th retry waits up to this times 2 to the n-1."
    )
    rate_limits: Annotated[dict[str, RateLimit] | None, BeforeValidator(_rate_limits)] = Field(
        {}, description="`off`, or endpoint=calls/seconds pairs beside the vendor's, as odds/history=120/60."
    )


class ReferenceSettings(_Section):
    """How long `footy/reference` takes names as known."""

    ttl_team: Seconds = Field(86400, description="Seconds a team is taken as known.")
    ttl_competition: Seconds = Field(86400, description="Seconds a competition is taken as known.")
    ttl_country: Seconds = Field(
        86400, description="Seconds the countries and categories are taken as known."
    )


class PipelineSettings(_Section):
    """When `footy/pipeline` runs, and what it asks for."""

    interval: Annotated[float, Field(ge=2, le=3600)] = Field(
        60, description="Seconds from the start of one cycle to the next."
    )
    strategy: Literal["delta", "per-match"] = Field(
        "delta", description="`delta`: ask for what has changed; `per-match`: ask everything in every cycle."
    )
    fallback: Annotated[tuple[str, ...], BeforeValidator(_fallback)] = Field(
        ("stale",),
        description="`stale`: the last good value where asking fails; `stale,mock`: else made up, marked.",
    )


class RecordSettings(_Section):
    """Which matches and prices `footy/records` shows."""

    competitions: Names = Field((), description="Competition names or ids to keep; empty keeps all.")
    countries: Names = Field((), description="Country names or ids to keep; empty keeps all.")
    bookmakers: Numbers = Field(
        tuple(int(number) for number in DEFAULT_BOOKMAKERS.split(",")),
        description="Bookmaker ids in order of preference; any other follows by number.",
    )
    early_window: Window = Field((2, 6), description="Minutes, both included, of the early prices.")
    price_max_age: Annotated[float, Field(gt=0)] = Field(
        900, description="Seconds a price may be old and still be current."
    )


class OutputSettings(_Section):
    """What `footy/outputs` prints."""

    statuses: Numbers = Field(
        (2, 3, 4, 5, 6, 7), description="Status ids of the matches that the console shows."
    )
    timezone: Annotated[str, AfterValidator(_timezone)] = Field(
        "America/New_York", description="The zone of the console and of log archives."
    )
    odds_format: Literal["american", "decimal", "hongkong"] = Field(
        "american", description="How the console writes prices."
    )


class TelemetrySettings(_Section):
    """What `footy/telemetry` logs."""

    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
    ] = Field("INFO", description="The least severe level that is logged.")
    log_format: Literal["text", "json"] = Field(
        "text", description="One plain line, or one JSON object, per entry."
    )
    log_backups: Annotated[int, Field(ge=0, le=3650)] = Field(7, description="Log archives that are kept.")


class ServiceSettings(_Section):
    """Where `footy/service` lives, and from when on it warns."""

    data_dir: Path = Field(
        Path("var"), description="The data folder; a relative one is taken from the current folder."
    )
    cycle_warning: Share = Field(0.25, description="Share of the interval above which a cycle is slow.")
    cycle_critical: Share = Field(0.75, description="Share of the interval above which it is far too slow.")
    enrich_warning: Share = Field(
        round(8 / 60, 4), description="Share of the interval above which enrichment is slow."
    )
    enrich_critical: Share = Field(0.5, description="Share of the interval above which it is far too slow.")
    sleep_warning: Share = Field(0.75, description="Share of the interval below which sleep is short.")
    sleep_critical: Share = Field(0.25, description="Share of the interval below which it is far too short.")
    errors_warning: Share = Field(0.05, description="Share of failed calls from which there are too many.")
    errors_critical: Share = Field(0.2, description="Share of failed calls above which it is far too many.")


class WebSettings(_Section):
    """Where `footy/web` serves the page and the API, and to whom."""

    http_host: Annotated[str, AfterValidator(_bind_address)] = Field(
        "127.0.0.1", description="The address that the page and the API are served on."
    )
    http_port: Annotated[int, Field(ge=0, le=65535)] = Field(
        8099, description="Its port; `0` serves nothing."
    )
    http_hosts: Annotated[tuple[str, ...], BeforeValidator(_host_names)] = Field(
        (), description="Host names by which it may be asked for, beside its own address."
    )
    http_token: Annotated[SecretStr | None, BeforeValidator(_empty_is_unset), AfterValidator(_token)] = Field(
        None, description="What a reader must know; at least 16 characters."
    )

    def http_token_text(self) -> str:
        """Return the token itself; empty if there is none."""
        return self.http_token.get_secret_value() if self.http_token else ""


class Settings(
    WebSettings,
    ServiceSettings,
    TelemetrySettings,
    OutputSettings,
    RecordSettings,
    PipelineSettings,
    ReferenceSettings,
    VendorSettings,
):
    """What the operator may choose."""

    _commented_out: frozenset[str] = PrivateAttr(frozenset())

    @model_validator(mode="after")
    def _critical_is_worse(self) -> "Settings":
        """See that a figure is a warning before it is critical, or the warning would never come."""
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
        """Return the secret itself, for the one place that signs requests and the one that redacts."""
        return self.secret.get_secret_value() if self.secret else ""

    def secrets(self) -> tuple[str, ...]:
        """Return all that may get out nowhere: secret, token, the proxy's password, also as it is sent."""
        found = [self.secret_text(), self.http_token_text()]
        proxy = urlsplit(self.proxy or "")
        if proxy.password:
            user, password = unquote(proxy.username or ""), unquote(proxy.password)
            found.append(b64encode(f"{user}:{password}".encode("latin-1")).decode())
            is_long = len(password) >= SECRET_MIN_LENGTH
            found += [password, proxy.password] if is_long else [f"{proxy.username}:{proxy.password}@"]
        return tuple(text for text in found if text)

    def folder(self, mode: Mode) -> Path:
        """Return the absolute folder that an instance in this mode writes into.

        Raises:
            ConfigError: It is relative to the current folder, and that has been deleted.
        """
        try:
            folder = self.data_dir.expanduser().absolute()
        except FileNotFoundError:
            raise ConfigError("The current folder is gone: change to one that is there.") from None
        return folder / DEMO_FOLDER if mode is Mode.DEMO else folder

    def resolve_mode(self) -> Mode:
        """Decide between live and demo.

        Raises:
            ConfigError: Only one credential is set, or none is where the mode needs them.
        """
        if self.mode is Mode.DEMO:
            return Mode.DEMO
        absent = [name for name, value in self._credentials().items() if not value]
        if not absent:
            return Mode.LIVE
        if len(absent) == 1:
            if absent[0] in self._commented_out:
                raise ConfigError(f"{absent[0]} is commented out in .env: take away the # before it.")
            raise ConfigError(f"{absent[0]} is not set but the other credential is: set both, or neither.")
        if self.mode is Mode.LIVE:
            raise ConfigError(
                "THESPORTS_USER and THESPORTS_SECRET are not set, and FOOTY_MODE=live needs both."
            )
        if self.was_live():
            raise ConfigError(
                "THESPORTS_USER and THESPORTS_SECRET are not set, but the data folder "
                f"{self.folder(Mode.LIVE)} has been live: put them back into .env, or ask for --demo."
            )
        return Mode.DEMO

    def observed_mode(self) -> Mode:
        """Decide which instance health, status and stop look at; unlike `resolve_mode` it always decides."""
        try:
            return self.resolve_mode()
        except ConfigError:
            return Mode.LIVE

    def was_live(self) -> bool:
        """Check whether this data folder has ever been written by a live instance."""
        folder = self.folder(Mode.LIVE)
        return any((folder / name).exists() for name in ("heartbeat.json", "matches.json", "cache.sqlite"))

    def _credentials(self) -> dict[str, str]:
        return {"THESPORTS_USER": self.user or "", "THESPORTS_SECRET": self.secret_text()}


def variables() -> list[str]:
    """Name every setting as the operator writes it."""
    return [str(field.alias) for field in Settings.model_fields.values()]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings with what the operator should be told about them."""

    settings: Settings
    warnings: tuple[str, ...]


def load(
    environ: Mapping[str, str] | None = None,
    env_file: Path = Path(".env"),
    overrides: Mapping[str, str] | None = None,
    *,
    only_where: bool = False,
) -> Loaded:
    """Read the settings: flags over the environment over `.env` over the defaults.

    Args:
        environ: The environment; `os.environ` where None.
        env_file: The file to read where it exists.
        overrides: Values by variable name, from command-line flags.
        only_where: It is enough to know which instance is meant; where any other value is wrong, all others
            are the defaults, and that is a warning.

    Raises:
        ConfigError: A value is wrong, or the file is there and cannot be read.
    """
    environ = os.environ if environ is None else environ
    from_file, ignored, commented_out = _read_env_file(env_file)
    values: dict[str, object] = {**from_file, **environ, **(overrides or {})}
    known = {name: value for name in variables() if (value := values.get(name)) and str(value).strip()}
    try:
        settings = Settings.model_validate(known)
    except ValidationError as error:
        sentence = _sentence(error, [str(known.get(name, "")) for name in SECRETS])
        wrong = {str(name) for problem in error.errors() for name in problem["loc"][:1]}
        if not only_where or wrong & {"FOOTY_DATA_DIR", "FOOTY_MODE"}:
            raise ConfigError(sentence) from None
        settings = Settings.model_validate({name: known[name] for name in WHERE if name in {*known} - wrong})
        ignored.append(f"{sentence.removesuffix('.')}; footy would not start with that.")
    settings._commented_out = commented_out  # noqa: SLF001 - of the file, not a setting
    return Loaded(settings, (*ignored, *_misspelt(environ, from_file, env_file)))


def _read_env_file(path: Path) -> tuple[dict[str, str], list[str], frozenset[str]]:
    """Read `.env`: its values as they stand there, warnings about it, and what is commented out."""
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
    if readable_by_all and values.get("THESPORTS_SECRET"):
        warnings.append(f"every user of this machine can read the secret in {path}: chmod 600 {path}")
    return values, warnings, frozenset(_COMMENTED_OUT.findall(text))


_COMMENTED_OUT = re.compile(r"^\s*#\s*(?:export\s+)?(THESPORTS_\w+)\s*=", re.MULTILINE)


def _number(line: Binding) -> int:
    """Return the number of a line of `.env`, which may come with blank lines before it."""
    text = line.original.string
    return line.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _misspelt(environ: Mapping[str, str], from_file: Mapping[str, str], env_file: Path) -> list[str]:
    """Name variables that look like settings and are none, each with the nearest that is."""
    known = variables()
    sentences = []
    for name in sorted({*environ, *from_file} - {*known}):
        ours = name.startswith(("FOOTY_", "THESPORT"))
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6 if ours else 0.85)
        if not ours and not (near and name in from_file):
            continue
        where = f"{env_file} has" if name in from_file else "The environment has"
        hint = f"did you mean {near[0]}?" if near else "see docs/configuration.md for the names."
        sentences.append(f"{where} {name}, which footy does not know and ignores: {hint}")
    return sentences


def _shown(name: str, value: str, secrets: Sequence[str]) -> str:
    """Repeat a wrong value, but nothing that may be a secret, or be one in the wrong place."""
    value = re.sub(r"//.*@", "//***@", value, flags=re.DOTALL)
    value = re.sub(r"\?.*", "?***", value, flags=re.DOTALL)
    for secret in secrets:
        if len(secret) > len("***"):
            value = value.replace(secret, "***")
    looks = len(value) <= MOST_SHOWN and re.fullmatch(LOOKS.get(name, ""), value)
    return repr(value) if len(value) < SECRET_MIN_LENGTH or looks else f"a text of {len(value)} characters"


def _sentence(error: ValidationError, secrets: Sequence[str]) -> str:
    """Say each wrong value in one clause: the variable, what it got and what it takes."""
    clauses = []
    for problem in error.errors(include_url=False):
        takes = problem["msg"].removeprefix("Value error, ").split(", unable to parse")[0]
        if not problem["loc"]:  # of two settings that do not go together, which it names itself
            clauses.append(takes)
            continue
        name = str(problem["loc"][0])
        got = "" if name in SECRETS else f" is {_shown(name, str(problem['input']), secrets)} but"
        takes = takes.replace("Input should be greater", "takes a number greater")
        takes = takes.replace("Input should be less", "takes a number less")
        takes = takes.replace("Input should be", "takes")
        takes = takes.replace("a valid number", "a number").replace("a valid integer", "a whole number")
        clauses.append(f"{name}{got} {takes}")
    return "; ".join(dict.fromkeys(clauses)) + "."
