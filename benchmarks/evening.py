"""A simulated evening with every quirk of the vendor, and a consumer that is killed again and again."""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from rich.console import Console

from benchmarks.child import PROJECT
from benchmarks.report import Check, Report, Table, add_arguments, publish
from footy.history import opened
from tests.support.event_check import differences, emitted
from tests.support.quirky_evening import Evening

PAGE = "reliability.md"
INTRO = """
{matches} matches are listed at a time for {hours:.1f} hours of the simulated world, with
[every quirk](simulator.md#quirks) of the vendor in every match, extra time, shoot-outs, video reviews, and
matches that are postponed, interrupted or abandoned. A process decodes and flattens each live list, detects
events and commits them to `footy.db`, in {cycles:,} cycles, mostly 5 to 25 s apart and now and then after
minutes without any. It is ended by `kill -9` at {kills} random moments and begins again from its log. A
second reading of the contract, which shares no code with footy, derives from the served lists which events
there must be, with their order, ids, scores, times, and what they correct.
"""
DETAILS = """Details are checked by what they say: each tells something new, and together they come to the
players of the last list."""


def main(argv: Sequence[str]) -> int:
    """Live through the evening, and compare the log with what was served; return 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks evening", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="another evening (default %(default)s)")
    parser.add_argument("--kills", type=int, default=20, help="how often it is killed (default %(default)s)")
    add_arguments(parser)
    options = parser.parse_args(argv)
    matches, seconds = (8, 6_000) if options.quick else (200, 16_000)
    kills = min(2, options.kills) if options.quick else options.kills
    evening = Evening(options.seed, matches, seconds)
    with tempfile.TemporaryDirectory(prefix="footy-evening-") as folder:
        path = Path(folder, "footy.db")
        killed = _live_through(evening, path, kills)
        log, _ = opened(path)
        events = emitted(log.read)
        log.close()
    tale = evening.tale(evening.cycles)
    wrong = differences(tale, events)
    for sentence in wrong[:20]:
        Console().print(sentence, highlight=False, markup=False, soft_wrap=True)
    told, written = Counter(one.type for one in tale.told), Counter(one.type for one in events)
    rows = [(kind, f"{told[kind]:,}" if told[kind] else "–", f"{n:,}") for kind, n in sorted(written.items())]
    report = Report(
        name="evening",
        title="An evening",
        intro=INTRO.format(matches=matches, hours=seconds / 3_600, cycles=len(evening.cycles), kills=kills),
        tables=[Table("Events", ("type", "derived from what was served", "in the log"), rows)],
        checks=[
            Check(
                "events that are missing, invented, twice, wrong or out of order",
                "0",
                f"{len(wrong)}",
                not wrong,
            ),
            Check("moments at which it was killed", f"≥ {kills}", f"{killed}", killed >= kills),
        ],
        notes=[DETAILS],
        page=PAGE,
    )
    return publish(report, options, argv)


def _live_through(evening: Evening, path: Path, kills: int) -> int:
    """Run the consumer until it has seen the evening, and kill it so often on the way; return how often."""
    random, killed = Random(evening.seed), 0
    longest = 2 * len(evening.cycles) // (3 * (kills + 1))
    command = [sys.executable, "-m", "tests.support.quirky_evening", str(path)]
    command += [str(number) for number in (evening.seed, evening.matches, evening.seconds)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    while True:
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT, env=environment) as consumer:
            if killed == kills:
                consumer.communicate()
                break
            assert consumer.stdout is not None  # noqa: S101 - piped above
            for _ in range(random.randint(1, longest)):
                consumer.stdout.readline()
            consumer.kill()
        killed += consumer.returncode < 0
    if consumer.returncode:
        raise subprocess.CalledProcessError(consumer.returncode, command)
    return killed
