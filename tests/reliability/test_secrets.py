"""A canary for a secret, at DEBUG, through all that can go wrong: no eight characters of it get out."""

import html
import json
import sqlite3
from base64 import b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote, quote_plus

import psutil
import pytest

from footy.service.app import VendorAccount, redactor
from footy.settings import load
from tests.support.harness import COMPETITION, DETAIL, LIVE, ODDS, TEAM
from tests.support.place import Finished, Place, family
from tests.support.simulators import start
from thesports_simulator.faults import CATALOGUE
from thesports_simulator.process import SECRET as DEMO_SECRET
from thesports_simulator.process import RunningSimulator

PLAIN = "c4N7yV0kQ2mX9pL3tR8wZ5sB6fH1"
HARD = "k\"7'q\\n%41 %s {0} &+=?#/é✓<hQ9wXc2>\\\"Jm5'Tz %(v)d \\u0041b~"
SECRETS = pytest.mark.parametrize("secret", [PLAIN, HARD], ids=["plain", "hard"])

QUICK = {
    "FOOTY_LOG_LEVEL": "DEBUG",
    "FOOTY_INTERVAL": 2,
    "FOOTY_TIMEOUT": 0.5,
    "FOOTY_BACKOFF": 0.01,
    "FOOTY_RATE_LIMITS": "off",
    "FOOTY_TTL_TEAM": 1,
    "FOOTY_TTL_COMPETITION": 1,
    "FOOTY_TTL_COUNTRY": 1,
    "PYTHONWARNINGS": "always",
}
SMALLER = {"gzip_bomb": "gzip_bomb=40", "huge": "huge=40"}
"""Still larger than any reply may be."""
MOST_RUNS = 30
RESTING = {"http429": "country/list", "body429": "category/list"}
"""Where an endpoint that rests for seconds keeps no other fault from being played."""
OF_THE_LIVE_LIST = ["err_ip", "echo_message", "echo_page", "echo_field", "html", "hang", "truncated"]
"""Faults that befall the live list as well: what becomes of it is told in more places than all else."""


def catalogue() -> list[str]:
    """Write every fault, each befalling one call."""
    endpoints = (DETAIL, ODDS, TEAM, COMPETITION)
    faults = [f"{name}x1@{LIVE}" for name in OF_THE_LIVE_LIST]
    for number, (name, kind) in enumerate(CATALOGUE.items()):
        if (
            kind.paging
        ):  # so small a world asks for no page; what such a fault sends holds nothing of the request
            continue
        endpoint = RESTING.get(name, endpoints[number % len(endpoints)])
        if kind.endpoints and endpoint not in kind.endpoints:
            endpoint = kind.endpoints[0]
        faults.append(f"{SMALLER.get(name, name)}x1@{endpoint}")
    return faults


def written(secret: str) -> Iterator[str]:
    """Give the forms in which a secret may have been written somewhere."""
    yield from (secret, repr(secret), ascii(secret), repr(secret.encode()), html.escape(secret))
    yield from (json.dumps(secret), json.dumps(secret, ensure_ascii=False))
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret), quote_plus(secret).lower())
    yield from (json.dumps(repr(secret)), repr(json.dumps(secret)))
    for before in range(3):  # the first and the last letters depend on what stands around
        yield b64encode(b" " * before + secret.encode()).decode()[4 if before else 0 : -4]


def traces(secret: str, said: str | bytes) -> set[str]:
    """Give the pieces of a secret that are in what was said."""
    data = said.encode() if isinstance(said, str) else said
    forms = {form.strip("'\"") for form in written(secret)}
    pieces = {form[at : at + 8] for form in forms for at in range(len(form) - 7)}
    in_hex = secret.encode().hex()  # two digits a byte, so pieces are twice as long
    pieces |= {in_hex[at : at + 16] for at in range(0, len(in_hex) - 15, 2)}
    return {piece for piece in pieces if piece.encode() in data}


def kept_in(folder: Path) -> dict[str, bytes]:
    """Give every file below a folder, databases also as what they hold; names too are something said."""
    kept = {"the names of the files": "\n".join(map(str, folder.rglob("*"))).encode()}
    for path in folder.rglob("*"):
        if path.is_file():
            kept[str(path)] = path.read_bytes()
        if path.suffix == ".sqlite":
            with closing(sqlite3.connect(path)) as database:
                kept[f"{path}, read"] = "\n".join(database.iterdump()).encode()
    return kept


def all_traces(secret: str, found: Mapping[str, bytes]) -> dict[str, set[str]]:
    return {name: pieces for name, words in found.items() if (pieces := traces(secret, words))}


def assert_kept_secret(secret: str, folder: Path, **said: str) -> dict[str, bytes]:
    """Hold that neither what was said nor what was left in a folder has a trace; give all of it."""
    found = kept_in(folder) | {name: words.encode() for name, words in said.items()}
    assert all_traces(secret, found) == {}
    return found


