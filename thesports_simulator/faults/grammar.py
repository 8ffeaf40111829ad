"""The syntax of a fault: `NAME[=ARGUMENT][:RATE][xCOUNT][@ENDPOINT]`."""

import math
import re
from dataclasses import dataclass

from thesports_simulator.faults.catalogue import CATALOGUE, Kind
from thesports_simulator.protocol.endpoints import NAMES

_WRITTEN = re.compile(
    r"(?P<name>\w+?)(=(?P<argument>.*?))?(:(?P<rate>\d+(\.\d*)?|\.\d+))?(x(?P<count>\d+))?(@(?P<endpoint>.+))?"
)


class FaultError(ValueError):
    """A fault has the wrong syntax or does not exist."""


@dataclass(slots=True)
class Fault:
    """An active fault: name, argument, share of calls, endpoint (`*`: all), times left (None: no limit)."""

    text: str
    name: str
    argument: str
    rate: float
    endpoint: str
    left: int | None

    @property
    def kind(self) -> Kind:
        """Return the kind of fault."""
        return CATALOGUE[self.name]

    def applies_to(self, endpoint: str) -> bool:
        """Return whether it may be injected into a call to this endpoint."""
        return (
            self.left != 0
            and self.endpoint in {"*", endpoint}
            and (not self.kind.endpoints or endpoint in self.kind.endpoints)
        )


def parse_fault(text: str) -> Fault:
    """Parse a fault such as `http503=5:0.1@odds/history`.

    Raises:
        FaultError: The syntax is wrong, or there is no such fault.
    """
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise FaultError(f"{text!r} is not NAME[=ARGUMENT][:RATE][xCOUNT][@ENDPOINT]")
    name, argument = written["name"], written["argument"]
    if name not in CATALOGUE:
        raise FaultError(f"there is no fault {name!r}")
    kind = CATALOGUE[name]
    rate = float(written["rate"] or 1)
    if not 0 <= rate <= 1:
        raise FaultError(f"{text!r}: the rate is not from 0 to 1")
    if argument is None:
        argument = kind.default
    elif kind.default == "" and not kind.takes_argument:
        raise FaultError(f"{name} takes no argument")
    if kind.is_numeric:
        _check_number(text, argument)
    count, endpoint = written["count"], written["endpoint"] or "*"
    if endpoint not in {"*", *NAMES}:
        raise FaultError(f"no such endpoint: {endpoint}")
    return Fault(text, name, argument, rate, endpoint, None if count is None else int(count))


def _check_number(text: str, argument: str) -> None:
    try:
        is_number = math.isfinite(float(argument or 0))
    except ValueError:
        is_number = False
    if not is_number:
        raise FaultError(f"{text!r}: {argument!r} is not a number")
