"""Detect events: compare each record with the events emitted before. The contract is docs/events.md.

Pure: no I/O, and of footy it imports only the record and the conversion of times.
"""

from footy.events.detect import NoRecord, detect
from footy.events.detector import Detection, Detector
from footy.events.emitted import Emitted
from footy.events.results import History
from footy.events.sighting import EventRules
from footy.events.types import Event

__all__ = [
    "Detection",
    "Detector",
    "Emitted",
    "Event",
    "EventRules",
    "History",
    "NoRecord",
    "detect",
]
