"""Taking the secret out of text, by value, in every form that it may have been written in."""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

PIECE = 8
"""Characters of a secret that may not appear together; so a truncated secret is found too."""
MASK = "***"
_ESCAPE = re.compile("%[0-9A-F]{2}")


def forms(secret: str) -> set[str]:
    """Write a secret as logs, URLs, JSON and reprs would, and one of these inside another."""
    written = {secret}
    for _ in range(2):
        for text in tuple(written):
            written |= {
                quote(text),
                quote(text, safe=""),
                quote_plus(text),
                json.dumps(text)[1:-1],
                json.dumps(text, ensure_ascii=False)[1:-1],
                repr(text)[1:-1],
                repr(text.encode())[2:-1],
                ascii(text)[1:-1],
                text.replace("'", "\\'").replace('"', '\\"'),
                text.replace("/", "\\/"),
            }
    return {*written, *(_ESCAPE.sub(lambda escape: escape[0].lower(), form) for form in written)}


class Redactor:
    """Replaces each piece of 8 or more characters of the secrets given, in any form, by `***`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._pieces = {
            form[start : start + PIECE]
            for secret in secrets
            for form in forms(secret)
            for start in range(len(form) - PIECE + 1)
        }

    def __call__(self, text: str) -> str:
        """Give the text without the secrets."""
        if not self._pieces:
            return text
        kept: list[str] = []
        end = copied = 0
        for start in range(len(text) - PIECE + 1):
            if text[start : start + PIECE] in self._pieces:
                if start >= end:
                    kept += (text[copied:start], MASK)
                end = copied = start + PIECE
        return "".join((*kept, text[copied:])) if kept else text
