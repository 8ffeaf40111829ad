"""Runs the simulator: `python -m footy.simulator`."""

import sys

from footy.simulator.command import main

if __name__ == "__main__":
    sys.exit(main())