def command_lines(*processes: psutil.Process) -> str:
    return "\n".join(" ".join(process.cmdline()) for process in processes)


@SECRETS
def test_a_secret_is_found_wherever_it_is(secret: str, tmp_path: Path) -> None:
    """Or the tests below would hold for any secret."""
    for form in written(secret):
        for at in range(0, len(form) - 12, 3):
            assert traces(secret, f"asked with {form[at : at + 12]} and more")
    with closing(sqlite3.connect(tmp_path / "cache.sqlite")) as database:
        database.execute("CREATE TABLE kept (value)")
        database.execute("INSERT INTO kept VALUES (?)", ("x" * 4_000 + secret,))
        database.commit()
    assert any(traces(secret, words) for words in kept_in(tmp_path).values())


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """Run footy in every way through every fault; give all that came of it, by secret."""
    folders = {secret: tmp_path_factory.mktemp("ran") for secret in (PLAIN, HARD)}
    with ThreadPoolExecutor() as both:
        return dict(zip(folders, both.map(run_in_every_way, folders, folders.values()), strict=True))


def run_in_every_way(secret: str, folder: Path) -> dict[str, bytes]:
    with ExitStack() as stack:
        vendor = stack.enter_context(start(matches=6, odds="light", secret=secret))
        ways = ("delta", "per-match", "once", "cold")
        places = [stack.enter_context(Place(folder / way, **QUICK)) for way in ways]
        for place in places:
            place.folder.mkdir()
            place.ask(vendor)
        delta, per_match, once, cold = places
        delta.set(FOOTY_LOG_FORMAT="json")
        per_match.set(FOOTY_STRATEGY="per-match")
        cold.set(FOOTY_INTERVAL=60, FOOTY_TIMEOUT=10)  # enough for all teams, on a busy machine too

        started = delta.begin("start")
        service = per_match.begin_service()
        vendor.control.set_faults(*catalogue())
        said = {"footy check": everything(once.run("check"))}
        said["footy start"] = "".join(started.communicate())
        for command in ("status", "health"):
            said[f"footy {command}"] = everything(delta.run(command))
        while any(fault["left"] for fault in vendor.control.faults()):  # three play them sooner than two
            said[f"footy --once, {len(said)}"] = everything(once.run("--once"))
            assert len(said) < MOST_RUNS, vendor.control.faults()
        background = psutil.Process(int(json.loads(delta.files.heartbeat.read_bytes())["pid"]))
        said["ps"] = command_lines(background, *family(service), psutil.Process(vendor.pid))

        vendor.control.set_faults(f"echo_field@{TEAM}", f"echo_field@{DETAIL}")
        said["an echo in the snapshot"] = everything(cold.run("--once", "--json"))
        vendor.control.set_faults("echo_message")
        said["an echo on stderr"] = everything(once.run("--once"))
        said["an echo on stdout"] = everything(once.run("check"))
        vendor.control.clear_faults()  # the services may have met all faults before the first --once began
        said["a whole cycle"] = everything(once.run("--once"))
        said["footy stop"] = everything(delta.run("stop"))
        service.terminate()
        said["the service"] = "".join(service.communicate())
        said["the simulator"] = "".join(vendor.complaints)

        assert set(vendor.control.stats()["faults"]) == {
            name for name, kind in CATALOGUE.items() if not kind.paging
        }
    return kept_in(folder) | {name: words.encode() for name, words in said.items()}


@SECRETS
def test_every_fault_while_footy_runs_in_every_way(secret: str, ran: dict[str, dict[str, bytes]]) -> None:
    assert all_traces(secret, ran[secret]) == {}


@SECRETS
@pytest.mark.parametrize("where", ["in the snapshot", "on stderr", "on stdout"])
def test_what_the_vendor_repeats_is_told_without_it(
    secret: str, where: str, ran: dict[str, dict[str, bytes]]
) -> None:
    assert b"secret=***" in ran[secret][f"an echo {where}"]


@SECRETS
def test_debug_tells_of_every_address(secret: str, ran: dict[str, dict[str, bytes]]) -> None:
    """Or there would have been nothing to keep out of the logs."""
    logs = [words for name, words in ran[secret].items() if name.endswith("footy.log")]
    assert [words.count(b"&secret=*** HTTP/1.1") > 10 for words in logs] == [True] * 4


def everything(finished: Finished) -> str:
    return finished.stdout + finished.stderr


