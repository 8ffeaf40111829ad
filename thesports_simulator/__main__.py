"""Entry point: `python -m thesports_simulator`."""

import sys

from thesports_simulator.command import main

if __name__ == "__main__":
    sys.exit(main())
