"""Messages to people: each at most once, none late, those of one cycle together.

Before a message is sent, the ledger notes that it is being sent. So whatever happens then (a time-out, a
lost answer, `kill -9`), it is not sent again, but counted as unknown. Only what surely was not sent is tried
again, until it is too old.
"""

import logging
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, NamedTuple

import msgspec

from footy.events.envelope import Envelope
from footy.history.log import Position
from footy.plain_text import harmless
from footy.sinks.base import Again
from footy.sinks.ledger import MessageState
from footy.sinks.target_sink import TargetSink
from footy.times import unix_seconds

log = logging.getLogger("footy.sinks")

Sent = Literal["sent", "unknown", "refused"]
DEMO_SOURCE = "urn:footy:demo"


class _Score(msgspec.Struct, frozen=True):
    home: int
    away: int


class _Said(msgspec.Struct, frozen=True):
    """What messages need of the data of any event."""

    text: str | None = None
    rule: str | None = None
    unseen_s: float = 0.0
    outcome: str | None = None
    home: str | None = None
    away: str | None = None
    clock: str | None = None
    score: _Score | None = None
    after: _Score | msgspec.Raw | None = None
    indicator: str | None = None


class Message(NamedTuple):
    """An event as a message."""

    envelope: Envelope
    title: str
    line: str
    age_from: float
    """Unix seconds: when it may have happened at the earliest."""


class MessageSink(TargetSink):
    """A target that gets messages."""

    together = True
    """Whether the messages of a cycle are delivered as one."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        """Begin as every sink of a target does."""
        super().__init__(*arguments, **named)
        self._begun: set[str] = set()
        """What was begun of the batch: the ledger may be lost in the middle of it."""

    @abstractmethod
    def deliver(self, messages: Sequence[Message]) -> Sent:
        """Deliver messages of one cycle.

        Raises:
            Again: They were surely not delivered.
        """

    def parts(self, messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
        """Divide the messages of a cycle into those that are delivered as one."""
        return [messages]

    def position(self) -> Position | None:
        """Return how far the target is; what an earlier process had begun is given up as unknown."""
        if unknown := self._ledger.give_up_begun():
            log.warning(
                "Sink %s: %d messages were being sent when footy ended; they are not sent again",
                self.name,
                unknown,
            )
        return super().position()

    def send(self, batch: Sequence[Envelope]) -> None:
        """Send what is for this target."""
        wanted = [found for one in batch if self._wants(one) and (found := message(one)) is not None]
        for _, of_cycle in groupby(wanted, _cycle if self.together else _event):
            for part in self.parts([*of_cycle]):
                self._check_stopped()
                self._send_together(part)
        self._reached(batch[-1])
        self._begun.clear()

    def _send_together(self, messages: Sequence[Message]) -> None:
        new = [one for one in messages if self._is_new(one.envelope.id)]
        oldest = self._now() - self._target.max_age_s
        late = [one for one in new if one.age_from < oldest]
        if late:
            self._note(late, "too_old")
        due = [one for one in new if one.age_from >= oldest]
        if not due:
            return
        ids = [one.envelope.id for one in due]
        self._ledger.note(ids, "sending")
        self._begun.update(ids)
        try:
            outcome = self.deliver(due)
        except Again:
            self._begun.difference_update(ids)
            self._ledger.forget(ids)
            raise
        self._note(due, outcome)

    def _is_new(self, event_id: str) -> bool:
        return event_id not in self._begun and self._ledger.state(event_id) is None

    def _note(self, messages: Sequence[Message], state: MessageState) -> None:
        self._ledger.note([one.envelope.id for one in messages], state)
        if state != "sent":
            words = {
                "too_old": "are too old to be sent",
                "unknown": "may have been sent or not, and are not sent again",
                "refused": "were refused",
            }
            ids = ", ".join(one.envelope.id for one in messages)
            log.warning("Sink %s: %d messages %s: %s", self.name, len(messages), words[state], ids)


def _cycle(one: Message) -> str:
    return one.envelope.time


def _event(one: Message) -> str:
    return one.envelope.id


def message(one: Envelope) -> Message | None:
    """Return an event as a message; None if it is of no type known here."""
    kind = one.type.removeprefix("footy.")
    try:
        said = msgspec.json.decode(one.data, type=_Said)
        age_from = unix_seconds(one.time) - said.unseen_s
    except (msgspec.DecodeError, ValueError):
        return None
    title = harmless(said.rule or said.indicator or kind.replace("_", " "))
    mark = _mark(one)
    return Message(one, f"{mark}{title}", f"{mark}{said.text or _line(kind, said)}", age_from)


def _mark(one: Envelope) -> str:
    """Return the mark before a message of a replay, or of the demo."""
    return ("REPLAY: " if one.footyreplay else "") + ("DEMO: " if one.source == DEMO_SOURCE else "")


def _line(kind: str, said: _Said) -> str:
    """Return the words of an event that has no text of its own."""
    words = kind.replace("_", " ")
    if said.indicator is not None:
        return f"{words}: {harmless(said.indicator)}"
    if said.home is None and said.away is None:
        return words
    score = said.score or (said.after if isinstance(said.after, _Score) else None)
    between = "–" if score is None else f"{score.home}–{score.away}"
    teams = f"{harmless(said.home)} {between} {harmless(said.away)}"
    clock = f", {harmless(said.clock)}" if said.clock else ""
    rule = f" ({said.rule}: {said.outcome})" if said.rule and said.outcome else ""
    return f"{teams}{clock}: {words}{rule}"


def title_of(messages: Sequence[Message]) -> str:
    """Return the title of messages together."""
    titles = list(map(attrgetter("title"), messages))
    if len({*titles}) == 1:
        return str(titles[0])
    return f"{_mark(messages[0].envelope)}{len(titles)} alerts"
