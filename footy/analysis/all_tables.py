"""All tables of the history."""

from collections.abc import Mapping

from footy.analysis.event_table import EVENTS
from footy.analysis.match_tables import MATCHES, MINUTES, ODDS, PRICES
from footy.analysis.tables import Table

TABLES: Mapping[str, Table] = {one.name: one for one in (MATCHES, EVENTS, ODDS, PRICES, MINUTES)}
"""By name."""
