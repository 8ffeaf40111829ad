"""The command line: `python -m benchmarks NAME [options]`."""

import importlib
import logging
import sys
from collections.abc import Sequence

COMMANDS = {
    "cycle": ("benchmarks.cycle", "calls, bytes, time, CPU and memory of a cycle, beside three peers"),
    "freshness": ("benchmarks.freshness", "from a change in the world to its publication"),
    "push": ("benchmarks.push", "from a message at a broker to the page and the file, and an hour of faults"),
    "quota": ("benchmarks.quota", "a cold start under the vendor's quota: how soon there are prices"),
    "flatten": ("benchmarks.flatten", "matches flattened per second"),
    "events": ("benchmarks.events", "what detecting, writing and reading events costs, and what grows"),
    "archive": ("benchmarks.archive", "a busy day of odds on the disk, a chart, and what grows"),
    "failover": ("benchmarks.failover", "a standby that takes over: how soon, who asks, what is lost"),
    "web": ("benchmarks.web", "the page and the API: requests, readers of a stream, a slow machine"),
    "export": ("benchmarks.export", "a busy day's odds as Parquet: time, memory, size"),
    "store": ("benchmarks.store", "PostgreSQL: events a commit, and readers with many clients each"),
    "alerts": ("benchmarks.alerts", "what the operator's rules add to a cycle"),
    "memory": ("benchmarks.memory", "memory, threads and descriptors over many cycles"),
    "soak": ("benchmarks.soak", "what the process holds over many cycles while the vendor fails"),
    "compare": ("benchmarks.compare", "this commit beside another one, in one interleaved run"),
    "reliability": ("benchmarks.reliability", "what is published while the vendor fails"),
    "evening": ("benchmarks.evening", "the events of an evening with every quirk, and kill -9"),
}
"""Name of a benchmark, to its module with `main(argv) -> exit code` and its description."""
EXIT_USAGE = 64


def main(argv: Sequence[str]) -> int:
    """Run one benchmark; return the exit code."""
    if not argv or argv[0] not in COMMANDS:
        asked_for_help = argv[:1] in (["-h"], ["--help"])
        lines = [f"  {name:<12} {words}" for name, (_, words) in COMMANDS.items()]
        print("usage: python -m benchmarks NAME [options]; NAME --help for the options of one\n")
        print("\n".join(lines))
        return 0 if asked_for_help else EXIT_USAGE
    logging.getLogger().addHandler(logging.NullHandler())  # the failures are intended, so they are not logged
    module = importlib.import_module(COMMANDS[argv[0]][0])
    code: int = module.main(list(argv[1:]))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
