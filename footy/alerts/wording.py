"""What a rule says: its template filled in, with values that cannot act as markup, mention or link.

Only the values are made harmless: the operator's own template may link and mention as it likes.
"""

import string
from collections.abc import Mapping
from typing import Any

from footy.plain_text import harmless

LONGEST = 500
"""Characters of a message."""


def text(template: str, *fields: Mapping[str, Any]) -> str:
    """Return what a rule says.

    Args:
        template: Checked by `rules`: plain `{field}` only.
        fields: Where the values are, the first that has a field counts.
    """
    said: list[str] = []
    for literal, name, _, _ in string.Formatter().parse(template):
        said.append(literal)
        if name is not None:
            said.append(harmless(next((one[name] for one in fields if name in one), None)))
    whole = "".join(said)
    return whole if len(whole) <= LONGEST else f"{whole[: LONGEST - 1]}…"
