"""Runs a client in its own process: one JSON object in, one out."""

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
    """A client's process ended without an answer."""


def ask(module: str, task: Mapping[str, Any], project: Path = PROJECT) -> Any:
    """Run a module's task in a new process, and return its answer.

    Args:
        module: The module's full name.
        task: The parameters of the task.
        project: The source tree of the module; this one by default.

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
    """Run a task in such a process: read its parameters from stdin, print its answer."""
    given: dict[str, Any] = json.load(sys.stdin)
    print(json.dumps(task(given)))
