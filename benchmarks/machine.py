"""A description of the machine, to judge figures by, without its name."""

import os
import platform
from pathlib import Path

import psutil


def description() -> str:
    """Return the processor, the memory, the system and the Python version in one line."""
    memory = psutil.virtual_memory().total / 2**30
    cores = os.cpu_count() or 1
    return (
        f"{_processor()}, {cores} core{'s' if cores > 1 else ''}, {memory:.0f} GB of memory, "
        f"{_system()}, {platform.python_implementation()} {platform.python_version()}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return " ".join(next(models, platform.machine()).split())


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return f"{platform.system()} {platform.release()}"
