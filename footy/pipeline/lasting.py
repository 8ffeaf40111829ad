"""Problems that no request of a cycle causes: with the operator's filters, and with clocks."""

import logging
from dataclasses import dataclass, field

from footy.mirror.state import References, State
from footy.pipeline import report
from footy.records.clock_checks import implausible_clocks
from footy.records.selection import Selected, Selection
from footy.reference.lookup import Lookup
from footy.thesports import endpoints
from footy.thesports.vendor_clock import VendorClock, clock_text

log = logging.getLogger(__name__)

CLOCK_OFF_S = 30.0
"""Difference between the machine's clock and the vendor's, in seconds, from which the operator is warned."""


@dataclass
class LastingProblems:
    """Finds these problems in each cycle; logs a misspelt filter and a wrong clock once, when it is new."""

    selection: Selection
    lookup: Lookup
    vendor_clock: VendorClock
    _misspelt: frozenset[str] = field(default=frozenset(), init=False)
    _is_clock_off: bool = field(default=False, init=False)

    def problems(self, state: State, selected: Selected) -> list[str]:
        """Return a sentence for each problem."""
        offset_s = self.vendor_clock.offset_s
        return [
            *report.selection_problems(state, selected, self.selection),
            *self._misspelt_names(state.references),
            *implausible_clocks(selected.wanted.values(), clock_offset_s=offset_s),
            *self._clock_problems(),
        ]

    def _misspelt_names(self, references: References) -> list[str]:
        """Return a sentence for each filter that seems misspelt, and log the new sentences."""
        if self.selection.keeps_all:
            return []
        known = self.lookup.known(endpoints.COMPETITION)
        sentences = report.misspelt_names(self.selection, known, references)
        for sentence in sentences:
            if sentence not in self._misspelt:
                log.warning(sentence)
        self._misspelt = frozenset(sentences)
        return sentences

    def _clock_problems(self) -> list[str]:
        """Return a sentence if the machine's clock is far from the vendor's; log it when that begins."""
        measured_s = self.vendor_clock.measured_s or 0.0
        was_off, self._is_clock_off = self._is_clock_off, abs(measured_s) >= CLOCK_OFF_S
        if not self._is_clock_off:
            return []
        sentence = f"This machine's clock is {clock_text(measured_s)}; minutes and prices go by the vendor's"
        if not was_off:
            log.warning(sentence)
        return [sentence]
