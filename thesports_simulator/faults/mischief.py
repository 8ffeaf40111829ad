"""Decides which calls go wrong, and how."""

import zlib
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec

from thesports_simulator.faults.grammar import Fault, parse_fault
from thesports_simulator.protocol.replies import Reply


class Mischief:
    """The faults switched on, drawn by seed; each call gets the first that befalls it, or none."""

    def __init__(self, faults: Sequence[str], *, seed: int) -> None:
        self._random = Random(f"mischief:{seed}")
        self.faults: list[Fault] = []
        self.add(faults)

    def add(self, faults: Sequence[str]) -> None:
        """Switches more on, behind those that are.

        Raises:
            FaultError: one of them is written wrongly; none is switched on then.
        """
        self.faults = [*self.faults, *[parse_fault(text) for text in faults]]

    def clear(self) -> None:
        """Switches all off. Replies that are on their way wrong stay so."""
        self.faults = []

    def choose(self, endpoint: str, uuid: str) -> Fault | None:
        """The fault of a call, if any."""
        for fault in self.faults:
            if not fault.concerns(endpoint):
                continue
            # Those that vanish are the same matches each time, whoever asks.
            vanishes = fault.name == "vanish"
            share = zlib.crc32(uuid.encode()) / (1 << 32) if vanishes else self._random.random()
            if share < fault.rate:
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    def spoil(self, fault: Fault, reply: Reply, asked: str) -> tuple[Reply, list[str]]:
        """The reply as the fault has it, and what it touched; faults of the wire leave it as it is."""
        argument = asked if fault.kind.echoes else fault.argument
        if fault.kind.answer:
            return fault.kind.answer(argument), []
        if fault.kind.change is None:
            return reply, []
        body = msgspec.json.decode(reply.body)
        # Errors have nothing inside to spoil.
        if "results" not in body:
            return reply, []
        changed, touched = fault.kind.change(body, self._random, argument)
        return Reply(changed if isinstance(changed, bytes) else msgspec.json.encode(changed)), touched

    def told(self) -> list[dict[str, Any]]:
        """The faults as the control path tells them."""
        return [{"fault": fault.text, "left": fault.left} for fault in self.faults]
