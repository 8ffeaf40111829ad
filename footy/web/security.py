"""Who may ask, and what no answer lacks: host names, the token, no bodies, headers for browsers."""

import asyncio
import hashlib
import hmac
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from footy.web.answers import Headers, WebError, answer, send_error

COOKIE = b"footy"
COOKIE_S = 30 * 86_400
LOGIN_BYTES = 4 * 1024
LOGIN_S = 10.0
FREE = "/healthz"
"""The one path that asks for neither token nor host name: it says only whether cycles succeed."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
_STYLE = (  # the colours of the page, whose style sheet asks for the token
    ":root{color-scheme:light dark;background:light-dark(#f5f5f2,#0e1113);color:light-dark(#17191b,#e9edef)}"
    "body{font:15px/1.5 system-ui,sans-serif;max-width:20rem;margin:18vh auto 0;padding:0 1.25rem}"
    "h1{font-size:1.25rem;margin:0 0 1.5rem}label{display:block;font-size:.8125rem;margin-bottom:.375rem;"
    "color:light-dark(#555d63,#a3adb4)}input,button{font:inherit;width:100%;box-sizing:border-box;"
    "padding:.5rem .75rem;margin-bottom:.75rem;border-radius:8px;"
    "border:1px solid light-dark(#d2d2cb,#343c41)}"
    "input{background:light-dark(#fff,#14181b);color:inherit}"
    "button{font-weight:600;background:light-dark(#17191b,#e9edef);color:light-dark(#fff,#0e1113)}"
    "p{color:light-dark(#b3261e,#ff8a80);margin:0 0 1rem}"
)
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
LOGIN_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>footy</title>'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    f"<style>{_STYLE}</style></head><body><main><h1>footy</h1><!-- note -->"
    # Without an action it goes to the address of the page, which still links to the match afterwards.
    '<form method="post"><label for="token">Token (FOOTY_HTTP_TOKEN)</label>'
    '<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>'
    "<button>Sign in</button></form></main></body></html>"
)
_SECURE: Headers = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


@dataclass(frozen=True, slots=True)
class Access:
    """Who may ask."""

    token: str = field(default="", repr=False)
    """Empty: whoever reaches the port may ask."""
    hosts: frozenset[str] = frozenset()
    """Host names beside loopback's and the address that a request arrived at."""

    def ticket(self) -> bytes:
        """Return the value of the cookie that a login sets; it does not reveal the token."""
        return hmac.digest(self.token.encode(), b"footy: page", "sha256").hex().encode()


class Guard:
    """Passes on the requests that are allowed, and adds security headers to every answer."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._hosts = LOOPBACK | access.hosts
        self._token = access.token.encode()
        self._ticket = access.ticket() if access.token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                given = any(name == b"content-security-policy" for name, _ in headers)
                message["headers"] = [*headers, *(_SECURE[1:] if given else _SECURE)]
            await send(message)

        try:
            if scope["path"] == FREE:
                _check_body(scope)
                await self._app(scope, receive, secured)
                return
            self._check_host(scope)
            if self._token and scope["path"] in {"/", "/login"} and scope["method"] == "POST":
                await self._log_in(scope, receive, secured)
                return
            _check_body(scope)
            if self._token and not self._knows_token(scope):
                await self._ask_for_token(scope, secured)
                return
            await self._app(scope, receive, secured)
        except WebError as error:
            await send_error(secured, error)

    def _check_host(self, scope: Scope) -> None:
        """Refuse a name that is not ours: a page of another site may point its own name at this address."""
        named = [value for name, value in scope["headers"] if name == b"host"]
        if len(named) != 1:
            raise WebError(400, "A request names one host.")
        host = named[0].decode("latin-1").lower()
        name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
        if name in self._hosts:
            return
        here = scope.get("server")
        if here is not None and name.strip("[]") == here[0]:
            return
        raise WebError(421, "This host name is not among FOOTY_HTTP_HOSTS.")

    def _knows_token(self, scope: Scope) -> bool:
        for name, value in scope["headers"]:
            if name == b"authorization":
                scheme, _, given = value.partition(b" ")
                if scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._token):
                    return True
            elif name == b"cookie":
                for part in value.split(b";"):
                    key, _, given = part.strip().partition(b"=")
                    if key == COOKIE and hmac.compare_digest(given, self._ticket):
                        return True
        return False

    async def _ask_for_token(self, scope: Scope, send: Send) -> None:
        if scope["path"] == "/" and scope["method"] in {"GET", "HEAD"}:
            await _login_page(send, 401, "")
            return
        raise WebError(
            401,
            "The token is missing or wrong: send Authorization: Bearer with FOOTY_HTTP_TOKEN.",
            {"www-authenticate": "Bearer"},
        )

    async def _log_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _login_body(scope, receive)
        try:
            given = parse_qs(body.decode(), max_num_fields=4).get("token", [""])[0].strip().encode()
        except ValueError:
            given = b""
        if not hmac.compare_digest(given, self._token):
            await asyncio.sleep(0.5)  # slows down guessing
            await _login_page(send, 401, "<p>That is not the token.</p>")
            return
        cookie = b"%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict" % (COOKIE, self._ticket, COOKIE_S)
        headers: Headers = [(b"location", b"/"), (b"set-cookie", cookie), (b"cache-control", b"no-store")]
        await answer(send, 303, headers, b"")


def _check_body(scope: Scope) -> None:
    """Refuse what brings a body: no request here needs one."""
    for name, value in scope["headers"]:
        if (name == b"content-length" and value.strip() != b"0") or name == b"transfer-encoding":
            raise WebError(413, "Requests have no body here.", {"connection": "close"})


async def _login_body(scope: Scope, receive: Receive) -> bytes:
    """Return the body of a login, which is short and soon here."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    if not lengths or not lengths[0].isdigit() or int(lengths[0]) > LOGIN_BYTES:
        raise WebError(413, "A login is a form with the token.", {"connection": "close"})
    body = bytearray()
    try:
        async with asyncio.timeout(LOGIN_S):
            while True:
                message = await receive()
                body += message.get("body", b"")
                if not message.get("more_body", False) or len(body) > LOGIN_BYTES:
                    return bytes(body)
    except TimeoutError:
        raise WebError(408, "The login did not arrive.", {"connection": "close"}) from None


async def _login_page(send: Send, status: int, note: str) -> None:
    policy = f"{POLICY}; style-src 'sha256-{_STYLE_HASH}'"
    headers: Headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", policy.encode()),
    ]
    await answer(send, status, headers, LOGIN_PAGE.replace("<!-- note -->", note).encode())
