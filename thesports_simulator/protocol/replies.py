"""The vendor's envelopes and error bodies, byte for byte."""

from dataclasses import dataclass

import msgspec

NOT_THIS_ADDRESS = b'{"err":"IP is not authorized to access, please contact our business staff."}'
NOT_THIS_URL = b'{"err":"URL is not authorized to access, please contact our business staff."}'
NOT_THIS_ACCOUNT = b'{"err":"Unauthorized access, please contact our business staff."}'
TOO_MANY = b'{"code":429,"msg":"Too Many Requests.","results":[]}'
BAD_PARAMETER = b'{"code":100003,"msg":"Parameter error."}'


@dataclass(slots=True)
class Reply:
    """The reply to one request. `encoded` is the gzipped body if it is sent compressed."""

    body: bytes
    status: int = 200
    content_type: bytes = b"application/json"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    encoded: bytes | None = None


def flat(results: bytes) -> bytes:
    """Return a reply with these results (JSON) and nothing else."""
    return b'{"code":0,"results":%b}' % results


def by_uuid(uuid: str, row: bytes | None) -> bytes:
    """Return a list endpoint's reply to a request for one id: its row, or none."""
    total, results = (0, b"") if row is None else (1, row)
    return b'{"code":0,"query":{"total":%d,"type":"uuid","uuid":%b},"results":[%b]}' % (
        total,
        msgspec.json.encode(uuid),
        results,
    )


def by_page(page: int, rows: list[bytes]) -> bytes:
    """Return a list endpoint's reply to a request for a page."""
    query = b'{"total":%d,"type":"page","page":%d}' % (len(rows), page)
    return b'{"code":0,"query":%b,"results":[%b]}' % (query, b",".join(rows))


def diary(rows: list[bytes], names: bytes) -> bytes:
    """Return the reply of match/diary: rows, and what they refer to beside them."""
    return b'{"code":0,"query":{"total":%d,"type":"diary"},"results":[%b],"results_extra":%b}' % (
        len(rows),
        b",".join(rows),
        names,
    )


def by_time(time: int, rows: list[tuple[int, bytes]]) -> bytes:
    """Return a list endpoint's reply to a request for changes; `rows` are (updated_at, row), in order."""
    query = b'{"total":%d,"type":"time","time":%d,"min_time":%d,"max_time":%d}' % (
        len(rows),
        time,
        rows[0][0] if rows else 0,
        rows[-1][0] if rows else 0,
    )
    return b'{"code":0,"query":%b,"results":[%b]}' % (query, b",".join([row for _, row in rows]))