BUG = """
import logging, sys, textwrap, threading, warnings
from urllib.parse import unquote_plus
import footy.cli
from footy.thesports.adapter import SigningAdapter

def fail(words):
    raise RuntimeError(words)

class Closing:
    def __init__(self, words):
        self.words = words

    def __del__(self):
        fail(self.words)

def send(self, request, **_):
    asked = f"{request.url}?{self._query}"
    plain = unquote_plus(asked)
    warnings.warn(plain, stacklevel=1)
    for words in (asked, [plain], {plain: asked.encode()}):
        thread = threading.Thread(target=fail, args=[words])
        thread.start()
        thread.join()
        Closing(words)
    logging.getLogger("urllib3").debug("%s %r %s", asked, [plain], self, exc_info=ValueError(plain))
    try:
        fail(asked)
    except RuntimeError:
        # As a line of so many characters has it, and so many lines.
        error = RuntimeError(*("\\n".join(textwrap.wrap(plain, width)) for width in range(8, 40)))
        error.add_note(repr(plain))
        raise error

SigningAdapter.send = send
sys.exit(footy.cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("secret", "form"),
    [(PLAIN, "text"), (HARD, "text"), (HARD, "json")],
    ids=["plain", "hard", "hard, as JSON"],
)
def test_a_bug_that_says_what_was_asked(secret: str, form: str, tmp_path: Path) -> None:
    """In the main thread and in others, as a warning and at an object's end, whole and wrapped."""
    settings = {"THESPORTS_USER": "me", "THESPORTS_SECRET": secret, "FOOTY_LOG_FORMAT": form}
    with Place(tmp_path, **QUICK, **settings) as place:
        once = place.run_python("-c", BUG, "--once")
        check = place.run_python("-c", BUG, "check")
    found = assert_kept_secret(secret, tmp_path, once=everything(once), check=everything(check))
    assert (once.returncode, check.returncode) == (70, 70)
    log = found[str(place.files.log)].decode()
    for words in ("Uncaught in Thread-", "Uncaught in an object's end", "UserWarning", "A bug ended footy"):
        assert words in log
    assert "its traceback is in" in once.stderr
    for words in ("Uncaught in Thread-", "Uncaught in an object's end", "RuntimeError: ", "secret=***"):
        assert words in check.stderr
    assert json.loads(place.files.heartbeat.read_bytes())["last_error"] == "RuntimeError"


@SECRETS
def test_a_bug_before_the_secret_is_known(secret: str, tmp_path: Path) -> None:
    program = "import os, sys, footy.cli as cli; cli.load = lambda **_: [][os.environ['THESPORTS_SECRET']]"
    program = program.replace("[][", "{}[") + "; sys.exit(cli.main(['--once']))"
    with Place(tmp_path, THESPORTS_SECRET=secret) as place:
        finished = place.run_python("-c", program)
    assert_kept_secret(secret, tmp_path, finished=everything(finished))
    assert finished.returncode == 70
    assert "This is a bug in footy (KeyError)" in finished.stderr
    assert "cli/__init__.py" in finished.stderr


def test_the_proxys_password(tmp_path: Path, vendor: RunningSimulator) -> None:
    password = HARD.encode("ascii", "ignore").decode()
    proxy = f"http://me:{quote(password, safe='')}@127.0.0.1:{vendor.port}"
    with Place(tmp_path, **QUICK, FOOTY_PROXY=proxy) as place:
        place.ask(vendor)
        said = {"once": everything(place.run("--once"))}
        place.set(
            FOOTY_PROXY=proxy.replace(str(vendor.port), "9"), FOOTY_BASE_URL="https://vendor.invalid/v1"
        )
        said["no proxy"] = everything(place.run("--once"))
        bug = place.run_python("-c", BUG.replace("self._query", repr(proxy)), "--once")
    found = assert_kept_secret(password, tmp_path, **said, bug=everything(bug))
    assert "through the proxy: check FOOTY_PROXY" in said["no proxy"]
    assert b"http://me:***@127.0.0.1" in found[str(place.files.log)]


@SECRETS
def test_settings_that_are_refused(secret: str, tmp_path: Path) -> None:
    wrong = {
        "FOOTY_INTERVAL": secret,
        "FOOTY_TIMEZONE": secret,
        "FOOTY_PROXY": f"http://me:{quote(secret, safe='')}@",
        "FOOTY_BASE_URL": f"https://host/v1?secret={quote_plus(secret)}",
    }
    credentials = {"THESPORTS_USER": "me", "THESPORTS_SECRET": secret}
    with Place(tmp_path / "known", **credentials, **wrong) as known, Place(tmp_path / "file") as pending:
        known.folder.mkdir()
        pending.folder.mkdir()
        (pending.folder / ".env").write_bytes(f"THESPORTS_SECRET={secret}\n".encode() + b"\xff\n")
        running = [place.begin("--once") for place in (known, pending)]
        said = [one.communicate()[1] for one in running]
    assert [one.returncode for one in running] == [78, 78]
    assert all(name in said[0] for name in wrong)
    assert traces(secret, "".join(said)) == set()


def test_the_demos_own_secret() -> None:
    """Anyone may know it, and yet a log that shows one makes its reader doubt all others."""
    redact = redactor(load({}, Path("absent")).settings)
    assert redact(f"GET /v1?secret={DEMO_SECRET} by {VendorAccount('http://h', 'demo', DEMO_SECRET)}") == (
        "GET /v1?secret=*** by VendorAccount(base_url='http://h', user='demo')"
    )
