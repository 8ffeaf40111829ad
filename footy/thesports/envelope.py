"""Turn a reply's body into its results or a named error.

The vendor sends most errors with HTTP 200, so the body decides: a good reply is a JSON object with `code` 0
and no `err` text.
"""

import re
from typing import Any

import msgspec

from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import BadBodyError, RefusedError, ThrottledError, VendorCodeError
from footy.thesports.tolerant import UNREADABLE, repaired

TOO_MANY_REQUESTS = 429
SHOWN = 120
"""Maximum number of characters of the vendor's text that an error repeats."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_EMPTY_LIST = re.compile(rb"\[\s*\]")


class _Envelope(msgspec.Struct):
    """The envelope of the results; some errors have `err` but no `code`."""

    code: Any = None
    err: Any = None
    msg: Any = None
    results: msgspec.Raw = msgspec.Raw(b"")
    results_extra: msgspec.Raw = msgspec.Raw(b"{}")


_decode = msgspec.json.Decoder(_Envelope).decode
_OPENING = {"list": b"[", "object": b"{"}


def judge(endpoint: Endpoint, body: bytes) -> bytes:
    """Return the JSON text of the results; of an endpoint `with_names`, an object of `rows` and `names`.

    Raises:
        RefusedError: The account, the caller's address or the endpoint is refused.
        ThrottledError: Too many requests; the caller sets `retry_at`.
        VendorCodeError: The code is not 0.
        BadBodyError: The body is not the expected JSON.
    """
    envelope = _envelope(body.removeprefix(BYTE_ORDER_MARK))
    if isinstance(envelope.err, str) and envelope.err.strip():
        raise _refusal(envelope.err)
    if isinstance(envelope.err, dict) and envelope.err:  # `repaired` replaces an unreadable text by an object
        raise BadBodyError("the reply has an err that cannot be read")
    if envelope.code == TOO_MANY_REQUESTS:
        raise ThrottledError("429 from the vendor: rate limit", 0.0)
    if type(envelope.code) is not int:
        raise BadBodyError("the reply has no code")
    if envelope.code != 0:
        said = f": {_brief(envelope.msg)}" if isinstance(envelope.msg, str) and envelope.msg else ""
        raise VendorCodeError(f"the vendor answers code {_brief(str(envelope.code))}{said}")
    results = bytes(envelope.results)
    if endpoint.results == "object" and _EMPTY_LIST.fullmatch(results):
        return b"{}"  # PHP writes an empty object as []
    if endpoint.may_lack_results and results in {b"", b"null"}:
        return b"{}"
    if not results.startswith(_OPENING[endpoint.results]):
        raise BadBodyError(f"results are not a JSON {endpoint.results}")
    if endpoint.with_names:
        return b'{"rows":%b,"names":%b}' % (results, bytes(envelope.results_extra))
    return results


def _envelope(body: bytes) -> _Envelope:
    try:
        return _decode(body)
    except UNREADABLE as error:
        said = str(error)
    try:
        return _decode(repaired(body))
    except UNREADABLE:
        raise BadBodyError(f"the reply is not the JSON expected ({_brief(said)})") from None


def _refusal(words: str) -> RefusedError:
    """Return the refusal that the vendor's text describes."""
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
