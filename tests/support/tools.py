"""Programs of other projects that tests run: where they are, or why a test cannot run."""

import os
import shutil
import sys
from pathlib import Path

import pytest


def tool(name: str, *, comes_with: str) -> str:
    """Return the path of a program; without it the test is skipped, or fails where `CI` is set."""
    beside_python = Path(sys.executable).with_name(name)
    found = (
        str(beside_python)
        if beside_python.exists()
        else shutil.which(name) or shutil.which(name, path="/usr/sbin")
    )
    if found is None:
        why = f"{name} is not installed: it comes with {comes_with}"
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return found
