"""Every setting: how it is read, and that a wrong value is one sentence that gives nothing away."""

import math
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from footy.errors import ConfigError
from footy.settings import (
    CREDENTIALS,
    DEFAULT_BASE_URL,
    SECRET_MOST_BYTES,
    Mode,
    Settings,
    load,
    secret_files,
    variables,
)
from footy.telemetry.redaction import Redactor
from footy.thesports.endpoints import ENDPOINTS, RateLimit
from tests.support.oracle import ORDER

NOWHERE = Path("no such folder/.env")
SECRET = "0123456789abcdef"
LIVE = {"THESPORTS_USER": "me", "THESPORTS_SECRET": SECRET}

DEFAULTS: dict[str, Any] = {
    "THESPORTS_USER": None,
    "THESPORTS_SECRET": None,
    "FOOTY_MODE": Mode.AUTO,
    "FOOTY_BASE_URL": DEFAULT_BASE_URL,
    "FOOTY_PROXY": None,
    "FOOTY_PUSH": "off",
    "FOOTY_PUSH_URL": "wss://mq.thesports.com:443/mqtt",
    "FOOTY_CA_BUNDLE": None,
    "FOOTY_DATA_DIR": Path("var"),
    "FOOTY_INTERVAL": 60,
    "FOOTY_WORKERS": 30,
    "FOOTY_TIMEOUT": 10,
    "FOOTY_ATTEMPTS": 3,
    "FOOTY_BACKOFF": 1,
    "FOOTY_TTL_TEAM": 86_400,
    "FOOTY_TTL_COMPETITION": 86_400,
    "FOOTY_TTL_COUNTRY": 86_400,
    "FOOTY_PREFETCH": "on",
    "FOOTY_RATE_LIMITS": {},
    "FOOTY_FALLBACK": ("stale",),
    "FOOTY_EVENTS": "on",
    "FOOTY_PRICE_EVENTS": "on",
    "FOOTY_PRICE_STEP": 5,
    "FOOTY_SETTLE": 0,
    "FOOTY_SOURCE": "urn:footy:live",
    "FOOTY_JSONL": "off",
    "FOOTY_ALERTS": None,
    "FOOTY_MQTT": None,
    "FOOTY_MQTT_USER": None,
    "FOOTY_MQTT_PASSWORD": None,
    "FOOTY_HISTORY_DAYS": 90,
    "FOOTY_HISTORY_SIZE": 4_000_000_000,
    "FOOTY_STATUSES": (2, 3, 4, 5, 6, 7),
    "FOOTY_COMPETITIONS": (),
    "FOOTY_COUNTRIES": (),
    "FOOTY_TIMEZONE": "America/New_York",
    "FOOTY_BOOKMAKERS": ORDER,
    "FOOTY_EARLY_WINDOW": (2, 6),
    "FOOTY_PRICE_MAX_AGE": 900,
    "FOOTY_ODDS_FORMAT": "american",
    "FOOTY_LOG_LEVEL": "INFO",
    "FOOTY_LOG_FORMAT": "text",
    "FOOTY_LOG_BACKUPS": 7,
    "FOOTY_STRATEGY": "delta",
    "FOOTY_CYCLE_WARNING": 1 / 4,
    "FOOTY_CYCLE_CRITICAL": 3 / 4,
    "FOOTY_ENRICH_WARNING": 8 / 60,
    "FOOTY_ENRICH_CRITICAL": 1 / 2,
    "FOOTY_SLEEP_WARNING": 3 / 4,
    "FOOTY_SLEEP_CRITICAL": 1 / 4,
    "FOOTY_ERRORS_WARNING": 5 / 100,
    "FOOTY_ERRORS_CRITICAL": 20 / 100,
    "FOOTY_HTTP_HOST": "127.0.0.1",
    "FOOTY_HTTP_PORT": 8099,
    "FOOTY_HTTP_HOSTS": (),
    "FOOTY_HTTP_TOKEN": None,
    "FOOTY_STORE": None,
    "FOOTY_LEASE": "footy",
    "FOOTY_LEASE_TTL": 10,
    "PGPASSFILE": None,
}
GOOD: list[tuple[str, str, Any]] = [
    ("THESPORTS_USER", "me", "me"),
    ("FOOTY_MODE", "live", Mode.LIVE),
    ("FOOTY_MODE", "demo", Mode.DEMO),
    ("FOOTY_BASE_URL", "http://127.0.0.1:8080/v1/football/", "http://127.0.0.1:8080/v1/football"),
    ("FOOTY_BASE_URL", "https://vendor.example", "https://vendor.example"),
    ("FOOTY_BASE_URL", "http://[::1]:80/x", "http://[::1]:80/x"),
    ("FOOTY_PROXY", "http://10.0.0.1:3128", "http://10.0.0.1:3128"),
    ("FOOTY_PROXY", "https://me:p%40ss@proxy.example/", "https://me:p%40ss@proxy.example/"),
    ("FOOTY_PROXY", " ", None),
    ("FOOTY_PUSH", "on", "on"),
    ("FOOTY_MQTT", "mqtts://h.example", "mqtts://h.example"),
    ("FOOTY_MQTT", " ", None),
    ("FOOTY_MQTT_USER", "me", "me"),
    ("FOOTY_PUSH_URL", "wss://h.example/mqtt", "wss://h.example/mqtt"),
    ("FOOTY_PUSH_URL", "ws://127.0.0.1:9001/mqtt", "ws://127.0.0.1:9001/mqtt"),
    ("FOOTY_PUSH_URL", "ws://[::1]:9001", "ws://[::1]:9001"),
    ("FOOTY_CA_BUNDLE", "/etc/ca.pem", Path("/etc/ca.pem")),
    ("FOOTY_DATA_DIR", "a folder/with spaces", Path("a folder/with spaces")),
    ("FOOTY_INTERVAL", "2.5", 2.5),
    ("FOOTY_INTERVAL", " 30 ", 30),
    ("FOOTY_WORKERS", "1", 1),
    ("FOOTY_TIMEOUT", "0.3", 0.3),
    ("FOOTY_ATTEMPTS", "10", 10),
    ("FOOTY_BACKOFF", "0", 0),
    ("FOOTY_TTL_TEAM", "60", 60),
    ("FOOTY_TTL_COMPETITION", "60", 60),
    ("FOOTY_TTL_COUNTRY", "60", 60),
    ("FOOTY_PREFETCH", "off", "off"),
    ("FOOTY_RATE_LIMITS", "off", None),
    ("FOOTY_RATE_LIMITS", "OFF", None),
    ("FOOTY_RATE_LIMITS", "odds/history=120/60", {"odds/history": RateLimit(120, 60)}),
    (
        "FOOTY_RATE_LIMITS",
        " odds/history = 5 / 1.5 ,match/recent/list=10/60,",
        {"odds/history": RateLimit(5, 1.5), "match/recent/list": RateLimit(10, 60)},
    ),
    ("FOOTY_FALLBACK", "stale, mock", ("stale", "mock")),
    ("FOOTY_STRATEGY", "per-match", "per-match"),
    ("FOOTY_EVENTS", "off", "off"),
    ("FOOTY_PRICE_EVENTS", "corners", "corners"),
    ("FOOTY_PRICE_STEP", "0.5", 0.5),
    ("FOOTY_SETTLE", "20", 20),
    ("FOOTY_SOURCE", "https://example.com/feeds/a?x=1", "https://example.com/feeds/a?x=1"),
    ("FOOTY_JSONL", "on", "on"),
    ("FOOTY_ALERTS", "/etc/footy/alerts.toml", Path("/etc/footy/alerts.toml")),
    ("FOOTY_HISTORY_DAYS", "0.5", 0.5),
    ("FOOTY_HISTORY_SIZE", " 1.5gb ", 1_500_000_000),
    ("FOOTY_HISTORY_SIZE", "10 MB", 10_000_000),
    ("FOOTY_STATUSES", "2,4", (2, 4)),
    ("FOOTY_COMPETITIONS", "Premier League, , abc", ("Premier League", "abc")),
    ("FOOTY_COUNTRIES", "England", ("England",)),
    ("FOOTY_TIMEZONE", "UTC", "UTC"),
    ("FOOTY_BOOKMAKERS", "22, 2", (22, 2)),
    ("FOOTY_EARLY_WINDOW", " 0 - 90 ", (0, 90)),
    ("FOOTY_EARLY_WINDOW", "3-3", (3, 3)),
    ("FOOTY_PRICE_MAX_AGE", "60", 60),
    ("FOOTY_ODDS_FORMAT", "hongkong", "hongkong"),
    ("FOOTY_LOG_LEVEL", "debug", "DEBUG"),
    ("FOOTY_LOG_FORMAT", "json", "json"),
    ("FOOTY_LOG_BACKUPS", "0", 0),
    ("FOOTY_HTTP_HOST", "localhost", "localhost"),
    ("FOOTY_HTTP_HOST", "::1", "::1"),
    ("FOOTY_HTTP_PORT", "0", 0),
    ("FOOTY_HTTP_HOSTS", "Footy.example, [fe80::1]", ("footy.example", "[fe80::1]")),
    ("FOOTY_HTTP_TOKEN", " ", None),
    ("FOOTY_STORE", " ", None),
    ("FOOTY_STORE", "postgres://a,b/footy?x=1", SecretStr("postgres://a,b/footy?x=1")),
    ("FOOTY_LEASE", "handball_2", "handball_2"),
    ("FOOTY_LEASE_TTL", "1.5", 1.5),
    ("PGPASSFILE", "/etc/footy/pgpass", Path("/etc/footy/pgpass")),
]
WHOLE, NUMBER = " but takes a whole number.", " but takes a number."
LIST = " but takes whole numbers separated by commas, such as 2,3,4."
PAIRS = " but takes off, or endpoint=calls/seconds pairs such as odds/history=120/60."
URL = " but takes an address such as https://host/path, without a query."
BROKER = " but takes an address such as mqtts://host:8883, without credentials and query."
PUSH = " but takes an address such as wss://host:443/mqtt, without credentials and query."
UNENCRYPTED = " but takes a wss: address: the secret is its password, and ws: would send it unencrypted."
PROXY = " but takes the address of an HTTP proxy, such as http://10.0.0.1:3128."
SOURCE = " but takes a URI, such as urn:footy:live."
SIZE = " but takes a size from 10 MB up, such as 500 MB or 4 GB."
ADDRESS = " but takes an IP address of this machine, such as 127.0.0.1 or 0.0.0.0."
HOSTS = " but takes host names without scheme and port, such as footy.example."
TOKEN = " takes at least 16 printable characters."
STORE = (
    " takes an address such as postgresql://footy@db.example:5432/footy, "
    "with special characters of a password as %XX."
)
LEASE = " but takes a name of lower-case letters, digits and _ such as footy."
WINDOW = " but takes two minutes, the first not after the second, such as 2-6."
BAD: list[tuple[str, str, str]] = [
    ("FOOTY_MODE", "Live", " is 'Live' but takes 'auto', 'live' or 'demo'."),
    *(
        ("FOOTY_BASE_URL", url, f" is {url!r}{URL}")
        for url in ("vendor.example", "ftp://x", "http://", "http:///x")
    ),
    *(("FOOTY_BASE_URL", url, f" is {url!r}{URL}") for url in ("http://h:x", "http://h:99999", "http://h:0")),
    *(
        ("FOOTY_BASE_URL", url, f" is {url!r}{URL}")
        for url in ("http://[::1", "http://a b", "http://h/#x", "http://é")
    ),
    ("FOOTY_BASE_URL", "http://a..b", f" is 'http://a..b'{URL}"),
    ("FOOTY_BASE_URL", "http://h/x?secret=abc", f" is 'http://h/x?***'{URL}"),
    ("FOOTY_BASE_URL", "http://me:abc@h", f" is 'http://***@h'{URL}"),
    ("FOOTY_MQTT", "h.example", f" is 'h.example'{BROKER}"),
    ("FOOTY_MQTT", "http://h", f" is 'http://h'{BROKER}"),
    ("FOOTY_MQTT", "mqtt://h:0", f" is 'mqtt://h:0'{BROKER}"),
    ("FOOTY_MQTT", "mqtt://h:x", f" is 'mqtt://h:x'{BROKER}"),
    ("FOOTY_MQTT", "mqtt://me:abc@h", f" is 'mqtt://***@h'{BROKER}"),
    ("FOOTY_PUSH", "yes", " is 'yes' but takes 'off' or 'on'."),
    ("FOOTY_PUSH_URL", "mq.example", f" is 'mq.example'{PUSH}"),
    ("FOOTY_PUSH_URL", "https://h", f" is 'https://h'{PUSH}"),
    ("FOOTY_PUSH_URL", "wss://h:0/mqtt", f" is 'wss://h:0/mqtt'{PUSH}"),
    ("FOOTY_PUSH_URL", "wss://h:x/mqtt", f" is 'wss://h:x/mqtt'{PUSH}"),
    ("FOOTY_PUSH_URL", "wss://me:abc@h/mqtt", f" is 'wss://***@h/mqtt'{PUSH}"),
    ("FOOTY_PUSH_URL", "ws://h.example", f" is 'ws://h.example'{UNENCRYPTED}"),
    ("FOOTY_PROXY", "10.0.0.1:3128", f" is '10.0.0.1:3128'{PROXY}"),
    ("FOOTY_PROXY", "socks5://h:1", f" is 'socks5://h:1'{PROXY}"),
    ("FOOTY_PROXY", "http://h:1/path", f" is 'http://h:1/path'{PROXY}"),
    ("FOOTY_PROXY", "http://me:p@ss@h:x", f" is 'http://***@h:x'{PROXY}"),
    ("FOOTY_PROXY", "http://me:%E4%B8%AD@h", f" is 'http://***@h'{PROXY}"),
    ("FOOTY_INTERVAL", "1", " is '1' but takes a number greater than or equal to 2."),
    ("FOOTY_INTERVAL", "3601", " is '3601' but takes a number less than or equal to 3600."),
    ("FOOTY_INTERVAL", "60s", f" is '60s'{NUMBER}"),
    ("FOOTY_INTERVAL", "nan", " is 'nan' but takes a finite number."),
    ("FOOTY_WORKERS", "0", " is '0' but takes a number greater than or equal to 1."),
    ("FOOTY_WORKERS", "1.5", f" is '1.5'{WHOLE}"),
    ("FOOTY_TIMEOUT", "0", " is '0' but takes a number greater than 0."),
    ("FOOTY_ATTEMPTS", "11", " is '11' but takes a number less than or equal to 10."),
    ("FOOTY_BACKOFF", "-1", " is '-1' but takes a number greater than or equal to 0."),
    ("FOOTY_TTL_TEAM", "0", " is '0' but takes a number greater than 0."),
    ("FOOTY_TTL_COMPETITION", "x", f" is 'x'{NUMBER}"),
    ("FOOTY_PREFETCH", "yes", " is 'yes' but takes 'on' or 'off'."),
    ("FOOTY_TTL_COUNTRY", "1e99", " is '1e99' but takes a number less than or equal to 2592000."),
    *(
        ("FOOTY_RATE_LIMITS", text, f" is {text!r}{PAIRS}")
        for text in ("on", "odds=1", "odds=0/6", "odds=1/0")
    ),
    (
        "FOOTY_RATE_LIMITS",
        "odds/histroy=600/60",
        " is 'odds/histroy=600/60' but odds/histroy is not an endpoint: the nearest is odds/history.",
    ),
    (
        "FOOTY_RATE_LIMITS",
        "deleted=1/1,xyz=1/1",
        f" is 'deleted=1/1,xyz=1/1' but xyz is not an endpoint: there are {', '.join(ENDPOINTS)}.",
    ),
    ("FOOTY_RATE_LIMITS", "odds=" + 5000 * "9" + "/1", f" is a text of 5007 characters{PAIRS}"),
    *(
        ("FOOTY_FALLBACK", text, f" is {text!r} but takes stale, or stale,mock.")
        for text in ("mock", "stale,x", ",")
    ),
    ("FOOTY_STRATEGY", "all", " is 'all' but takes 'delta' or 'per-match'."),
    ("FOOTY_EVENTS", "yes", " is 'yes' but takes 'on' or 'off'."),
    ("FOOTY_PRICE_EVENTS", "all", " is 'all' but takes 'off', 'on' or 'corners'."),
    ("FOOTY_PRICE_STEP", "0", " is '0' but takes a number greater than 0."),
    ("FOOTY_SETTLE", "-1", " is '-1' but takes a number greater than or equal to 0."),
    *(("FOOTY_SOURCE", text, f" is {text!r}{SOURCE}") for text in ("a b", 'a"b', "é")),
    ("FOOTY_JSONL", "yes", " is 'yes' but takes 'off' or 'on'."),
    ("FOOTY_LEASE_TTL", "0", " is '0' but takes a number greater than or equal to 1."),
    ("FOOTY_HISTORY_DAYS", "0", " is '0' but takes a number greater than 0."),
    *(("FOOTY_HISTORY_SIZE", text, f" is {text!r}{SIZE}") for text in ("4", "4 TB", "9 MB", "GB")),
    *(("FOOTY_STATUSES", text, f" is {text!r}{LIST}") for text in ("x", "2;3", "-1", "²", "2,3,x")),
    ("FOOTY_BOOKMAKERS", "Bet365", f" is 'Bet365'{LIST}"),
    (
        "FOOTY_TIMEZONE",
        "America/New_Yrok",
        " is 'America/New_Yrok' but takes the name of a time zone, such as America/New_York or UTC.",
    ),
    *(("FOOTY_EARLY_WINDOW", text, f" is {text!r}{WINDOW}") for text in ("6-2", "2", "2-6-8", "2–6")),
    ("FOOTY_PRICE_MAX_AGE", "0", " is '0' but takes a number greater than 0."),
    ("FOOTY_ODDS_FORMAT", "uk", " is 'uk' but takes 'american', 'decimal' or 'hongkong'."),
    (
        "FOOTY_LOG_LEVEL",
        "loud",
        " is 'LOUD' but takes 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'.",
    ),
    ("FOOTY_LOG_FORMAT", "xml", " is 'xml' but takes 'text' or 'json'."),
    ("FOOTY_LOG_BACKUPS", "-1", " is '-1' but takes a number greater than or equal to 0."),
    ("FOOTY_HTTP_HOST", "here", f" is 'here'{ADDRESS}"),
    ("FOOTY_HTTP_PORT", "70000", " is '70000' but takes a number less than or equal to 65535."),
    ("FOOTY_HTTP_HOSTS", "a:80", f" is 'a:80'{HOSTS}"),
    *(
        ("FOOTY_HTTP_TOKEN", text, TOKEN)
        for text in ("short", "sixteen\tof these!!", "sixteen of these \udcff")
    ),
    *(
        ("FOOTY_STORE", text, STORE)
        for text in (
            "db.example",
            "mysql://me:secret@h/d",
            "postgresql://",
            "postgresql://h/d#x",
            "postgresql://h:port/d",
            *(f"postgresql://me:2026{sign}secret@h/d" for sign in "@/?#[]"),
            "postgresql://[",
        )
    ),
    *(("FOOTY_LEASE", text, f" is {text!r}{LEASE}") for text in ("Footy", "pg_x", "1st", "a-b")),
    *(
        (name, "1", " is '1' but takes a number less than 1.")
        for name in variables()
        if name.endswith("_WARNING")
    ),
    *((name, "5%", f" is '5%'{NUMBER}") for name in variables() if name.endswith("_CRITICAL")),
]


