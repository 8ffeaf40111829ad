"""The named errors of requests to the vendor."""

from typing import ClassVar, Literal

from footy.errors import Exit, FootyError

Refused = Literal["account", "address", "endpoint"]
"""What the vendor refuses."""

TRANSIENT = frozenset({500, 502, 503, 504})
"""HTTP statuses of failures that may be temporary."""


class VendorError(FootyError):
    """A request failed; the text is one plain sentence without the URL."""

    exit_code = Exit.UNAVAILABLE
    outcome: ClassVar[str] = "error"
    """The name of the error in counters."""
    retryable: bool = False
    was_sent: bool = True
    """Whether a request was sent."""


class UnreachableError(VendorError):
    """The connection failed or broke: name resolution, refused, reset, TLS."""

    outcome = "unreachable"
    retryable = True


class TimedOutError(VendorError):
    """An attempt did not end within `FOOTY_TIMEOUT`."""

    outcome = "timeout"
    retryable = True


class OutOfTimeError(VendorError):
    """The cycle's deadline came before the reply."""

    outcome = "deadline"

    def __init__(self, message: str, *, was_sent: bool = False) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class StoppedError(VendorError):
    """footy is stopping."""

    outcome = "stopped"


class LeaseOverError(StoppedError):
    """The right to ask the vendor is over: another machine may lead by now."""

    outcome = "no_lease"

    def __init__(self) -> None:
        super().__init__("the lease is over: another machine may ask the vendor")


class BadStatusError(VendorError):
    """An HTTP status other than 200."""

    outcome = "status"

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP status {status}")
        self.retryable = status in TRANSIENT


class BadBodyError(VendorError):
    """The body is not the expected JSON: truncated, HTML, of the wrong shape or type, or far too large."""

    outcome = "body"
    retryable = True


class NoSuchRowError(VendorError):
    """The reply is well-formed but lacks the requested row."""

    outcome = "no_row"


class VendorCodeError(VendorError):
    """The reply has a `code` other than 0, such as 100003 for a wrong parameter."""

    outcome = "code"


class ThrottledError(VendorError):
    """The vendor answered 429, as a status or in a body, or the endpoint is still cooling down after one."""

    outcome = "throttled"

    def __init__(self, message: str, retry_at: float, *, was_sent: bool = True) -> None:
        super().__init__(message)
        self.retry_at = retry_at
        """Earliest time for the next request to the endpoint, in monotonic seconds."""
        self.was_sent = was_sent


class QuotaSpentError(VendorError):
    """The request would exceed the endpoint's quota, so it was not sent."""

    outcome = "quota"
    was_sent = False


class RefusedError(VendorError):
    """The vendor refuses the account, the caller's address, or this endpoint."""

    exit_code = Exit.REFUSED
    outcome = "refused"

    def __init__(self, message: str, what: Refused, *, confirmed_refusal: bool = False) -> None:
        super().__init__(message)
        self.what = what
        self.confirmed_refusal = confirmed_refusal
        """Whether the endpoint already counted as refused, so that nothing was sent."""
        self.was_sent = not confirmed_refusal


def is_unsent(error: VendorError | None) -> bool:
    """Check whether a request was not sent because the cycle ran out of time; the next cycle sends it."""
    return isinstance(error, OutOfTimeError) and not error.was_sent


def drop_tracebacks(error: BaseException | None) -> None:
    """Drop the tracebacks of an error chain: their frames keep whole response bodies alive.

    The frames also hold URLs with the secret, and often the error itself. Only the garbage collector frees
    such a cycle, and it is triggered by the number of objects, not by their size.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__context__
