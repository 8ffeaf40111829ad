"""`python -m footy`."""

import signal
import sys


def run() -> int:
    """Load footy and run it; Ctrl-C during loading ends it without a message."""
    python_s = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from footy.cli import main  # noqa: PLC0415 - loading is what Ctrl-C may interrupt
    except ModuleNotFoundError as missing:
        if (missing.name or "footy").partition(".")[0] == "footy":
            raise
        remedy = "bash start.sh restart installs what a new version needs"
        sys.stderr.write(f"footy: the package {missing.name} is not installed: {remedy}.\n")
        return 69
    signal.signal(signal.SIGINT, python_s)
    return main()


if __name__ == "__main__":
    sys.exit(run())
