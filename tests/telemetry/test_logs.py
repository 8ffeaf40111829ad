"""Log entries as they are written, and the files they are written to."""

import datetime as dt
import json
import logging
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import pytz
import time_machine

from footy.telemetry.logs import DatedFileHandler, LineFormatter
from footy.telemetry.redaction import Redactor

SECRET = "s3cr\"t k'ey\\100%/ä\tö\nü\u2028x"
NEW_YORK = pytz.timezone("America/New_York")
HOUR = 3600


def formatter(
    form: Literal["text", "json"] = "text", zone: dt.tzinfo = pytz.utc, secret: str = SECRET
) -> LineFormatter:
    return LineFormatter(form=form, zone=zone, redact=Redactor([secret]))


def entry(message: str, *values: Any, level: int = logging.INFO, error: BaseException | None = None) -> Any:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("footy.some.room", level, __file__, 1, message, values, info)


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        raise error from cause
    except BaseException as caught:  # noqa: BLE001 - whatever the test wants to be raised
        return caught


def leaks(text: str, secret: str = SECRET) -> list[str]:
    return [piece for start in range(len(secret) - 7) if (piece := secret[start : start + 8]) in text]


class TestLine:
    @time_machine.travel(1_748_453_500.25, tick=False)
    def test_it_has_an_iso_time_in_the_zone_a_level_and_the_logger(self) -> None:
        said = formatter(zone=NEW_YORK).format(entry("TOTAL CYCLE TIME: %.2fs", 5.444, level=logging.WARNING))
        assert said == "2025-05-28T13:31:40.250-04:00 WARNING footy.some.room: TOTAL CYCLE TIME: 5.44s"

    @time_machine.travel(1_748_453_500.25, tick=False)
    def test_as_json_it_is_one_object(self) -> None:
        said = formatter("json").format(entry("Zürich – %s", '"quoted"'))
        assert said.isprintable()
        assert "Zürich" in said
        assert json.loads(said) == {
            "time": "2025-05-28T17:31:40.250+00:00",
            "level": "INFO",
            "logger": "footy.some.room",
            "message": 'Zürich – "quoted"',
        }

    @pytest.mark.parametrize(
        "bad", ["\n", "\r", "\x1b[2J", "\x00", "\x85", "\u2028", "\u202e", "\t", "\U000e0001"]
    )
    def test_what_does_not_print_is_escaped(self, bad: str) -> None:
        forged = f"team {bad}2025-05-28T17:31:40.250+00:00 ERROR   footy: all is lost"
        for write in (formatter("text"), formatter("json")):
            said = write.format(entry("named %s", forged))
            assert said.isprintable()
            assert len(said.splitlines()) == 1
        assert json.loads(said)["message"] == f"named {forged}"

    def test_what_is_printable_is_written_as_it_is(self) -> None:
        assert (
            formatter()
            .format(entry("Bayern München – 1 × 2 · ½ 日本"))
            .endswith(": Bayern München – 1 × 2 · ½ 日本")
        )

    def test_a_message_with_braces_percent_signs_or_no_text_is_no_trouble(self) -> None:
        for message in ("100%", "%", "{}", "", "%(x)s"):
            assert formatter().format(entry(message)).endswith(f"footy.some.room: {message}")


class TestTraceback:
    def test_it_follows_plain_and_without_values(self) -> None:
        error = raised(ValueError("why"), raised(KeyError("x")))
        said = formatter().format(entry("Cycle failed", error=error))
        first, second, *_, last = said.split("\n")
        assert first.endswith("footy.some.room: Cycle failed")
        assert second == "Traceback (most recent call last):"
        assert last == "ValueError: why"
        assert "KeyError: 'x'" in said
        assert "direct cause" in said

    def test_what_an_error_says_cannot_pass_for_an_entry(self) -> None:
        forged = "x\n2025-05-28T17:31:40.250+00:00 ERROR   footy: all is lost\x1b[2J\r"
        said = formatter().format(entry("Cycle failed", error=raised(ValueError(forged))))
        assert [line for line in said.split("\n") if line.startswith("20")] == [said.split("\n")[0]]
        assert all(line.isprintable() for line in said.split("\n"))

    def test_as_json_it_is_a_field(self) -> None:
        said = formatter("json").format(entry("Cycle failed", error=raised(ValueError("why\nnot"))))
        assert len(said.splitlines()) == 1
        assert json.loads(said)["traceback"].endswith("ValueError: why\nnot")


