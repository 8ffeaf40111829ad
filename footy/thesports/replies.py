"""A reply's body: to its payload, or to a named error.

The vendor answers most errors with HTTP 200, so the body decides: a JSON object, no `err` text, `code` 0.
"""

from typing import Any

import msgspec

from footy.thesports.endpoints import Endpoint
from footy.thesports.failures import BadBodyError, RefusedError, ThrottledError, VendorCodeError

TOO_MANY_REQUESTS = 429
SHOWN = 120
"""Characters of the vendor's own words that are repeated in an error."""
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoder raises: nesting too deep for it is none of its own errors, and may be in any field."""


class _Envelope(msgspec.Struct):
    """What surrounds the results; some errors carry `err` and no `code`."""

    code: Any = None
    err: Any = None
    msg: Any = None
    results: msgspec.Raw = msgspec.Raw(b"")


_decode = msgspec.json.Decoder(_Envelope).decode
_OPENING = {"list": b"[", "object": b"{"}


def judge(endpoint: Endpoint, body: bytes) -> bytes:
    """Give the JSON text of the results.

    Raises:
        RefusedError: The account, the caller's address or the endpoint is refused.
        ThrottledError: Too many requests; `retry_at` is left to the caller.
        VendorCodeError: Any other code than 0.
        BadBodyError: Anything else that is not the expected JSON.
    """
    try:
        envelope = _decode(body)
    except UNREADABLE as error:
        raise BadBodyError(f"the reply is not the JSON expected ({_brief(str(error))})") from None
    if isinstance(envelope.err, str) and envelope.err.strip():
        raise _refusal(envelope.err)
    if envelope.code == TOO_MANY_REQUESTS:
        raise ThrottledError("429 from the vendor: rate limit", 0.0)
    if type(envelope.code) is not int:
        raise BadBodyError("the reply has no code")
    if envelope.code != 0:
        said = f": {_brief(envelope.msg)}" if isinstance(envelope.msg, str) and envelope.msg else ""
        raise VendorCodeError(f"the vendor answers code {_brief(str(envelope.code))}{said}")
    results = bytes(envelope.results)
    if not results.startswith(_OPENING[endpoint.results]):
        raise BadBodyError(f"results are not a JSON {endpoint.results}")
    return results


def _refusal(words: str) -> RefusedError:
    """Tell the refusals apart by the vendor's wording."""
    said = _brief(words)
    lowered = words.lower()
    if "ip is not" in lowered:
        return RefusedError(f"this address is not authorized ({said})", "address")
    if "url is not" in lowered:
        return RefusedError(f"the endpoint is not authorized, not in the account's plan ({said})", "endpoint")
    return RefusedError(f"the account is not authorized ({said})", "account")


def _brief(words: str) -> str:
    words = " ".join("".join(c if c.isprintable() else " " for c in words[: 9 * SHOWN]).split())
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"
