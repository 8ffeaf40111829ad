"""Replies sent in place of the right one."""

import html
from urllib.parse import unquote_plus

import msgspec

from thesports_simulator.protocol import replies
from thesports_simulator.protocol.replies import Reply

_HTML = b"text/html"


def status(code: int, retry_after: str) -> Reply:
    """Return an HTTP error page of a proxy, with Retry-After if a number of seconds is given."""
    body = b"<html><head><title>%d</title></head><body><center>nginx</center></body></html>" % code
    headers = ((b"Retry-After", retry_after.encode()),) if retry_after else ()
    return Reply(body, status=code, content_type=_HTML, headers=headers)


def too_many(_: str) -> Reply:
    """Return the vendor's 429 in an HTTP 200."""
    return Reply(replies.TOO_MANY)


def not_this_address(_: str) -> Reply:
    """Return the refusal of an address that is not whitelisted."""
    return Reply(replies.NOT_THIS_ADDRESS)


def not_this_url(_: str) -> Reply:
    """Return the refusal of an endpoint that is not in the plan."""
    return Reply(replies.NOT_THIS_URL)


def not_this_account(_: str) -> Reply:
    """Return the refusal of the account."""
    return Reply(replies.NOT_THIS_ACCOUNT)


def bad_parameter(_: str) -> Reply:
    """Return code 100003."""
    return Reply(replies.BAD_PARAMETER)


def page(_: str) -> Reply:
    """Return an HTML page."""
    return Reply(b"<!DOCTYPE html><html><body><h1>We are back soon</h1></body></html>", content_type=_HTML)


def nothing(_: str) -> Reply:
    """Return an empty body."""
    return Reply(b"")


def redirect(address: str) -> Reply:
    """Return a redirect to the address."""
    return Reply(b"", status=302, headers=((b"Location", address.encode()),))


def echo_message(target: str) -> Reply:
    """Return an error in the vendor's form that repeats the request, as received and decoded."""
    text = f"Parameter error: {target} ({unquote_plus(target)})"
    return Reply(msgspec.json.encode({"code": 100003, "msg": text}))


def echo_page(target: str) -> Reply:
    """Return HTTP 400 with a page that repeats the request, as received and decoded."""
    text = f"<h1>Bad Request</h1>{target} ({html.escape(unquote_plus(target))})"
    return Reply(text.encode(), status=400, content_type=_HTML)