class TestSecret:
    @pytest.mark.parametrize("form", ["text", "json"])
    @pytest.mark.parametrize("secret", [SECRET, "simulated-secret", "0" * 32])
    def test_it_is_taken_out_of_messages_and_tracebacks(
        self, form: Literal["text", "json"], secret: str
    ) -> None:
        error = raised(ValueError(f"GET /?secret={secret}", {"secret": secret}), KeyError(secret))
        made = entry("asked %s, %r, %s", secret, secret, json.dumps(secret), error=error)
        said = formatter(form, secret=secret).format(made)
        assert not leaks(said, secret)
        for piece in secret.split():
            assert len(piece) < 8 or piece not in said
        assert "***" in said
        if form == "json":
            assert set(json.loads(said)) == {"time", "level", "logger", "message", "traceback"}

    def test_escaping_does_not_hide_it_from_the_redaction(self) -> None:
        assert formatter().format(entry(f"<{SECRET}>")).endswith("footy.some.room: <***>")


def logger_to(handler: logging.Handler) -> logging.Logger:
    logger = logging.Logger("test")  # noqa: LOG001 - one that no other test knows
    handler.setFormatter(formatter(zone=getattr(handler, "_zone", pytz.utc)))
    logger.addHandler(handler)
    return logger


@pytest.fixture
def quiet() -> Iterator[None]:
    """As `set_up` has it: the library prints nothing about its own failures."""
    before, logging.raiseExceptions = logging.raiseExceptions, False
    yield
    logging.raiseExceptions = before


def opened(
    folder: Path, zone: Any = NEW_YORK, backups: int = 100, max_bytes: int = 10**6
) -> tuple[logging.Logger, DatedFileHandler]:
    handler = DatedFileHandler(folder, zone=zone, backups=backups, max_bytes=max_bytes)
    return logger_to(handler), handler


def lines(path: Path) -> list[str]:
    return [line.rpartition(": ")[2] for line in path.read_text(encoding="utf-8").splitlines()]


