"""One record of each attempt at a request: counters, the error rate and the log are made from it."""

from dataclasses import dataclass

OK = "ok"


@dataclass(slots=True)
class AttemptRecord:
    """One attempt, as it becomes known."""

    endpoint: str
    asked: str
    """The endpoint and its parameters, without credentials."""
    number: int
    """From 1."""
    most: int
    """How many attempts the request may have."""
    was_sent: bool = False
    seconds: float = 0.0
    """From sending to the decoded reply, or to the failure."""
    outcome: str = OK
    """`ok`, or the name of the failure."""
    failure: str = ""
    """The failure in words."""
    counts: bool = True
    """Whether it counts towards the error rate, if it was sent."""
    next_in_s: float | None = None
    """Seconds until the next attempt; None if none follows."""

    def sentence(self) -> str:
        """Return the line of the log for an attempt that failed."""
        then = "no further attempt" if self.next_in_s is None else f"next in {self.next_in_s:.2f} s"
        attempt = f"attempt {self.number} of {self.most}"
        return f"API call failed: {self.asked}, {attempt}: {self.failure}; {then}"