def read(environ: dict[str, str] | None = None, env_file: Path = NOWHERE) -> Settings:
    return load(environ or {}, env_file).settings


def value_of(settings: Settings, name: str) -> Any:
    (field,) = (field for field, told in Settings.model_fields.items() if told.alias == name)
    return getattr(settings, field)


def complaint(environ: dict[str, str], env_file: Path = NOWHERE) -> str:
    with pytest.raises(ConfigError) as error:
        load(environ, env_file)
    assert error.value.exit_code == 78
    shown = error.value.__context__ is not None and not error.value.__suppress_context__
    assert not shown, "pydantic's own error repeats every value"
    return str(error.value)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


class TestValues:
    def test_every_setting_has_its_default(self) -> None:
        assert sorted(DEFAULTS) == sorted(variables())
        settings = read()
        for name, expected in DEFAULTS.items():
            found = value_of(settings, name)
            assert found == expected or math.isclose(found, expected, abs_tol=1e-4), name

    @pytest.mark.parametrize(("name", "text", "expected"), GOOD)
    def test_a_good_value_is_read(self, name: str, text: str, expected: Any, env_file: Path) -> None:
        assert value_of(read({name: text}), name) == expected
        env_file.write_text(f"{name}='{text}'\n")
        assert value_of(read(env_file=env_file), name) == expected

    @pytest.mark.parametrize(("name", "text", "sentence"), BAD)
    def test_a_wrong_value_is_one_sentence(self, name: str, text: str, sentence: str) -> None:
        assert complaint({name: text}) == name + sentence

    def test_every_setting_that_can_be_wrong_is_tried(self) -> None:
        takes_any = {
            "FOOTY_ALERTS",
            "FOOTY_CA_BUNDLE",
            "FOOTY_DATA_DIR",
            "FOOTY_COMPETITIONS",
            "FOOTY_COUNTRIES",
            "FOOTY_MQTT_PASSWORD",
            "FOOTY_MQTT_USER",
            "PGPASSFILE",
            "THESPORTS_USER",
        }
        assert {name for name, _, _ in BAD} | takes_any | {"THESPORTS_SECRET"} == {*variables()}

    def test_what_others_can_reach_needs_a_token(self) -> None:
        said = complaint({"FOOTY_HTTP_HOST": "0.0.0.0"})
        assert said.startswith(
            "FOOTY_HTTP_HOST is 0.0.0.0, which others can reach, but FOOTY_HTTP_TOKEN is not"
        )
        assert read({"FOOTY_HTTP_HOST": "0.0.0.0", "FOOTY_HTTP_PORT": "0"}).http_port == 0
        token = read({"FOOTY_HTTP_HOST": "::", "FOOTY_HTTP_TOKEN": SECRET}).http_token_text()
        assert token == SECRET
        assert token in read({"FOOTY_HTTP_TOKEN": SECRET}).secrets()

    def test_several_wrong_values_are_still_one_sentence(self) -> None:
        assert complaint({"FOOTY_WORKERS": "x", "FOOTY_MODE": "y"}) == (
            "FOOTY_MODE is 'y' but takes 'auto', 'live' or 'demo'; FOOTY_WORKERS is 'x'" + WHOLE
        )

    @pytest.mark.parametrize("name", DEFAULTS)
    @pytest.mark.parametrize("empty", ["", "  "])
    def test_empty_is_unset(self, name: str, empty: str) -> None:
        assert value_of(read({name: empty}), name) == value_of(read(), name)

    @given(st.sampled_from(sorted(DEFAULTS)), st.text(st.characters(exclude_characters="\x00")))
    def test_no_value_is_a_bug(self, name: str, text: str) -> None:
        try:
            read({name: text})
        except ConfigError as error:
            assert str(error).startswith(name)  # noqa: PT017 - some texts are good values

    def test_a_value_that_is_no_text_is_a_sentence(self) -> None:
        assert complaint({"THESPORTS_SECRET": "\udcff" * 20}).startswith("THESPORTS_SECRET takes")


