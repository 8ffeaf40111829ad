"""`python -m footy`."""

import signal
import sys


def run() -> int:
    """Load footy and run it; Ctrl-C while it loads ends it in silence."""
    python_s = signal.signal(signal.SIGINT, signal.SIG_DFL)
    from footy.cli import main  # noqa: PLC0415 - the loading is what may be interrupted

    signal.signal(signal.SIGINT, python_s)
    return main()


if __name__ == "__main__":
    sys.exit(run())
