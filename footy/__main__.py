"""`python -m footy`."""

import sys

from footy.cli import main

if __name__ == "__main__":
    sys.exit(main())
