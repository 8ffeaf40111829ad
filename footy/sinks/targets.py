"""What the operator's targets are: data only, read from the rules file, opened by the registry."""

from dataclasses import dataclass, field
from typing import Literal

MAX_AGE_S = 300.0
"""Seconds after which a message is late for people, and so not sent any more."""
TIMEOUT_S = 10.0
"""Seconds that a target may take for a message."""


@dataclass(frozen=True, slots=True)
class Target:
    """A target of messages or events."""

    name: str
    kind: Literal["notify", "webhook", "command", "sink"]
    url: str = field(default="", repr=False)
    """Apprise's URL of a service for people, or the address of a webhook; it may hold a password."""
    secret: str = field(default="", repr=False)
    """The key that signs what a webhook gets."""
    command: tuple[str, ...] = ()
    """A program and its arguments."""
    sink: str = ""
    """The name of a third-party sink in the entry-point group `footy.sinks`."""
    settings: str = field(default="{}", repr=False)
    """What that sink is given, as JSON; it may hold a password."""
    events: tuple[str, ...] | None = None
    """The types of events that it gets: all if None. Alerts for other targets are never among those."""
    max_age_s: float = MAX_AGE_S
    timeout_s: float = TIMEOUT_S

    def wants(self, kind: str, to: tuple[str, ...] | None) -> bool:
        """Check whether this target gets an event.

        Args:
            kind: The type, without `footy.`.
            to: The names of an alert's targets; None for any other event.
        """
        if self.events is None:
            return True
        return kind in self.events and (to is None or self.name in to)
