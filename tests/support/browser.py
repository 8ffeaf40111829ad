"""A real Chromium, driven by playwright; where there is none, tests skip and say so."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.network import unchanged

NAMES = ("chromium", "chromium-browser", "google-chrome")
SHELL = "chromium-headless-shell"
"""Chromium without a window: half the work, but it does not show notifications."""
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--font-render-hinting=none")
_WITHIN_MS = 30_000


def chromium(names: Sequence[str] = NAMES) -> str:
    """Return Chromium's program; skip the test, or where CI is set fail it, if there is none."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        reason = "there is no chromium here: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def browser(*, shell: bool = False) -> Iterator[Browser]:
    """Start a browser: Chromium, or with `shell` the one without a window if it is installed."""
    program = chromium((SHELL, *NAMES) if shell else NAMES)
    expect.set_options(timeout=_WITHIN_MS)
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield started
        started.close()


@contextmanager
def whole_browser(started: Browser) -> Iterator[Browser]:
    """Start the Chromium that has everything beside a browser that runs."""
    whole = started.browser_type.launch(executable_path=chromium(), args=_ARGUMENTS)
    yield whole
    whole.close()


@dataclass
class Watched:
    """A tab whose console and requests are watched."""

    page: Page
    host: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(error.stack or str(error)))
        self.page.on("request", self._request)
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _request(self, request: Any) -> None:
        if urlsplit(request.url).netloc != self.host:
            self.elsewhere.append(request.url)

    def assert_quiet(self, *but: str) -> None:
        """Fail if the console complained, except with one of these texts, or another host was asked."""
        assert [one for one in self.complaints if not any(text in one for text in but)] == []
        assert self.elsewhere == []


@contextmanager
def tab(started: Browser, url: str, **options: Any) -> Iterator[Watched]:
    """Open a page in a profile of its own."""
    with unchanged():
        context = started.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        context.set_default_timeout(_WITHIN_MS)
        watched = Watched(context.new_page(), urlsplit(url).netloc)
        watched.page.goto(url)
        yield watched
        context.close()
