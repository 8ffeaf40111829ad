"""One match as lines of the screen, without its prices: names and score, statistics, weather."""

from collections.abc import Iterable
from datetime import tzinfo

from rich.text import Text

from footy.outputs.console.styles import CLOCK, FAINT, RED_CARD, SCORE, STRONG
from footy.outputs.console.terminal_text import Glyphs
from footy.outputs.record_values import local, moment, number
from footy.record import MatchRecord

FINISHED = 8

_STATISTICS = (
    (("shots on", "shots_on_target"), ("off", "shots_off_target")),
    (("possession", "possession"),),
    (("corners", "corners"),),
)
"""Label and field of each statistic; a group is written together."""


def status_text(match: MatchRecord, glyphs: Glyphs) -> str:
    """Return the status of a match with its clock: `Second half | 67'`; the status alone if no clock runs."""
    status = glyphs.clean(match["status"].replace(" (deprecated)", ""))
    clock = glyphs.clean(match["clock"])
    return f"{status} | {clock}" if "'" in clock else status


def headline(
    match: MatchRecord, glyphs: Glyphs, *, status_cells: int, facts: Iterable[str] = ()
) -> list[Text]:
    """Return status and clock, names and score, then other scores, cards and `facts`."""
    colour = CLOCK if match["in_play"] else FAINT
    status = f"[{status_text(match, glyphs)}]".ljust(status_cells + 2)
    score = _pair(match["home_score"], match["away_score"], f" {glyphs.dash} ")
    away = Text(_name_of(match, "away", glyphs), STRONG)
    return [
        Text(f"{glyphs.bullet} {status} ", colour),
        Text(f"{_name_of(match, 'home', glyphs)} ", STRONG),
        Text(f"{score} ", SCORE),
        *glyphs.dotted([away, *_details(match, glyphs), *facts]),
    ]


def _name_of(match: MatchRecord, side: str, glyphs: Glyphs) -> str:
    """Return a team's name, its short name if that is all there is, else a question mark."""
    for name in (match.get(side), match.get(f"{side}_short")):
        if isinstance(name, str) and (shown := glyphs.clean(name)):
            return shown
    return "?"


def _details(match: MatchRecord, glyphs: Glyphs) -> list[Text]:
    """Return other scores, red cards and neutral ground."""
    details = [
        Text(_named_pair("pens", match, "score_pens", glyphs), SCORE),
        Text(_named_pair("HT", match, "score_ht", glyphs)),
    ]
    if match["status_id"] == FINISHED and match["home_score_et"] is not None:
        details.insert(1, Text("after extra time"))
    if match["aggregate_home"] is not None or match["aggregate_away"] is not None:
        details.append(
            Text(f"aggregate {_pair(match['aggregate_home'], match['aggregate_away'], glyphs.dash)}")
        )
    if match["home_red_cards"] or match["away_red_cards"]:
        details.append(Text(_named_pair("red cards", match, "red_cards", glyphs), RED_CARD))
    if match["neutral"]:
        details.append(Text("neutral ground"))
    return [detail for detail in details if detail]


def _named_pair(words: str, match: MatchRecord, field: str, glyphs: Glyphs) -> str:
    """Return the home and away value of a field after its label; empty if neither is known."""
    home, away = match.get(f"home_{field}"), match.get(f"away_{field}")
    return "" if home is None and away is None else f"{words} {_pair(home, away, glyphs.dash)}"


def _pair(home: object, away: object, between: str) -> str:
    if home is None and away is None:
        return between.strip()
    return between.join("?" if value is None else str(value) for value in (home, away))


def statistics(match: MatchRecord, glyphs: Glyphs, timezone: tzinfo) -> list[str]:
    """Return the known ones of kick-off, shots, possession and corners, home before away."""
    kickoff = moment(match["kickoff_at"])
    texts = [f"kick-off {local(kickoff, timezone):%H:%M}"] if kickoff is not None else []
    for together in _STATISTICS:
        pairs = (_named_pair(words, match, field, glyphs) for words, field in together)
        texts.append(", ".join(filter(None, pairs)))
    return list(filter(None, texts))


def weather(match: MatchRecord, glyphs: Glyphs) -> list[str]:
    """Return the known ones of weather, temperature and wind."""
    texts = [] if match["weather"] is None else [glyphs.clean(match["weather"])]
    temperatures = ((number(match["temperature_c"]), "C"), (number(match["temperature_f"]), "F"))
    degrees = [f"{value:g}{glyphs.degree}{unit}" for value, unit in temperatures if value is not None]
    if degrees:
        texts.append(" / ".join(degrees))
    winds = ((number(match["wind_ms"]), "m/s"), (number(match["wind_mph"]), "mph"))
    speeds = " / ".join(f"{value:g} {unit}" for value, unit in winds if value is not None)
    words = [speeds, glyphs.clean(match["wind"] or "")]
    if any(words):
        texts.append("Wind " + ", ".join(filter(None, words)))
    return texts
