"""Simulators whose processes are forked from one that has imported the simulator."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import warm
from thesports_simulator import process

if TYPE_CHECKING:
    import subprocess


def _begin(options: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    fork_environment = {**environment, "PYTHONPATH": str(warm.PROJECT)}
    forked = warm.begin(["-m", "thesports_simulator", *options], Path.cwd(), fork_environment)
    return forked or process.begin_process(options, environment)


start = functools.partial(process.start, begin=_begin)
launch = functools.partial(process.launch, begin=_begin)