class TestArchives:
    def test_the_log_is_cut_at_midnight_of_the_zone(self, tmp_path: Path) -> None:
        midnight = NEW_YORK.localize(dt.datetime(2025, 5, 28)).timestamp()  # noqa: DTZ001 - localised
        with time_machine.travel(midnight - 1, tick=False) as clock:
            log, handler = opened(tmp_path)
            log.info("before")
            assert not list(tmp_path.glob("footy_*"))
            clock.shift(1)
            log.info("after")
            log.info("later")
        handler.close()
        assert lines(tmp_path / "footy_2025-05-27.log") == ["before"]
        assert lines(tmp_path / "footy.log") == ["after", "later"]

    @pytest.mark.parametrize(
        ("zone", "start"),
        [
            ("America/New_York", dt.datetime(2025, 3, 8, tzinfo=dt.UTC)),
            ("America/New_York", dt.datetime(2025, 11, 1, tzinfo=dt.UTC)),
            ("America/Havana", dt.datetime(2025, 3, 8, tzinfo=dt.UTC)),
            ("America/Havana", dt.datetime(2025, 11, 1, tzinfo=dt.UTC)),
            ("Australia/Lord_Howe", dt.datetime(2025, 4, 4, tzinfo=dt.UTC)),
            ("Asia/Kathmandu", dt.datetime(2025, 12, 30, tzinfo=dt.UTC)),
            ("Pacific/Apia", dt.datetime(2011, 12, 29, tzinfo=dt.UTC)),
            ("UTC", dt.datetime(2024, 2, 28, tzinfo=dt.UTC)),
        ],
    )
    def test_every_archive_holds_its_own_day_and_all_of_it(
        self, tmp_path: Path, zone: str, start: dt.datetime
    ) -> None:
        with time_machine.travel(start, tick=False) as clock:
            log, handler = opened(tmp_path, pytz.timezone(zone))
            for number in range(4 * 48):
                log.info("entry %d", number)
                clock.shift(HOUR / 2)
        handler.close()
        found = []
        for archive in sorted(tmp_path.glob("footy_*.log")):
            written = archive.read_text(encoding="utf-8").splitlines()
            assert {line[:10] for line in written} == {archive.stem.removeprefix("footy_")}
            found += written
        today = (tmp_path / "footy.log").read_text(encoding="utf-8").splitlines()
        assert len({line[:10] for line in today}) == 1
        assert [line.rpartition(" ")[2] for line in found + today] == [
            str(number) for number in range(4 * 48)
        ]

    def test_a_log_left_from_yesterday_is_archived_at_the_first_entry(self, tmp_path: Path) -> None:
        left = tmp_path / "footy.log"
        left.write_text("x: left\n", encoding="utf-8")
        yesterday = time.time() - 86_400
        os.utime(left, (yesterday, yesterday))
        log, handler = opened(tmp_path)
        assert lines(left) == ["left"]
        log.info("new")
        handler.close()
        day = dt.datetime.fromtimestamp(yesterday, tz=NEW_YORK).date()
        assert lines(tmp_path / f"footy_{day}.log") == ["left"]
        assert lines(left) == ["new"]

    def test_a_log_left_from_today_is_gone_on_with(self, tmp_path: Path) -> None:
        for message in ("first", "second"):
            log, handler = opened(tmp_path)
            log.info(message)
            handler.close()
        assert lines(tmp_path / "footy.log") == ["first", "second"]
        assert not list(tmp_path.glob("footy_*"))

    @pytest.mark.parametrize("gone", ["renamed", "removed"])
    def test_a_log_that_is_renamed_or_removed_is_begun_anew_at_the_next_entry(
        self, tmp_path: Path, gone: str
    ) -> None:
        logger, handler = opened(tmp_path)
        log = tmp_path / "footy.log"
        logger.info("before")
        if gone == "renamed":
            log.rename(tmp_path / "footy.log.1")
        else:
            log.unlink()
        logger.info("after")
        handler.close()
        assert "after" in log.read_text()
        assert "before" not in log.read_text()
        if gone == "renamed":
            assert (tmp_path / "footy.log.1").read_text().endswith("before\n")

    def test_a_full_log_is_archived_by_number_and_no_entry_is_lost(self, tmp_path: Path) -> None:
        with time_machine.travel(1_748_453_500, tick=False):
            log, handler = opened(tmp_path, max_bytes=1000)
            for number in range(100):
                log.info("entry %d", number)
            handler.close()
        archives = [tmp_path / "footy_2025-05-28.log"]
        while (following := tmp_path / f"footy_2025-05-28.{len(archives) + 1}.log").exists():
            archives.append(following)
        assert len(archives) > 4
        assert len(list(tmp_path.iterdir())) == len(archives) + 1
        assert all(1000 <= archive.stat().st_size < 1100 for archive in archives)
        written = [line for path in (*archives, tmp_path / "footy.log") for line in lines(path)]
        assert written == [f"entry {number}" for number in range(100)]

    @pytest.mark.parametrize("backups", [0, 1, 3])
    def test_so_many_archives_are_kept_the_newest(self, tmp_path: Path, backups: int) -> None:
        with time_machine.travel(1_748_453_500, tick=False) as clock:
            log, handler = opened(tmp_path, backups=backups)
            for day in range(6):
                log.info("day %d", day)
                os.utime(tmp_path / "footy.log", (time.time(), time.time()))
                clock.shift(86_400)
            handler.close()
        kept = [f"footy_2025-05-{28 + day}.log" for day in range(4)] + ["footy_2025-06-01.log"]
        assert sorted(path.name for path in tmp_path.glob("footy_*")) == kept[5 - backups :]

    def test_a_clock_that_goes_back_cuts_nothing(self, tmp_path: Path) -> None:
        with time_machine.travel(1_748_453_500, tick=False) as clock:
            log, handler = opened(tmp_path)
            log.info("now")
            clock.shift(-10 * 86_400)
            log.info("back")
            clock.shift(10 * 86_400)
            log.info("now again")
            handler.close()
        assert lines(tmp_path / "footy.log") == ["now", "back", "now again"]
        assert not list(tmp_path.glob("footy_*"))


