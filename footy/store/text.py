"""Text and JSON as PostgreSQL can hold them: it has no NUL, which a vendor's name might."""

from typing import Any

import msgspec


def plain_text(value: Any) -> Any:
    """Return a text without NUL; any other value as it is."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


def json_text(content: bytes) -> str:
    """Return JSON without NUL in its texts."""
    if b"\\u0000" in content:
        content = msgspec.json.encode(_without_nul(msgspec.json.decode(content)))
    return content.decode()


def _without_nul(value: Any) -> Any:
    if isinstance(value, dict):
        return {plain_text(name): _without_nul(one) for name, one in value.items()}
    if isinstance(value, list):
        return [*map(_without_nul, value)]
    return plain_text(value)
