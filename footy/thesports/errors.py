"""The named ways in which asking the vendor fails."""

from typing import ClassVar, Literal

from footy.errors import Exit, FootyError

Refused = Literal["account", "address", "endpoint"]
"""What it is that the vendor refuses."""

TRANSIENT = frozenset({500, 502, 503, 504})
"""HTTP statuses that may pass."""


class VendorError(FootyError):
    """Asking failed; the text is one plain sentence without the address that was asked."""

    exit_code = Exit.UNAVAILABLE
    outcome: ClassVar[str] = "error"
    """The name under which it is counted."""
    retryable: bool = False


class UnreachableError(VendorError):
    """No connection, or one that broke: name not resolving, refused, reset, TLS."""

    outcome = "unreachable"
    retryable = True


class TimedOutError(VendorError):
    """One attempt did not end within `FOOTY_TIMEOUT`."""

    outcome = "timeout"
    retryable = True


class OutOfTimeError(VendorError):
    """The cycle's deadline came first."""

    outcome = "deadline"

    def __init__(self, message: str, *, was_sent: bool = False) -> None:
        super().__init__(message)
        self.was_sent = was_sent
        """Whether the vendor was asked at all."""


class StoppedError(VendorError):
    """footy is stopping."""

    outcome = "stopped"


class BadStatusError(VendorError):
    """An HTTP status other than 200."""

    outcome = "status"

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP status {status}")
        self.retryable = status in TRANSIENT


class BadBodyError(VendorError):
    """A reply that is not the JSON it should be: cut off, HTML, of the wrong shape or type, far too large."""

    outcome = "body"
    retryable = True


class NoSuchRowError(VendorError):
    """A well-formed reply without the row that was asked for."""

    outcome = "no_row"


class VendorCodeError(VendorError):
    """A reply with a `code` other than 0, such as 100003 for a wrong parameter."""

    outcome = "code"


class ThrottledError(VendorError):
    """The vendor says 429, as a status or in a body; or the endpoint still cools down from one."""

    outcome = "throttled"

    def __init__(self, message: str, retry_at: float, *, was_sent: bool = True) -> None:
        super().__init__(message)
        self.retry_at = retry_at
        """On the monotonic clock, when the endpoint may be asked again."""
        self.was_sent = was_sent
        """Whether the vendor was asked at all."""


class QuotaSpentError(VendorError):
    """Asking would exceed the endpoint's quota, so nothing was sent."""

    outcome = "quota"


class RefusedError(VendorError):
    """The vendor refuses the account, the caller's address, or this endpoint."""

    exit_code = Exit.REFUSED
    outcome = "refused"

    def __init__(self, message: str, what: Refused, *, confirmed_refusal: bool = False) -> None:
        super().__init__(message)
        self.what = what
        self.confirmed_refusal = confirmed_refusal
        """Whether the endpoint counted as refused already, and nothing was sent."""


def drop_tracebacks(error: BaseException | None) -> None:
    """Let go of where an error, and those that led to it, were raised.

    The frames there hold replies of megabytes, addresses with the secret in them, and often the error itself:
    a circle that only the garbage collector finds, which goes by the number of objects and not by their size.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__context__
