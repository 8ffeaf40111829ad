"""Terminals for the tests of the console, which tests can read, wait for and block."""

import io
import re
import threading

PATIENCE_S = 30.0


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Written:
    """What was written to a terminal; a test can wait for it, and can block it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reached = threading.Semaphore(0)
        self.open = threading.Event()
        self.open.set()

    def write(self, content: bytes) -> None:
        self.reached.release()
        self.open.wait(PATIENCE_S)
        self.texts.append(content.decode())

    def wait_for_a_write(self) -> None:
        assert self.reached.acquire(timeout=PATIENCE_S)


class Emulator:
    """What a terminal of this size shows of what is written to it: text, new lines, and a few commands.

    Raises:
        AssertionError: Something else was written, such as a mode that would have to be left again.
    """

    _TOKEN = re.compile(
        r"\x1b\[[0-9;]*m|\x1b\[(?P<command>[HKJ]|2K)|(?P<newline>\r?\n)|(?P<return>\r)|(?P<character>[^\x1b])"
    )

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._cells = [""] * rows
        self._row = self._column = 0
        self.history: list[str] = []
        """The lines that scrolled away."""

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._cells]

    @property
    def cursor(self) -> tuple[int, int]:
        return self._row, self._column

    def feed(self, text: str) -> None:
        end = 0
        for token in self._TOKEN.finditer(text):
            assert token.start() == end, repr(text[end : end + 20])
            end = token.end()
            self._obey(token)
        assert end == len(text), repr(text[end : end + 20])

    def _obey(self, token: re.Match[str]) -> None:
        if token["newline"]:
            self._new_line()
        elif token["return"]:
            self._column = 0
        elif token["character"]:
            if self._column == self._columns:
                self._new_line()
            line = self._cells[self._row].ljust(self._column)
            self._cells[self._row] = line[: self._column] + token["character"] + line[self._column + 1 :]
            self._column += 1
        elif token["command"] == "H":
            self._row = self._column = 0
        elif token["command"] == "2K":
            self._cells[self._row] = ""
        elif token["command"] in ("K", "J"):
            self._cells[self._row] = self._cells[self._row][: self._column]
            if token["command"] == "J":
                self._cells[self._row + 1 :] = [""] * (self._rows - self._row - 1)

    def _new_line(self) -> None:
        self._column = 0
        self._row += 1
        if self._row == self._rows:
            self.history.append(self._cells.pop(0).rstrip())
            self._cells.append("")
            self._row -= 1
