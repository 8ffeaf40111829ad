"""The events of a running service, as its readers get them: followed, and written as JSON Lines."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from footy.errors import Exit
from footy.history.sqlite_log import opened_for_reading
from footy.service.schemas import schema
from tests.support.place import SECRET, Place, heartbeat, wait_until
from tests.support.simulators import start


def lines(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_bytes().splitlines(keepends=True)
        if line.endswith(b"\n")
    ]


def logged(place: Place) -> list[str]:
    log = opened_for_reading(place.files.events)
    ids = [one.id for one in log.read(0, 10_000)]
    log.close()
    return ids


def test_every_event_reaches_its_readers_once_over_a_kill(tmp_path: Path) -> None:
    with (
        start(matches=30, odds="light", secret=SECRET) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2, FOOTY_JSONL="on", FOOTY_SOURCE="urn:test:one") as place,
    ):
        place.ask(vendor)
        folder = place.files.event_lines
        service = place.begin_service()
        followed = tmp_path / "followed.jsonl"
        with followed.open("wb") as out:
            following = subprocess.Popen(
                [sys.executable, "-m", "footy", "events", "--follow", "--json"],
                cwd=place.folder,
                env=place.environment,
                stdout=out,
            )
        try:
            before = len(logged(place))
            vendor.control.advance(600)
            wait_until(lambda: len(logged(place)) > before)
            service.kill()
            service.wait()
            vendor.control.advance(600)
            service = place.begin_service()
            wait_until(lambda: len(lines(folder)) == len(logged(place)))
            wait_until(lambda: len(lines(tmp_path)) == len(logged(place)))
            service.terminate()
            assert service.wait() == Exit.OK
            written, ids = lines(folder), logged(place)
            assert [one["id"] for one in written] == ids
            assert [int(one["sequence"]) for one in written] == list(range(1, len(ids) + 1))
            assert {one["source"] for one in written} == {"urn:test:one"}
            wait_until(lambda: len(lines(tmp_path)) == len(ids))
            assert lines(tmp_path) == written
            assert heartbeat(place.files)["events_problem"] is None
            fits = Draft202012Validator(json.loads(schema("record")))
            records = json.loads(place.files.matches.read_bytes())["matches"]
            assert [error.message for one in records for error in fits.iter_errors(one)] == []
            match_id = next(one["subject"] for one in reversed(written) if one["type"] == "footy.goal")
            shown = place.run("match", match_id)
            assert (shown.returncode, shown.stderr) == (Exit.OK, "")
            assert "── Statistics ──" in shown.stdout
            assert " goal " in shown.stdout
        finally:
            following.kill()
            following.wait()


def test_a_folder_that_cannot_be_written_is_said_and_costs_nothing_else(tmp_path: Path) -> None:
    with (
        start(matches=3, odds="light", secret=SECRET) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2, FOOTY_JSONL="on") as place,
    ):
        place.ask(vendor)
        place.files.folder.mkdir()
        place.files.event_lines.write_bytes(b"a file")
        place.begin_service()
        wait_until(lambda: heartbeat(place.files)["events_problem"])
        status = place.run("status")
        assert "Events: the sink jsonl takes nothing: Not a directory" in status.stdout
        assert status.returncode == Exit.OK
        place.files.event_lines.unlink()
        wait_until(lambda: lines(place.files.event_lines))
        wait_until(lambda: heartbeat(place.files)["events_problem"] is None)