class TestSecret:
    def test_it_is_masked_in_every_repr(self) -> None:
        settings = read(LIVE)
        assert SECRET not in f"{settings!r} {settings} {settings.model_dump()} {settings.secret!r}"
        assert settings.secret_text() == SECRET

    @pytest.mark.parametrize(
        ("environ", "warning", "critical"),
        [
            ({"FOOTY_CYCLE_WARNING": "0.9"}, "0.9", "above FOOTY_CYCLE_CRITICAL, which is 0.75"),
            ({"FOOTY_ENRICH_CRITICAL": "0.1"}, "0.1333", "above FOOTY_ENRICH_CRITICAL, which is 0.1"),
            ({"FOOTY_ERRORS_WARNING": "0.3", **LIVE}, "0.3", "above FOOTY_ERRORS_CRITICAL, which is 0.2"),
            ({"FOOTY_SLEEP_WARNING": "0.2"}, "0.2", "below FOOTY_SLEEP_CRITICAL, which is 0.25"),
        ],
    )
    def test_a_warning_that_is_worse_than_critical_names_both(
        self, environ: dict[str, str], warning: str, critical: str
    ) -> None:
        name = critical.split(" ")[1].rstrip(",").replace("CRITICAL", "WARNING")
        assert complaint(environ) == f"{name} is {warning} but takes a number that is not {critical}."

    def test_a_warning_may_be_as_bad_as_critical(self) -> None:
        assert read({"FOOTY_CYCLE_WARNING": "0.75"}).cycle_warning == 0.75

    @pytest.mark.parametrize("short", ["x", "1234567"])
    def test_one_under_eight_characters_is_refused_and_not_repeated(self, short: str) -> None:
        said = complaint({"THESPORTS_SECRET": short})
        assert said == "THESPORTS_SECRET takes at least 8 characters; check that it was copied whole."

    @pytest.mark.parametrize("secret", ["12345678", "a\"b'c\\d%e f", "${HOME}#x$y`z", "\ttabs and spaces "])
    def test_it_is_taken_as_it_is(self, secret: str, env_file: Path) -> None:
        assert read({"THESPORTS_SECRET": secret}).secret_text() == secret
        quoted = secret.replace("\\", "\\\\").replace("'", "\\'")
        env_file.write_text(f"THESPORTS_SECRET='{quoted}'\n")
        assert read(env_file=env_file).secret_text() == secret

    @pytest.mark.parametrize("name", [name for name in DEFAULTS if name != "THESPORTS_USER"])
    @pytest.mark.parametrize(
        "secret", [SECRET, "0123456z", "simulated-secret", "Aa0/bB1+cC2=dD3", "mostlyletters1"]
    )
    def test_in_the_place_of_another_setting_it_is_not_repeated(self, name: str, secret: str) -> None:
        environ = {**LIVE, name: secret}
        try:
            load(environ, NOWHERE)
        except ConfigError as error:
            said = str(error)
        else:
            return
        pieces = [secret[start : start + 8] for start in range(len(secret) - 7)]
        assert not [piece for piece in pieces if piece in said], said

    @pytest.mark.parametrize("name", ["FOOTY_BASE_URL", "FOOTY_TIMEZONE", "FOOTY_RATE_LIMITS"])
    def test_known_as_the_secret_it_is_found_in_any_other_value(self, name: str) -> None:
        said = complaint({"THESPORTS_SECRET": "some/secret", name: "odds=//some/secret"})
        assert "e/secret" not in said

    @pytest.mark.parametrize(
        ("proxy", "passwords"),
        [
            ("http://me:long%20password@h:1", ["long password", "long%20password"]),
            ("http://me:short@h:1", ["me:short@"]),
            ("http://me@h:1", []),
            ("http://h:1", []),
        ],
    )
    def test_the_proxys_password_is_one_too(self, proxy: str, passwords: list[str]) -> None:
        settings = read({**LIVE, "FOOTY_PROXY": proxy})
        assert set(settings.secrets()) >= {SECRET, *passwords}
        assert proxy not in repr(settings)
        redact = Redactor(settings.secrets())
        assert redact(f"asked through {proxy}, {SECRET}").endswith(", ***")
        for password in passwords:
            sent = b64encode(f"me:{password.replace('%20', ' ')}".encode()).decode()
            assert password not in redact(f"{proxy} {password}")
            assert password.startswith("me:") or sent not in redact(f"Proxy-Authorization: Basic {sent}")

    @pytest.mark.parametrize(
        ("url", "passwords"),
        [
            ("postgresql://me:long%20password@h:1/d", ["long%20password", "long password"]),
            ("postgresql://h/d?user=me&password=long-password", ["long-password"]),
            ("postgresql://me:short@h/d", ["me:short@"]),
        ],
    )
    def test_the_stores_password_is_one_too(self, url: str, passwords: list[str]) -> None:
        settings = read({"FOOTY_STORE": url})
        assert set(settings.secrets()) >= {url, *passwords}
        redact = Redactor(settings.secrets())
        assert not any(one in redact(f"{url} {' '.join(passwords)}") for one in passwords)
        assert url not in f"{settings!r}"

    def test_without_any_there_is_none(self) -> None:
        assert read().secrets() == ()


