"""Incidents of a match as the record lists them: in the vendor's order, with its codes as words."""

from collections.abc import Mapping, Sequence

from footy.record import IncidentRecord
from footy.records.values import name
from footy.thesports import codes
from footy.thesports.models import Incident


def _word(table: Mapping[int, str], code: int | None) -> str | None:
    return None if code is None else table.get(code)


def _incident(incident: Incident) -> IncidentRecord:
    home, away = incident.home_score, incident.away_score
    shoot_out = incident.type in codes.SHOOT_OUT_PENALTIES
    reasons = codes.SUBSTITUTION_REASONS if incident.type == codes.SUBSTITUTION else codes.CARD_REASONS
    return {
        "minute": incident.time,
        "added_time": incident.add_time,
        "type_id": incident.type,
        "type": codes.INCIDENTS.get(incident.type),
        "side": _word(codes.SIDES, incident.position),
        "player_id": incident.player_id or None,
        "player": name(incident.player_name),
        "assist_id": incident.assist1_id or None,
        "assist": name(incident.assist1_name),
        "player_in_id": incident.in_player_id or None,
        "player_in": name(incident.in_player_name),
        "player_out_id": incident.out_player_id or None,
        "player_out": name(incident.out_player_name),
        "home_score": None if shoot_out else home,
        "away_score": None if shoot_out else away,
        "home_pens": home if shoot_out else None,
        "away_pens": away if shoot_out else None,
        "reason_id": incident.reason_type,
        "reason": _word(reasons, incident.reason_type),
        "var_reason_id": incident.var_reason,
        "var_reason": _word(codes.VAR_REASONS, incident.var_reason),
        "var_result_id": incident.var_result,
        "var_result": _word(codes.VAR_RESULTS, incident.var_result),
    }


def incident_records(incidents: Sequence[Incident] | None) -> list[IncidentRecord] | None:
    """Return the record's incidents in the vendor's order, the order of play; they are not sorted by minute.

    None if the vendor sent no readable list.
    """
    return None if incidents is None else [_incident(incident) for incident in incidents]


def half_time_was_whistled(incidents: Sequence[Incident] | None) -> bool:
    """Check whether the incidents hold a half-time whistle."""
    return any(incident.type == codes.HALF_TIME_WHISTLE for incident in incidents or ())
