"""A failed request is repeated once in its cycle; where that is not sent, its first answer stands."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, cast

import pytest

from footy.mirror.inputs import CycleInputs
from footy.pipeline.fetch import Fetcher
from footy.provenance import Source
from footy.thesports.endpoints import DETAIL
from footy.thesports.errors import BadStatusError, OutOfTimeError, QuotaSpentError, VendorError
from footy.thesports.request import Answer, Priority, Request
from footy.thesports.retry_budget import RetryBudget

REQUEST = Request(DETAIL, "one", priority=Priority.DETAIL)


class Vendor:
    """Answers with one error after the other."""

    def __init__(self, *errors: VendorError) -> None:
        self._errors = list(errors)

    def ask(self, request: Request, _budget: RetryBudget) -> Answer[object]:
        """Return the next of the errors."""
        return Answer(request, error=self._errors.pop(0), source=Source.MISSING)


class Workers(Executor):
    """Does so many calls, each at once; the later ones are left until they are cancelled."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def submit(self, call: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        """Call the function, or leave it."""
        future: Future[Any] = Future()
        self._left -= 1
        if self._left >= 0:
            future.set_result(call(*arguments))
        return future


class OneRetry(RetryBudget):
    """The time is up as soon as a retry is taken."""

    def may_retry(self, endpoint: Any) -> bool:
        """Take a retry."""
        allowed = super().may_retry(endpoint)
        self.deadline = self._live_deadline = self.now()
        return allowed


@pytest.mark.parametrize(
    ("second", "said", "retries"),
    [
        (BadStatusError(502), "HTTP status 502", 1),
        (OutOfTimeError("cut after 1.0 s", was_sent=True), "cut after 1.0 s", 1),
        (OutOfTimeError("the time is up"), "HTTP status 500", 0),
        (QuotaSpentError("the quota is spent"), "HTTP status 500", 0),
        (None, "HTTP status 500", 0),
    ],
)
def test_a_repetition_counts_only_if_it_is_sent(second: VendorError | None, said: str, retries: int) -> None:
    errors = [BadStatusError(500)] if second is None else [BadStatusError(500), second]
    budget = (RetryBudget if second else OneRetry)(time.monotonic() + 20, 5.0)
    fetcher = Fetcher(
        cast("Any", Vendor(*errors)),
        cast("Any", None),
        Workers(len(errors)),
        workers=2,
        budget=budget,
        inputs=CycleInputs(time.time(), 5, early_window=(2, 6)),
    )
    fetcher.add([REQUEST])
    [answer] = fetcher.run()
    assert (str(answer.error), budget.retries) == (said, retries)
    assert not fetcher.unfinished
