"""The injector: chooses which calls get a fault, and applies it."""

import zlib
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from thesports_simulator.faults.grammar import Fault, parse_fault
from thesports_simulator.protocol.replies import Reply
from thesports_simulator.protocol.source import Quirk


class FaultInjector:
    """The active faults, drawn by seed; each call gets the first fault that is drawn for it, or none.

    Quirks are apart from that: a call has all of them.
    """

    def __init__(self, faults: Sequence[str], *, seed: int) -> None:
        # The text of the seed decides every draw, so it must not change.
        self._random = Random(f"mischief:{seed}")
        self.active: list[Fault] = []
        self.add(faults)

    def add(self, faults: Sequence[str]) -> None:
        """Switch more faults on, after the active ones.

        Raises:
            FaultError: One of them is wrong; then none is switched on.
        """
        self.active = [*self.active, *[parse_fault(text) for text in faults]]

    def clear(self) -> None:
        """Switch all faults off; faulty replies on their way stay faulty."""
        self.active = []

    def choose(self, endpoint: str, uuid: str) -> Fault | None:
        """Return the fault of a call, if any."""
        for fault in self.active:
            if fault.kind.is_quirk or not fault.applies_to(endpoint) or (fault.kind.paging and uuid):
                continue
            # The same matches vanish on every call.
            vanishes = fault.name == "vanish"
            share = zlib.crc32(uuid.encode()) / (1 << 32) if vanishes else self._random.random()
            if share < fault.rate:
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    def quirks(self, endpoint: str) -> tuple[Quirk, ...]:
        """Return the quirks of a call: all that are active."""
        quirks = [fault for fault in self.active if fault.kind.is_quirk and fault.applies_to(endpoint)]
        for fault in quirks:
            if fault.left is not None:
                fault.left -= 1
        return tuple(Quirk(fault.name, fault.rate) for fault in quirks)

    def apply(self, fault: Fault, reply: Reply, target: str) -> tuple[Reply, list[str]]:
        """Return the faulty reply and the places it changed; faults on the wire do not change the reply."""
        argument = target if fault.kind.echoes else fault.argument
        if fault.kind.answer:
            return fault.kind.answer(argument), []
        if fault.kind.change is None:
            return reply, []
        body = msgspec.json.decode(reply.body)
        # A refusal has no results to change.
        if "results" not in body:
            return reply, []
        changed, touched = fault.kind.change(body, self._random, argument)
        return Reply(changed if isinstance(changed, bytes) else msgspec.json.encode(changed)), touched

    def described(self) -> list[dict[str, Any]]:
        """Return the active faults for the control path."""
        return [{"fault": fault.text, "left": fault.left} for fault in self.active]
