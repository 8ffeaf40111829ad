"""What a rule says: its template filled in, with values that cannot act as markup, mention or link.

Services for people read formatting, mentions (`@everyone`), links and addresses out of plain text, each in
its own way. So characters with a meaning there are replaced by ones that look alike, in the values only: the
operator's own template may link and mention as it likes.
"""

import re
import string
import unicodedata
from collections.abc import Mapping
from typing import Any

from footy.alerts.condition import shown

LONGEST = 500
"""Characters of a message."""
LONGEST_VALUE = 80
_ALIKE = str.maketrans(
    {
        "<": "‹",
        ">": "›",
        "*": "∗",
        "_": "ˍ",
        "~": "∼",
        "`": "ʼ",
        "|": "∣",
        "[": "(",
        "]": ")",
        "{": "(",
        "}": ")",
        "@": "＠",
        "#": "＃",
        "\\": "＼",
        "$": "＄",
        "^": "ˆ",
    }
)
_ENTITY = re.compile(r"&(?=[A-Za-z]{2,31};|#)")
_DOT_IN_WORD = re.compile(r"(?<=\w)\.(?=\w)")
_SCHEME = re.compile(r":(?=/|[\w-]+:)|(?<=\w):(?=\w)")


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


def harmless(value: Any) -> str:
    """Return a value as words that nothing takes for markup, a mention, a link, or the end of a line."""
    if not isinstance(value, str):
        return shown(value)
    # Cc to Cs: control, format (such as those that turn the direction) and unassigned characters.
    plain = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in value)
    plain = _ENTITY.sub("＆", " ".join(plain.split())).translate(_ALIKE)
    plain = _SCHEME.sub("∶", _DOT_IN_WORD.sub("․", plain))
    return plain if len(plain) <= LONGEST_VALUE else f"{plain[: LONGEST_VALUE - 1]}…"