ADVICE = "make it a readable text file that holds the secret and nothing else."
GOOD_SECRETS = {
    "FOOTY_PROXY": "http://me:pass%20word@h:1",
    "FOOTY_STORE": "postgresql://me:pass%20word@h:1/footy",
}
"""A value that is right, of the secrets that are not any text of 8 characters."""


@pytest.mark.parametrize(("variable", "name"), secret_files().items())
class TestSecretInAFile:
    """Of every setting that holds a secret: `NAME_FILE`, and systemd's credentials."""

    @pytest.fixture
    def secret(self, name: str) -> str:
        return GOOD_SECRETS.get(name, "k\"7'q\\n%41 &+=?#/é✓<hQ9")

    @pytest.fixture
    def file(self, tmp_path: Path, secret: str) -> Path:
        file = tmp_path / "the secret"
        file.write_text(secret, encoding="utf-8")
        return file

    @staticmethod
    def text_of(settings: Settings, name: str) -> object:
        value = value_of(settings, name)
        return value.get_secret_value() if isinstance(value, SecretStr) else value

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_it_is_read_without_the_end_of_its_line(
        self, variable: str, name: str, secret: str, file: Path, env_file: Path, end: str
    ) -> None:
        file.write_bytes(f"{secret}{end}".encode())
        env_file.write_text(f"{variable}='{file}'\n")
        for settings in (read({variable: str(file)}), read(env_file=env_file)):
            assert self.text_of(settings, name) == secret
            assert secret not in repr(settings)

    def test_it_is_redacted_as_if_it_had_been_set(
        self, variable: str, name: str, secret: str, file: Path
    ) -> None:
        assert read({variable: str(file)}).secrets() == read({name: secret}).secrets() != ()

    def test_a_credential_of_the_unit_is_read(
        self, variable: str, name: str, secret: str, file: Path
    ) -> None:
        file.rename(file.with_name(name))
        assert self.text_of(read({CREDENTIALS: str(file.parent)}), name) == secret
        assert variable not in {*variables()}

    def test_other_credentials_of_the_unit_are_none_of_ours(
        self, variable: str, name: str, secret: str, file: Path
    ) -> None:
        file.rename(file.with_name(name.lower()))
        assert read({CREDENTIALS: str(file.parent)}) == read()
        assert secret != variable

    def test_two_ways_at_once_are_a_conflict_that_names_both(
        self, variable: str, name: str, secret: str, file: Path, env_file: Path
    ) -> None:
        credentials = file.with_name("credentials")
        credentials.mkdir()
        (credentials / name).write_text(secret, encoding="utf-8")
        unit = {CREDENTIALS: str(credentials)}
        env_file.write_text(f"{name}='{'x' * 8}'\n")
        end = "are set together: keep one of them."
        for environ, both in (
            ({variable: str(file), name: secret}, f"{name} and {variable}"),
            ({**unit, name: secret}, f"{name} and the unit's credential {name}"),
            ({**unit, variable: str(file)}, f"{variable} and the unit's credential {name}"),
        ):
            assert complaint(environ) == f"{both} {end}"
        assert complaint({variable: str(file)}, env_file) == f"{name} and {variable} {end}"

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "is empty"),
            (b" \n", "is empty"),
            (b"\xff\xfe12345678", "cannot be read (it is not UTF-8 text)"),
            (b"x" * (SECRET_MOST_BYTES + 1), f"is larger than {SECRET_MOST_BYTES} bytes"),
        ],
    )
    def test_one_that_holds_no_secret_is_one_sentence(
        self, variable: str, name: str, file: Path, content: bytes, why: str
    ) -> None:
        file.write_bytes(content)
        assert complaint({variable: str(file)}) == f"{variable}: {file} {why}: {ADVICE}"
        file.rename(file.with_name(name))
        said = complaint({CREDENTIALS: str(file.parent)})
        assert said == f"the unit's credential {name}: {file.with_name(name)} {why}: {ADVICE}"

    def test_one_that_cannot_be_read_is_one_sentence(
        self, variable: str, name: str, tmp_path: Path, env_file: Path
    ) -> None:
        for path, why in (
            (tmp_path / "gone", "No such file or directory"),
            (tmp_path, "Is a directory"),
            (Path("~nobody-of-this-name/x"), "Could not determine home directory."),
        ):
            assert complaint({variable: str(path)}) == f"{variable}: {path} cannot be read ({why}): {ADVICE}"
        env_file.write_text(f"{variable}=/gone\n")
        assert complaint({name: ""}, env_file).startswith(f"{variable}: /gone cannot be read")

    def test_a_secret_in_place_of_the_name_of_its_file_is_not_repeated(
        self, variable: str, name: str, secret: str
    ) -> None:
        for wrong in (secret, "postgresql://me:a-password@db.example/footy", "y" * 300):
            said = complaint({variable: wrong})
            assert said.startswith(f"{variable}: the file that it names cannot be read (")
            assert name in variable

    def test_an_empty_name_is_none(self, variable: str, name: str) -> None:
        assert read({variable: " ", CREDENTIALS: ""}) == read()
        assert name in {*variables()}

    def test_one_that_cannot_be_read_keeps_nobody_from_the_instance(self, variable: str, name: str) -> None:
        loaded = load({"THESPORTS_USER": "me", variable: "/gone"}, NOWHERE, only_where=True)
        assert loaded.settings.observed_mode() is Mode.LIVE
        [warning] = loaded.warnings
        assert warning.startswith(f"{variable}: /gone cannot be read")
        assert warning.endswith("; footy would not start with that.")
        assert self.text_of(loaded.settings, name) is None

    def test_its_name_misspelt_is_told(self, variable: str, name: str) -> None:
        (said,) = load({f"{variable}S": "/x"}, NOWHERE).warnings
        assert said.endswith((f"did you mean {variable}?", f"did you mean {name}?"))


