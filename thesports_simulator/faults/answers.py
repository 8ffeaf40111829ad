"""Replies given instead of the right one."""

import html
from urllib.parse import unquote_plus

import msgspec

from thesports_simulator.protocol import replies
from thesports_simulator.protocol.replies import Reply

_HTML = b"text/html"


def status(code: int, retry_after: str) -> Reply:
    """An HTTP error as a proxy words it, with Retry-After where a number of seconds is given."""
    body = b"<html><head><title>%d</title></head><body><center>nginx</center></body></html>" % code
    headers = ((b"Retry-After", retry_after.encode()),) if retry_after else ()
    return Reply(body, status=code, content_type=_HTML, headers=headers)


def too_many(_: str) -> Reply:
    """The vendor's 429 in a 200."""
    return Reply(replies.TOO_MANY)


def not_this_address(_: str) -> Reply:
    """The address is not whitelisted."""
    return Reply(replies.NOT_THIS_ADDRESS)


def not_this_url(_: str) -> Reply:
    """The endpoint is not in the plan."""
    return Reply(replies.NOT_THIS_URL)


def not_this_account(_: str) -> Reply:
    """The account is refused."""
    return Reply(replies.NOT_THIS_ACCOUNT)


def bad_parameter(_: str) -> Reply:
    """Code 100003."""
    return Reply(replies.BAD_PARAMETER)


def page(_: str) -> Reply:
    """A page for people."""
    return Reply(b"<!DOCTYPE html><html><body><h1>We are back soon</h1></body></html>", content_type=_HTML)


def nothing(_: str) -> Reply:
    """No body."""
    return Reply(b"")


def redirect(address: str) -> Reply:
    """Somewhere else."""
    return Reply(b"", status=302, headers=((b"Location", address.encode()),))


def echo_message(asked: str) -> Reply:
    """An error in the vendor's form; the request is in it as it came, and in plain."""
    said = f"Parameter error: {asked} ({unquote_plus(asked)})"
    return Reply(msgspec.json.encode({"code": 100003, "msg": said}))


def echo_page(asked: str) -> Reply:
    """HTTP 400 with a page; the request is in it as it came, and in plain."""
    said = f"<h1>Bad Request</h1>{asked} ({html.escape(unquote_plus(asked))})"
    return Reply(said.encode(), status=400, content_type=_HTML)
