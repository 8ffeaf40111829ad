"""What the tests of the console share: a terminal that can be blocked, and an environment of its own."""

from collections.abc import Iterator

import pytest

from tests.outputs.console.terminal import Written


@pytest.fixture
def written() -> Iterator[Written]:
    written = Written()
    yield written
    written.open.set()


@pytest.fixture
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