@pytest.mark.usefixtures("quiet")
class TestTrouble:
    def test_a_full_disk_loses_entries_and_nothing_else(self, tmp_path: Path) -> None:
        class Full:
            def write(self, _: str) -> None:
                raise OSError(28, "No space left on device")

            def tell(self) -> int:
                return 0

            flush = close = tell

        log, handler = opened(tmp_path)
        genuine, handler.stream = handler.stream, Full()  # type: ignore[assignment]
        log.error("lost")
        handler.stream = genuine
        log.error("kept")
        handler.close()
        assert lines(tmp_path / "footy.log") == ["kept"]

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
    def test_a_device_that_is_always_full_upsets_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "footy.log").symlink_to("/dev/full")
        with time_machine.travel(1_748_453_500, tick=False) as clock:
            log, handler = opened(tmp_path)
            for _ in range(100):
                log.error("lost %s", "x" * 10_000)
            clock.shift(86_400)
            log.error("the next day")
            handler.close()

    def test_a_folder_that_is_gone_at_midnight_upsets_nothing_and_heals(self, tmp_path: Path) -> None:
        folder = tmp_path / "data"
        folder.mkdir()
        with time_machine.travel(1_748_453_500, tick=False) as clock:
            log, handler = opened(folder)
            log.info("before")
            (folder / "footy.log").unlink()
            folder.rmdir()
            clock.shift(86_400)
            log.info("lost")
            log.info("lost too")
            folder.mkdir()
            log.info("after")
            handler.close()
        assert lines(folder / "footy.log") == ["after"]

    def test_an_archive_that_cannot_be_removed_upsets_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "footy_2000-01-01.log").mkdir()
        os.utime(tmp_path / "footy_2000-01-01.log", (0, 0))
        with time_machine.travel(1_748_453_500, tick=False) as clock:
            log, handler = opened(tmp_path, backups=0)
            for number in range(3):
                log.info("day %d", number)
                clock.shift(86_400)
            handler.close()
        assert lines(tmp_path / "footy.log") == ["day 2"]

    def test_an_entry_that_cannot_be_written_is_left_out(self, tmp_path: Path) -> None:
        log, handler = opened(tmp_path)
        log.info("%d goals", "two")
        log.info("a lone surrogate: %s", "\ud800")
        log.info("last")
        handler.close()
        assert lines(tmp_path / "footy.log") == ["\\ud800", "last"]


PROGRAM = """
import logging, os, sys, threading, warnings
from pathlib import Path
import pytz
from footy.telemetry.logs import set_up
from footy.telemetry.redaction import Redactor

secret = os.environ["THE_SECRET"]
for _ in range(2):
    set_up(
        Path(sys.argv[1]), level="INFO", form="text", zone=pytz.utc, backups=1,
        redact=Redactor([secret]), stderr_level=logging.ERROR,
    )
logging.getLogger("urllib3").info("asked with %s", secret)
logging.getLogger("urllib3").debug("not at this level")
logging.getLogger("footy").error("for stderr too: %s", secret)
warnings.warn(f"a warning with {secret}", stacklevel=1)

def fail(where):
    raise ValueError(f"{where}: {secret}")

class Closing:
    def __del__(self):
        fail("at its end")

Closing()
thread = threading.Thread(target=fail, args=["in a thread"], name="some-thread")
thread.start()
thread.join()
fail("in the main thread")
"""


class TestSetUp:
    def test_nothing_reaches_stderr_or_the_log_unscrubbed_from_anywhere(self, tmp_path: Path) -> None:
        secret = "s3cr\"t k'ey\\100%/äöü"
        child = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path)],
            env={**os.environ, "THE_SECRET": secret, "PYTHONWARNINGS": "always", "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        log = (tmp_path / "footy.log").read_text(encoding="utf-8")
        assert child.returncode == 1
        for said in (log, child.stderr):
            assert not leaks(said, secret)
            assert "footy: for stderr too: ***" in said
            for where in ("the main thread", "some-thread", "an object's end"):
                assert f"CRITICAL footy: Uncaught in {where}\nTraceback" in said
        assert "urllib3: asked with ***" in log
        assert "a warning with ***" in log
        assert "asked with" not in child.stderr
        assert "not at this level" not in log
        assert log.count("for stderr too") == 1
