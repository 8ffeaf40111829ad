"""One match as lines of the board: its headline, what is doubtful about it, its weather."""

from datetime import datetime, tzinfo

from footy.outputs.record_values import age_text, local, moment, number
from footy.outputs.styles import CLOCK, FAINT, RED_CARD, SCORE, STRONG, SUSPENDED, WARNING
from footy.outputs.terminal_text import Piece, Script, hard
from footy.record import MatchRecord

NOT_KICKED_OFF = frozenset({1, 9, 12, 13})
FINISHED = 8

PARTS: tuple[tuple[str, str, str | None], ...] = (
    ("live", "score and clock", "fetched_at"),
    ("detail", "detail", "detail_fetched_at"),
    ("odds", "odds", "odds_fetched_at"),
    ("home", "home team", None),
    ("away", "away team", None),
    ("competition", "competition", None),
    ("country", "country", None),
)
"""The record's parts, each with a `…_source`: its words for people, and the field of when it was read."""

_FOLLOWS = {"home": "detail", "away": "detail", "competition": "detail", "country": "competition"}
DOUBTFUL = ("mock", "missing", "stale", "refused")
"""The sources a reader must know of; the others are as good as new."""


def doubts(match: MatchRecord) -> list[tuple[str, str, str | None]]:
    """Return (part, state, field of its time) for each part that is stale, missing, refused or made up.

    What is missing only because the part that names it is missing too is not said again.
    """
    found = []
    lost = ("missing", "refused")
    for part, _, read_at in PARTS:
        source = match.get(f"{part}_source")
        if source in lost and match.get(f"{_FOLLOWS.get(part)}_source") in lost:
            continue
        if isinstance(source, str) and source in DOUBTFUL:
            found.append((part, source, read_at))
    return found


def doubt_texts(
    match: MatchRecord, published: datetime | None, script: Script, *, unsaid: frozenset[str] = frozenset()
) -> list[str]:
    """Return the match's doubts for people: `odds stale 4 min`, `detail missing`, `MOCK odds`.

    Parts in `unsaid` are left out: what the account is refused for every match is said once, above them all.
    """
    words = {part: label for part, label, _ in PARTS}
    texts = []
    for part, state, read_at in doubts(match):
        if part in unsaid:
            continue
        if state == "mock":
            texts.append(f"MOCK {words[part]}")
            continue
        age = age_text(moment(match.get(read_at)), published) if read_at and state == "stale" else ""
        texts.append(f"{words[part]} {state} {age}".rstrip())
    if match["home"] is None and match["away"] is None:
        texts.append(f"match id {script.clean(match['match_id'])}")
    return texts


def status_text(match: MatchRecord, script: Script) -> str:
    """Return the words in front of a match: `Second half | 67'`, or the status alone where no clock runs."""
    status = script.clean(match["status"].replace(" (deprecated)", ""))
    clock = script.clean(match["clock"])
    return f"{status} | {clock}" if "'" in clock else status


def name_of(match: MatchRecord, side: str, script: Script) -> str:
    """Return a team's name, its short name where that is all there is, else a question mark."""
    for name in (match.get(side), match.get(f"{side}_short")):
        if isinstance(name, str) and (shown := script.clean(name)):
            return shown
    return "?"


def headline(match: MatchRecord, *, status_cells: int, script: Script, timezone: tzinfo) -> list[Piece]:
    """Return bullet, status, clock, names and score, and the rest of what is known in short."""
    status = hard(f"[{status_text(match, script)}]".ljust(status_cells + 2))
    score = hard(_pair(match["home_score"], match["away_score"], script, spaced=True))
    colour = CLOCK if match["in_play"] else FAINT
    fixture: list[Piece] = [
        (f"{script.bullet} ", colour),
        (status, colour),
        (" ", None),
        (name_of(match, "home", script), STRONG),
        (" ", None),
        (score, SCORE),
        (" ", None),
        (name_of(match, "away", script), STRONG),
    ]
    asides = _asides(match, script, timezone)
    return [*fixture, *script.dotted(asides, behind=True)]


def _asides(match: MatchRecord, script: Script, timezone: tzinfo) -> list[Piece]:
    """Return what stands behind the names: other scores, red cards, kick-off, neutral ground."""

    def pair(word: str, field: str) -> str | None:
        home, away = match.get(f"home_{field}"), match.get(f"away_{field}")
        return None if home is None and away is None else f"{word} {_pair(home, away, script)}"

    asides: list[Piece] = []
    if pens := pair("pens", "score_pens"):
        asides.append((pens, SCORE))
    if match["status_id"] == FINISHED and match["home_score_et"] is not None:
        asides.append(("after extra time", None))
    if half_time := pair("HT", "score_ht"):
        asides.append((half_time, None))
    if match["aggregate_home"] is not None or match["aggregate_away"] is not None:
        aggregate = _pair(match["aggregate_home"], match["aggregate_away"], script)
        asides.append((f"aggregate {aggregate}", None))
    if match["home_red_cards"] or match["away_red_cards"]:
        red_cards = _pair(match["home_red_cards"], match["away_red_cards"], script)
        asides.append((f"red cards {red_cards}", RED_CARD))
    kickoff = moment(match["kickoff_at"])
    if match["status_id"] in NOT_KICKED_OFF and kickoff is not None:
        asides.append((f"kick-off {local(kickoff, timezone):%H:%M}", None))
    if match["neutral"]:
        asides.append(("neutral ground", None))
    return asides


def _pair(home: object, away: object, script: Script, *, spaced: bool = False) -> str:
    if home is None and away is None:
        return script.dash
    first, second = ("?" if value is None else str(value) for value in (home, away))
    return f"{first} {script.dash} {second}" if spaced else f"{first}{script.dash}{second}"


def doubt_pieces(texts: list[str], script: Script) -> list[Piece]:
    """Return the doubts of a match as one line."""
    styled = [(text, SUSPENDED if text.startswith("MOCK") else WARNING) for text in texts]
    return [("! ", WARNING), *script.dotted(styled)]


def environment_texts(match: MatchRecord, script: Script) -> list[str]:
    """Return weather, temperature and wind, each where it is known."""
    texts = []
    weather = match["weather"]
    if weather is not None:
        texts.append(script.clean(weather))
    temperatures = ((number(match["temperature_c"]), "C"), (number(match["temperature_f"]), "F"))
    degrees = [f"{value:g}{script.degree}{unit}" for value, unit in temperatures if value is not None]
    if degrees:
        texts.append(" / ".join(degrees))
    winds = ((number(match["wind_ms"]), "m/s"), (number(match["wind_mph"]), "mph"))
    speeds = [f"{value:g} {unit}" for value, unit in winds if value is not None]
    if speeds or match["wind"] is not None:
        words = [" / ".join(speeds)] if speeds else []
        if match["wind"] is not None:
            words.append(script.clean(match["wind"]))
        texts.append("Wind " + ", ".join(words))
    return texts