def test_a_secret_in_a_file_that_is_too_short_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("short\n")
    said = complaint({"THESPORTS_SECRET_FILE": str(tmp_path / "secret")})
    assert said == "THESPORTS_SECRET takes at least 8 characters; check that it was copied whole."


class TestEnvFile:
    def test_flags_come_over_the_environment_over_the_file(self, env_file: Path) -> None:
        env_file.write_text("FOOTY_WORKERS=1\nFOOTY_ATTEMPTS=1\nFOOTY_BACKOFF=1\n")
        found = load({"FOOTY_ATTEMPTS": "2", "FOOTY_BACKOFF": "2"}, env_file, {"FOOTY_BACKOFF": "3"}).settings
        assert (found.workers, found.attempts, found.backoff) == (1, 2, 3)

    def test_one_that_is_not_there_is_empty(self, env_file: Path) -> None:
        assert read(env_file=env_file) == read()

    @pytest.mark.parametrize("start", ["", "\ufeff", "# a comment\n\n", "export "])
    def test_it_may_begin_in_many_ways(self, env_file: Path, start: str) -> None:
        env_file.write_text(f'{start}FOOTY_WORKERS="5" # five\r\nFOOTY_ATTEMPTS = 4\r\n', encoding="utf-8")
        found = load({}, env_file)
        assert (found.settings.workers, found.settings.attempts) == (5, 4)
        assert found.warnings == ()

    @pytest.mark.parametrize(
        "line", ["FOOTY_WORKERS 5", "FOOTY_WORKERS: 5", 'FOOTY_WORKERS="5', "FOOTY_WORKERS"]
    )
    def test_a_line_that_sets_nothing_is_named_and_not_repeated(self, env_file: Path, line: str) -> None:
        env_file.write_text(f"# a comment\n\n{line}\nFOOTY_ATTEMPTS=4\n")
        found = load({}, env_file)
        assert (found.settings.workers, found.settings.attempts) == (30, 4)
        assert found.warnings == (f"line 3 of {env_file} is not NAME=value, and is ignored",)

    def test_a_value_is_not_filled_in_from_another(self, env_file: Path) -> None:
        env_file.write_text("FOOTY_COUNTRIES=${HOME}\n")
        assert read(env_file=env_file).countries == ("${HOME}",)

    def test_a_directory_in_its_place_is_one_sentence(self, env_file: Path) -> None:
        env_file.mkdir()
        assert complaint({}, env_file) == (
            f"{env_file} is not a file: make it a readable text file of NAME=value lines, or remove it."
        )

    @pytest.mark.parametrize("content", [b"\xff\xfeF\x00", b"THESPORTS_SECRET=\xe4\xf6\xfc\n"])
    def test_one_that_is_no_text_is_one_sentence_without_its_content(
        self, env_file: Path, content: bytes
    ) -> None:
        env_file.write_bytes(content)
        assert complaint({}, env_file) == (
            f"{env_file} cannot be read (it is not UTF-8 text): "
            "make it a readable text file of NAME=value lines, or remove it."
        )

    def test_one_that_leads_nowhere_is_one_sentence(self, env_file: Path) -> None:
        env_file.symlink_to(env_file.with_name("gone"))
        assert "is not a file" in complaint({}, env_file)

    def test_one_that_cannot_be_opened_is_one_sentence(
        self, env_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        env_file.touch()

        def refuse(*_: object, **__: object) -> str:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_text", refuse)
        assert "cannot be read (Permission denied): make it" in complaint({}, env_file)
        monkeypatch.setattr(Path, "exists", refuse)
        assert "cannot be read (Permission denied): make it" in complaint({}, env_file)


class TestMisspelt:
    def test_a_name_in_the_environment_is_told_with_the_nearest(self) -> None:
        (said,) = load({"FOOTY_WORKER": "5"}, NOWHERE).warnings
        assert said == (
            "The environment has FOOTY_WORKER, which footy does not know and ignores: "
            "did you mean FOOTY_WORKERS?"
        )

    def test_a_name_in_the_file_is_told_with_the_file(self, env_file: Path) -> None:
        env_file.write_text("THESPORT_SECRET=abc\nTHE_SPORTS_USER=me\nFOOTY_ZZZZZZZZZZZZ=1\nEDITOR=vi\n")
        said = load({"PATH": "/bin", "THE_SPORTS_USER_OF_ANOTHER": "x"}, env_file).warnings
        assert [line.split()[2].rstrip(",") for line in said] == [
            "FOOTY_ZZZZZZZZZZZZ",
            "THESPORT_SECRET",
            "THE_SPORTS_USER",
        ]
        assert "see docs/configuration.md" in said[0]
        assert "did you mean THESPORTS_SECRET?" in said[1]
        assert "did you mean THESPORTS_USER?" in said[2]
        assert all(str(env_file) in line for line in said)

    def test_what_is_known_is_not_told(self) -> None:
        assert load({**LIVE, "FOOTY_WORKERS": "5", "HOME": "/root"}, NOWHERE).warnings == ()

    def test_values_are_never_told(self, env_file: Path) -> None:
        env_file.write_text(f"THESPORTS_SECRETS={SECRET}\n{SECRET}\n")
        said = " ".join(load({"FOOTY_SECRET": SECRET}, env_file).warnings)
        assert "THESPORTS_SECRETS" in said
        assert SECRET not in said


class TestMode:
    def settings(self, folder: Path, **environ: str) -> Settings:
        return read({"FOOTY_DATA_DIR": str(folder), **environ})

    @pytest.mark.parametrize("mode", ["auto", "live"])
    def test_with_both_credentials_it_is_live(self, tmp_path: Path, mode: str) -> None:
        assert self.settings(tmp_path, FOOTY_MODE=mode, **LIVE).resolve_mode() is Mode.LIVE

    @pytest.mark.parametrize("mode", ["auto", "live"])
    @pytest.mark.parametrize("name", LIVE)
    def test_one_credential_alone_is_an_error(self, tmp_path: Path, mode: str, name: str) -> None:
        (other,) = set(LIVE) - {name}
        settings = self.settings(tmp_path, FOOTY_MODE=mode, **{name: LIVE[name]})
        with pytest.raises(ConfigError, match=f"^{other} is not set but the other credential is: set both"):
            settings.resolve_mode()

    def test_without_any_a_fresh_folder_is_the_demo(self, tmp_path: Path) -> None:
        assert self.settings(tmp_path / "fresh").resolve_mode() is Mode.DEMO

    @pytest.mark.parametrize("name", ["heartbeat.json", "matches.json", "cache.sqlite"])
    def test_without_any_a_folder_that_was_live_is_an_error(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        settings = self.settings(tmp_path)
        with pytest.raises(
            ConfigError, match=r"not set, but the data folder .* has been live: put them back"
        ):
            settings.resolve_mode()
        assert settings.observed_mode() is Mode.LIVE

    def test_a_folder_that_held_only_the_demo_was_not_live(self, tmp_path: Path) -> None:
        (tmp_path / "demo").mkdir()
        (tmp_path / "demo" / "matches.json").touch()
        (tmp_path / ".env").touch()
        assert self.settings(tmp_path).resolve_mode() is Mode.DEMO

    def test_live_without_credentials_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="FOOTY_MODE=live needs both"):
            self.settings(tmp_path, FOOTY_MODE="live").resolve_mode()

    @pytest.mark.parametrize(
        ("environ", "mode"),
        [
            ({"FOOTY_MODE": "demo"}, Mode.DEMO),
            (LIVE, Mode.LIVE),
            (LIVE | {"THESPORTS_SECRET": "cut"}, Mode.LIVE),
            ({}, Mode.DEMO),
        ],
    )
    def test_which_instance_is_meant_is_known_whatever_else_is_wrong(
        self, tmp_path: Path, environ: dict[str, str], mode: Mode
    ) -> None:
        wrong = {"FOOTY_DATA_DIR": str(tmp_path), "FOOTY_INTERVAL": "abc", **environ}
        with pytest.raises(ConfigError):
            load(wrong, NOWHERE)
        loaded = load(wrong, NOWHERE, only_where=True)
        assert loaded.settings.observed_mode() is mode
        assert loaded.settings.folder(Mode.LIVE) == tmp_path
        [warning] = loaded.warnings
        assert "FOOTY_INTERVAL is 'abc' but takes a number" in warning
        assert SECRET not in warning

    def test_demo_is_demo_whatever_there_is(self, tmp_path: Path) -> None:
        (tmp_path / "matches.json").touch()
        for environ in ({}, LIVE, {"THESPORTS_USER": "me"}):
            assert self.settings(tmp_path, FOOTY_MODE="demo", **environ).resolve_mode() is Mode.DEMO

    def test_the_demo_writes_into_a_folder_of_its_own(self, tmp_path: Path) -> None:
        settings = self.settings(tmp_path)
        assert settings.folder(Mode.LIVE) == tmp_path
        assert settings.folder(Mode.DEMO) == tmp_path / "demo"

    def test_a_relative_folder_is_taken_from_the_current_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert read().folder(Mode.LIVE) == tmp_path / "var"
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        assert self.settings(Path("~/x")).folder(Mode.LIVE) == tmp_path / "home" / "x"


@pytest.mark.parametrize("name", [name for name, value in DEFAULTS.items() if type(value) in {int, float}])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
def test_a_number_that_is_none_is_a_readable_sentence(name: str, value: str) -> None:
    said = complaint({name: value})

    assert said.startswith(f"{name} is '{value}' but takes a ")
    assert said.endswith(("a finite number.", "a whole number.", SIZE.removeprefix(" but takes ")))


@pytest.mark.parametrize("name", ["FOOTY_DATA_DIR", "FOOTY_CA_BUNDLE", "FOOTY_ALERTS", "PGPASSFILE"])
def test_a_path_that_the_system_does_not_take_is_a_readable_sentence(name: str) -> None:
    long = "x" * 300
    assert (
        complaint({name: long})
        == f"{name} is a text of 300 characters but takes a path that is not too long."
    )
    assert complaint({name: "va\0r"}).endswith("takes a path without a null character.")
    said = complaint({name: "~nobody-of-this-name/x"})
    assert said.startswith(name)
    assert said.endswith("takes a path; there is no home folder for its ~.")


def test_a_password_that_is_no_text_is_a_readable_sentence() -> None:
    assert complaint({"FOOTY_MQTT_PASSWORD": "\udcff" * 8}) == "FOOTY_MQTT_PASSWORD takes text in UTF-8."


def test_a_credential_left_commented_out_has_its_own_sentence(env_file: Path) -> None:
    env_file.write_text(f"#THESPORTS_USER=me\nTHESPORTS_SECRET={SECRET}\n")
    env_file.chmod(0o600)

    with pytest.raises(ConfigError) as error:
        read(env_file=env_file).resolve_mode()

    assert str(error.value) == "THESPORTS_USER is commented out in .env: remove the # before it."


@pytest.mark.parametrize(
    ("mode", "content", "is_warned"),
    [
        (0o644, f"THESPORTS_SECRET={SECRET}\n", True),
        (0o640, f"THESPORTS_SECRET={SECRET}\n", False),
        (0o600, f"THESPORTS_SECRET={SECRET}\n", False),
        (0o644, "FOOTY_INTERVAL=60\n", False),
        (0o644, "THESPORTS_SECRET=\n", False),
    ],
)
def test_a_secret_that_every_user_can_read_is_a_warning(
    env_file: Path, mode: int, content: str, is_warned: bool
) -> None:
    env_file.write_text(content)
    env_file.chmod(mode)

    warnings = load({}, env_file).warnings

    said = f"every user of this machine can read the secret in {env_file}: chmod 600 {env_file}"
    assert warnings == ((said,) if is_warned else ())
