"""Runs a client in a process of its own: one JSON object in, one out."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]

Task = Callable[[dict[str, Any]], Any]


class ChildError(Exception):
    """A client's process ended in another way than with an answer."""


def ask(module: str, task: Mapping[str, Any], project: Path = PROJECT) -> Any:
    """Run a module's task in a fresh process, and give what it answered.

    Args:
        module: The module's full name.
        task: What it is told.
        project: The tree whose module it is; this one unless said otherwise.

    Raises:
        ChildError: It failed.
    """
    paths = [str(project), os.environ.get("PYTHONPATH", "")]
    ended = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=False,
        cwd=project,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)},
    )
    if ended.returncode != 0:
        raise ChildError(f"{module} ended with exit code {ended.returncode}:\n{ended.stderr[-4000:]}")
    return json.loads(ended.stdout.splitlines()[-1])


def answer(task: Task) -> None:
    """Do a task as such a process."""
    given: dict[str, Any] = json.load(sys.stdin)
    print(json.dumps(task(given)))
