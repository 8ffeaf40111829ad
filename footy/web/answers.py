"""Writing answers: prepared bytes with a tag, JSON, and errors in one sentence."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from footy.web.picture import Content

JSON = b"application/json"
Headers = list[tuple[bytes, bytes]]


class WebError(Exception):
    """A request that is refused, with a status and one sentence."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.headers = headers or {}


def no_log() -> WebError:
    """Return the error of a data folder without a log."""
    return WebError(503, "There is no log of events in this data folder.", {"retry-after": "5"})


async def answer(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole answer."""
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def send_json(send: Send, value: Any, status: int = 200) -> None:
    """Send a value as JSON."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    await answer(send, status, [(b"content-type", JSON), (b"cache-control", b"no-store")], body)


async def send_error(send: Send, error: WebError) -> None:
    """Send why a request is refused; the connection is closed, for there may be more of the request."""
    headers = [(b"content-type", JSON), (b"cache-control", b"no-store")]
    headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    await answer(send, error.status, headers, msgspec.json.encode({"error": error.sentence}))


def header(scope: Scope, name: bytes) -> bytes:
    """Return a header of a request; empty if it has none."""
    found: bytes
    for key, found in scope["headers"]:
        if key == name:
            return found
    return b""


def accepts_gzip(scope: Scope) -> bool:
    """Check whether a request takes gzip."""
    for part in header(scope, b"accept-encoding").split(b","):
        name, _, rest = part.partition(b";")
        if name.strip().lower() in {b"gzip", b"*"}:
            return rest.replace(b" ", b"") not in {b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"}
    return False


def matches_tag(scope: Scope, tags: Iterable[bytes]) -> bool:
    """Check whether a request has one of these versions already."""
    given = header(scope, b"if-none-match")
    if not given:
        return False
    held = {part.strip().removeprefix(b"W/") for part in given.split(b",")}
    return b"*" in held or not held.isdisjoint(tags)


class Prepared:
    """Content as an ASGI application: gzip, tag, 304."""

    def __init__(self, content: Content, content_type: bytes, more: Headers | None = None) -> None:
        common: Headers = [(b"vary", b"accept-encoding"), (b"cache-control", b"no-cache"), *(more or [])]
        self._plain, self._gzipped = content.plain, content.gzipped
        plain, gzipped = b'"%s"' % content.tag.encode(), b'"%s-gzip"' % content.tag.encode()
        self._tags = (plain, gzipped)
        typed: Headers = [*common, (b"content-type", content_type)]
        self._of_plain: Headers = [*typed, (b"etag", plain)]
        self._of_gzipped: Headers = [*typed, (b"etag", gzipped), (b"content-encoding", b"gzip")]
        self._of_unchanged: dict[bool, Headers] = {
            False: [*common, (b"etag", plain)],
            True: [*common, (b"etag", gzipped)],
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        del receive
        zipped = accepts_gzip(scope)
        if matches_tag(scope, self._tags):
            headers = self._of_unchanged[zipped]
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
        elif zipped:
            await answer(send, 200, [*self._of_gzipped], self._gzipped)
        else:
            await answer(send, 200, [*self._of_plain], self._plain)
