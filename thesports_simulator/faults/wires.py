"""What can happen to a good reply on its way."""

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
    """RST instead of an answer."""
    del reply, argument
    connection.reset()


async def reset_body(connection: Connection, reply: Reply, argument: str) -> None:
    """Half the body, then RST."""
    del argument
    await _half(connection, reply)
    # A reset overtakes what the client has not read yet.
    await asyncio.sleep(0.05)
    connection.reset()


async def truncated(connection: Connection, reply: Reply, argument: str) -> None:
    """Half the body, then the end."""
    del argument
    await _half(connection, reply)
    connection.close()


async def wrong_length(connection: Connection, reply: Reply, argument: str) -> None:
    """All of the body, of which Content-Length knows all but ten bytes."""
    del argument
    body = _body(reply)
    await connection.write(connection.head(reply, max(0, len(body) - 10)) + body)
    connection.finish()


async def slow(connection: Connection, reply: Reply, argument: str) -> None:
    """The answer, so many seconds late."""
    await asyncio.sleep(float(argument))
    connection.send(reply)


async def drip(connection: Connection, reply: Reply, argument: str) -> None:
    """Byte by byte, without end."""
    reply.encoded = None
    await connection.write(connection.head(reply, _FOR_EVER))
    for byte in reply.body.ljust(_FOR_EVER // 1_000):
        await connection.write(bytes((byte,)))
        await asyncio.sleep(float(argument))


async def hang(connection: Connection, reply: Reply, argument: str) -> None:
    """Nothing; the client must give up."""
    del connection, reply, argument
    await asyncio.Event().wait()


async def gzip_broken(connection: Connection, reply: Reply, argument: str) -> None:
    """A gzipped body with its middle wiped out."""
    del argument
    packer = zlib.compressobj(1, wbits=31)
    whole = packer.compress(reply.body) + packer.flush()
    third = len(whole) // 3
    reply.encoded = whole[:third] + bytes(third) + whole[2 * third :]
    connection.send(reply)


async def gzip_bomb(connection: Connection, reply: Reply, argument: str) -> None:
    """A small body that inflates to so many megabytes."""
    reply.encoded = _bomb(int(float(argument)))
    connection.send(reply)


async def huge(connection: Connection, reply: Reply, argument: str) -> None:
    """A body of so many megabytes, as fast as the client takes it: valid JSON, nearly all of it blank."""
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
    """Valid JSON with so many megabytes of blank, gzipped.

    After a full flush a compressor starts anew, so that one megabyte's bytes can be repeated for all of them.
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
