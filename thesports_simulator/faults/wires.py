"""Faults on the connection, while a good reply is sent."""

import asyncio
import zlib
from functools import lru_cache

from thesports_simulator.protocol.replies import Reply
from thesports_simulator.protocol.wire import Connection

_MEGABYTE = 1_000_000
_FOR_EVER = 1_000_000_000


def _body(reply: Reply) -> bytes:
    return reply.body if reply.encoded is None else reply.encoded


async def reset_before(connection: Connection, reply: Reply, argument: str) -> None:
    """Reset the connection instead of answering."""
    del reply, argument
    connection.reset()


async def reset_body(connection: Connection, reply: Reply, argument: str) -> None:
    """Send half of the body, then reset the connection."""
    del argument
    await _half(connection, reply)
    # A reset discards what the client has not read yet.
    await asyncio.sleep(0.05)
    connection.reset()


async def truncated(connection: Connection, reply: Reply, argument: str) -> None:
    """Send half of the body, then close the connection."""
    del argument
    await _half(connection, reply)
    connection.close()


async def wrong_length(connection: Connection, reply: Reply, argument: str) -> None:
    """Send the whole body with a Content-Length that is ten too small."""
    del argument
    body = _body(reply)
    await connection.write(connection.head(reply, max(0, len(body) - 10)) + body)
    connection.finish()


async def slow(connection: Connection, reply: Reply, argument: str) -> None:
    """Send the answer `argument` seconds late."""
    await asyncio.sleep(float(argument))
    connection.send(reply)


async def drip(connection: Connection, reply: Reply, argument: str) -> None:
    """Send byte by byte, without end."""
    reply.encoded = None
    await connection.write(connection.head(reply, _FOR_EVER))
    for byte in reply.body.ljust(_FOR_EVER // 1_000):
        await connection.write(bytes((byte,)))
        await asyncio.sleep(float(argument))


async def hang(connection: Connection, reply: Reply, argument: str) -> None:
    """Send no answer; the client must give up."""
    del connection, reply, argument
    await asyncio.Event().wait()


async def gzip_broken(connection: Connection, reply: Reply, argument: str) -> None:
    """Send a gzipped body whose middle third is zeros."""
    del argument
    packer = zlib.compressobj(1, wbits=31)
    whole = packer.compress(reply.body) + packer.flush()
    third = len(whole) // 3
    reply.encoded = whole[:third] + bytes(third) + whole[2 * third :]
    connection.send(reply)


async def gzip_bomb(connection: Connection, reply: Reply, argument: str) -> None:
    """Send a small body that inflates to `argument` megabytes."""
    reply.encoded = _bomb(int(float(argument)))
    connection.send(reply)


async def huge(connection: Connection, reply: Reply, argument: str) -> None:
    """Send a body of `argument` megabytes at the client's speed: valid JSON, nearly all of it blanks."""
    reply.encoded = None
    start, end = b'{"code":0,"results":[', b"]}"
    await connection.write(
        connection.head(reply, len(start) + int(float(argument)) * _MEGABYTE + len(end)) + start
    )
    blank = b" " * (_MEGABYTE // 10)
    for _ in range(10 * int(float(argument))):
        await connection.write(blank)
    await connection.write(end)
    connection.finish()


async def _half(connection: Connection, reply: Reply) -> None:
    body = _body(reply)
    await connection.write(connection.head(reply, len(body)) + body[: len(body) // 2])


@lru_cache(maxsize=2)
def _bomb(megabytes: int) -> bytes:
    """Return valid JSON with so many megabytes of blanks, gzipped.

    After a full flush a compressor starts anew, so the bytes of one megabyte can be repeated.
    """
    blank = b" " * _MEGABYTE
    packer = zlib.compressobj(9, wbits=-15)
    parts = [packer.compress(b'{"code":0,"results":[') + packer.flush(zlib.Z_FULL_FLUSH)]
    parts += [packer.compress(blank) + packer.flush(zlib.Z_FULL_FLUSH)] * megabytes
    parts.append(packer.compress(b"]}") + packer.flush())
    check, length = zlib.crc32(b'{"code":0,"results":['), 23 + megabytes * _MEGABYTE
    for _ in range(megabytes):
        check = zlib.crc32(blank, check)
    check = zlib.crc32(b"]}", check)
    header = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    return header + b"".join(parts) + check.to_bytes(4, "little") + (length % (1 << 32)).to_bytes(4, "little")
