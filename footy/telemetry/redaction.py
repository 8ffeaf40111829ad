"""Redaction: remove the secret from text, by value, in every form in which it may be written."""

import html
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

import msgspec

PIECE = 8
"""Length of a piece of a secret that is redacted, so that a truncated secret is found too."""
MASK = "***"
_ESCAPE = re.compile("%[0-9A-F]{2}")
_PLAIN = re.compile("[0-9A-Za-z]*")
"""Characters that no form escapes."""


def forms(secret: str) -> set[str]:
    """Return the forms in which logs, URLs, JSON and reprs may contain a secret, escaped up to twice."""
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
                html.escape(text),
            }
    return {*written, *(_ESCAPE.sub(lambda escape: escape[0].lower(), form) for form in written)}


class Redactor:
    """Replaces each piece of 8 or more characters of the secrets, in any form, by `***`."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: tuple[str, ...] = ()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Redact these secrets too, from now on."""
        self._secrets = tuple(dict.fromkeys((*self._secrets, *secrets)))
        written = {secret: forms(secret) for secret in self._secrets if secret}
        self._whole: set[str] = set().union(*written.values())
        self._pieces = {
            form[start : start + PIECE] for form in self._whole for start in range(len(form) - PIECE + 1)
        }
        self._cores = {max(_PLAIN.findall(secret), key=len).encode() for secret in written}

    def __call__(self, text: str) -> str:
        """Return the text without the secrets."""
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

    def whole(self, text: str) -> str:
        """Return a text in which no whole secret is; it may share a fragment with one, such as an address."""
        return self(text) if any(form in text for form in self._whole) else text

    def in_json(self, text: bytes) -> bytes:
        """Return JSON text without whole secrets in its strings; decode it only if a search finds one.

        Only whole secrets are removed here: names may share a fragment with one.

        Raises:
            msgspec.DecodeError, UnicodeDecodeError, RecursionError: The text is not readable JSON.
        """
        if not any(core in text for core in self._cores):
            return text
        return msgspec.json.encode(self._cleared(msgspec.json.decode(text)))

    def _cleared(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.whole(value)
        if isinstance(value, list):
            return [self._cleared(one) for one in value]
        if isinstance(value, dict):
            return {self._cleared(key): self._cleared(one) for key, one in value.items()}
        return value
