"""The filter of matches by competition and country."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from footy.mirror.state import MatchState, References, State
from footy.provenance import Held, Source
from footy.records.flatten import competition_of, place_of
from footy.thesports.models import Competition, Detail


class Verdict(Enum):
    """Whether the operator wants a match."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    """Not shown yet: the known values neither match nor rule it out. A further request may decide it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The competitions and countries to keep, by case-insensitive name or id; empty keeps all.

    If both are given, a match must satisfy both.
    """

    competitions: Mapping[str, str] = field(default_factory=dict)
    countries: Mapping[str, str] = field(default_factory=dict)
    """Lower-cased name or id → the operator's spelling."""

    @classmethod
    def of(cls, competitions: Iterable[str] = (), countries: Iterable[str] = ()) -> "Selection":
        """Return a selection from the texts of the settings; blank ones do not count."""
        return cls(_folded(competitions), _folded(countries))

    @property
    def keeps_all(self) -> bool:
        """Check whether nothing is selected, so that every match is kept."""
        return not self.competitions and not self.countries

    def settings(self) -> list[str]:
        """Return the names of the settings that leave matches out."""
        chosen = {"FOOTY_COMPETITIONS": self.competitions, "FOOTY_COUNTRIES": self.countries}
        return [name for name, wanted in chosen.items() if wanted]

    def judge(self, detail: Held[Detail], references: References) -> Verdict:
        """Return whether a match is wanted, from its detail and the rows that the detail names.

        Only YES is kept. UNKNOWN means that the detail, the competition or the country list is missing and
        must be requested first, or that an id could not be read. A match whose detail names no competition
        is NO.
        """
        if self.keeps_all:
            return Verdict.YES
        competition = competition_of(detail, references)
        verdicts = (self._competition(detail, competition), self._country(detail, competition, references))
        if Verdict.NO in verdicts:
            return Verdict.NO
        return Verdict.UNKNOWN if Verdict.UNKNOWN in verdicts else Verdict.YES

    def _competition(self, detail: Held[Detail], competition: Held[Competition]) -> Verdict:
        if not self.competitions:
            return Verdict.YES
        if _names_no_competition(detail):
            return Verdict.NO
        competition_id = None if detail.value is None else detail.value.competition_id
        if _fold(competition_id or "") in self.competitions:
            return Verdict.YES
        if competition.value is None or competition.value.name is None:
            return Verdict.UNKNOWN
        return _either(_fold(competition.value.name) in self.competitions)

    def _country(
        self, detail: Held[Detail], competition: Held[Competition], references: References
    ) -> Verdict:
        if not self.countries:
            return Verdict.YES
        if competition.value is None:
            return Verdict.NO if _names_no_competition(detail) else Verdict.UNKNOWN
        place = place_of(competition, references)
        place_id = place.country_id
        if place.source is Source.NONE:
            place_id = competition.value.category_id
            if not place_id:
                return Verdict.NO
        if _fold(place_id or "") in self.countries:
            return Verdict.YES
        if place.name is None:
            return Verdict.UNKNOWN
        return _either(_fold(place.name) in self.countries)


@dataclass(frozen=True, slots=True)
class Selected:
    """The matches of a state by whether the operator wants them."""

    wanted: Mapping[str, MatchState]
    undecided: Mapping[str, MatchState]
    """Matches for which this is not yet known."""


def select(state: State, selection: Selection) -> Selected:
    """Return the matches that the operator wants, and those for which this is not yet known."""
    verdicts = {
        match_id: selection.judge(match.detail, state.references) for match_id, match in state.matches.items()
    }
    wanted, undecided = (
        {key: match for key, match in state.matches.items() if verdicts[key] is verdict}
        for verdict in (Verdict.YES, Verdict.UNKNOWN)
    )
    return Selected(wanted, undecided)


def misspelt(
    selection: Selection, competitions: Mapping[str, str], countries: Mapping[str, str]
) -> list[str]:
    """Return a sentence for each selected name that is probably misspelt, with the nearest known name.

    A competition that has not been live yet is unknown too, so its name counts as misspelt only if a known
    name is very near. The country list is complete: a country that is not on it does not exist.

    Args:
        selection: What the operator wants.
        competitions: Id to name of all competitions known so far.
        countries: Id to name of all countries and categories; empty if they are not known.
    """
    sentences = []
    for setting, kind, wanted, known in (
        ("FOOTY_COMPETITIONS", "competition", selection.competitions, competitions),
        ("FOOTY_COUNTRIES", "country", selection.countries, countries),
    ):
        names = {_fold(name): name.strip() for name in known.values()}
        ids = {_fold(one) for one in known}
        for folded, written in wanted.items():
            if not names or folded in names or folded in ids or _ID.fullmatch(folded):
                continue
            near = next(iter(difflib.get_close_matches(folded, names, n=1, cutoff=_NEAR)), None)
            if near is not None and _marks(near) == _marks(folded):
                hint = f"did you mean {names[near]}?"
            elif kind == "country":
                hint = "footy names lists the valid names."
            else:
                continue
            sentences.append(f"{setting} has {written}, and no {kind} that footy knows has this name: {hint}")
    return sentences


_ID = re.compile("[a-z0-9]{15}")
_NEAR = 0.87
"""Smallest share of letters that two spellings of one name have in common (difflib's ratio)."""


def _marks(name: str) -> list[str]:
    """Return the short words and numbers of a name: they alone distinguish Serie A from Serie B."""
    return [word for word in name.split() if len(word) <= 2 or any(map(str.isdigit, word))]  # noqa: PLR2004


def _fold(text: str) -> str:
    return text.strip().casefold()


def _folded(texts: Iterable[str]) -> dict[str, str]:
    return {folded: text.strip() for text in texts if (folded := _fold(text))}


def _names_no_competition(detail: Held[Detail]) -> bool:
    """Check whether a detail is known to have no competition: its id is empty, not unreadable."""
    row = detail.value
    return row is not None and not row.competition_id and "competition_id" not in row.left_out


def _either(answer: bool) -> Verdict:
    return Verdict.YES if answer else Verdict.NO
