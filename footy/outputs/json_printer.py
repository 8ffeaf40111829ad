"""The snapshot on standard output, and nothing else: `--once --json`."""

import os
import sys

from footy.outputs.base import Update
from footy.outputs.snapshot_file import encode


class JsonPrinter:
    """Prints each snapshot; a reader that has gone is no failure."""

    name = "the standard output"

    def publish(self, update: Update) -> None:
        """Print the snapshot.

        Raises:
            OSError: Standard output takes nothing for another reason, such as a full disk.
        """
        try:
            sys.stdout.buffer.write(encode(update.snapshot))
            sys.stdout.buffer.flush()
        except OSError as error:
            # Otherwise Python would try to write the rest as it exits, and complain.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if not isinstance(error, BrokenPipeError):
                raise

    def close(self) -> None:
        """Do nothing: all is written."""
