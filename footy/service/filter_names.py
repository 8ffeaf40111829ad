"""`footy names`: list the known competitions and countries in the form that the filters accept."""

import sqlite3
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from footy.errors import CannotWriteError
from footy.reference.disk_cache import Entry, read_all
from footy.thesports import endpoints
from footy.thesports.codes import CATEGORIES
from footy.thesports.decoders import read_reference
from footy.thesports.errors import VendorError
from footy.thesports.models import Competition, Country
from footy.thesports.request import CATEGORY_LIST, COUNTRY_LIST, Request

EXPLAINED = "A filter takes names or ids, separated by commas; use the id if a name contains a comma."

SEEN = "footy knows all countries, and the competitions that have been live since its cache file was made."


@dataclass(frozen=True, slots=True)
class Known:
    """The reference data in the cache file."""

    competitions: list[Competition]
    countries: Mapping[str, Country]
    categories: Mapping[str, Country]


def known(cache: Path) -> Known:
    """Read the competitions, countries and categories from the cache file of a data folder.

    Raises:
        CannotWriteError: The file cannot be read.
    """
    try:
        kept = read_all(cache)
    except (sqlite3.Error, OSError) as error:
        raise CannotWriteError(f"The cache file {cache} cannot be read ({error}).") from None
    categories = {one: Country(one, name) for one, name in CATEGORIES.items()}
    return Known(
        list(_competitions(kept)), _list(kept, COUNTRY_LIST), {**categories, **_list(kept, CATEGORY_LIST)}
    )


def lines(cache: Path, text: str) -> list[str]:
    """Return a line for each competition and country whose name, id or country contains the text.

    Raises:
        CannotWriteError: The cache file cannot be read.
    """
    names, wanted = known(cache), _plain(text)
    if not names.competitions and not names.countries:
        return ["No competition or country is known yet: run bash start.sh --once first."]
    places = {**names.categories, **names.countries}
    competitions = []
    for one in names.competitions:
        place = places.get(one.country_id or one.category_id or "")
        competitions.append((one.name or "", one.id, place.name or "" if place is not None else ""))
    countries = [(one.name or "", one.id, "") for one in places.values()]
    said = []
    for setting, rows in (("FOOTY_COMPETITIONS", competitions), ("FOOTY_COUNTRIES", countries)):
        found = sorted(
            (row for row in rows if wanted in _plain(" ".join(row))), key=lambda row: _plain(row[0])
        )
        if not found:
            continue
        width = max(len(name) for name, *_ in found)
        said += [
            f"{setting}:",
            *(f"  {one_id:<15}  {name:<{width}}  {place}".rstrip() for name, one_id, place in found),
        ]
    if not said:
        return [f"No known competition or country has {text!r} in its name.", SEEN]
    return [*said, EXPLAINED]


def _competitions(kept: Mapping[str, Entry]) -> Iterator[Competition]:
    prefix = f"{endpoints.COMPETITION}?uuid="
    for key, one in kept.items():
        if key.startswith(prefix):
            try:
                row = read_reference(Request(endpoints.COMPETITION, key.removeprefix(prefix)), one.results)
            except VendorError:
                continue
            if isinstance(row, Competition):
                yield row


def _list(kept: Mapping[str, Entry], request: Request) -> dict[str, Country]:
    try:
        rows = read_reference(request, kept[str(request)].results)
    except (KeyError, VendorError):
        return {}
    return rows if isinstance(rows, dict) else {}


def _plain(text: str) -> str:
    """Return the text without case and accents, for the search."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
