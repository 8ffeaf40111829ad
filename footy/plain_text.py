"""Values as words for people: nothing takes them for markup, a mention, a link, or the end of a line.

Services for people read formatting, mentions (`@everyone`), links and addresses out of plain text, each in
its own way. So characters with a meaning there are replaced by ones that look alike.
"""

import re
import unicodedata
from typing import Any

LONGEST = 80
"""Characters of a value."""
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
_LIST = re.compile(r"^(\d+)[.)](?=\s|$)")
_LINE_START = str.maketrans({"-": "‐", "+": "＋", "=": "＝"})
"""A name may begin a line, where these make a list or a heading."""
_COMMAND = re.compile(r"(?<![\w/])/(?=\w)")
"""A word such as `/stop`, which some services make a link that sends it to a bot."""
_SCHEME = re.compile(r":(?=/|[\w-]+:)|(?<=\w):(?=\w)")


def shown(value: Any) -> str:
    """Return a value as rules and messages write it."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def harmless(value: Any) -> str:
    """Return a value as words that nothing takes for markup, a mention, a link, or the end of a line."""
    if not isinstance(value, str):
        return shown(value)
    # Cc to Cs: control, format (such as those that turn the direction) and unassigned characters.
    plain = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in value)
    plain = _ENTITY.sub("＆", " ".join(plain.split())).translate(_ALIKE)
    plain = _SCHEME.sub("∶", _DOT_IN_WORD.sub("․", plain))
    plain = _LIST.sub(r"\1․", _COMMAND.sub("∕", plain))
    plain = plain[:1].translate(_LINE_START) + plain[1:]
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"
