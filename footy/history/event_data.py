"""The data of frequent events as the file keeps it: much less than its JSON, which says the same each time.

Those of prices are most of a log: about forty in a match with many bookmakers, with names, lines and prices
in full, of which a fifth is left. All other events are kept as JSON, which readers of millions get without
another step. Pure.
"""

import zlib

PACKED_TYPES = frozenset(
    {"line_moved", "price_moved", "reopened", "suspended", "match_seen", "substitution", "yellow"}
    | {"half_time", "second_half", "full_time", "result"}
)

_MARK = b"\x00"
"""First byte of packed data; that of JSON is a brace. Another dictionary needs another mark."""
_DICTIONARY = (
    b'{"bookmaker_id":2,"bookmaker":"BET365","line":2.25,"prices":{"over":1.95,"under":1.84},"at":"2026-11-2'
    b'{"bookmaker_id":11,"bookmaker":"Vcbet","line":-0.25,"prices":{"home":1.9,"away":1.95},"at":"2026-11-26T2'
    b'"competition":null,"country":null,"home":null,"away":null,"status_id":2,"minute":null,"clock":"HT"'
    b',"market":"corners","before":null,"after":null,"market":"spread","market":"money_line","late":true'
    b'Crown"10BET"Ladbrokes"Mansion88"William Hill"Easybets"Interwetten"12bet"Sbobet"Wewbet"18Bet"188bet"Pinn'
    b'{"match_id":"4wyrn4h68yv6q86","competition":"Premier League","country":"England","home":"Town","away":"'
    b'City","status_id":4,"minute":67,"clock":"67\'","late":false,"relates":null,"seen_at":"2026-11-26T20:15:3'
    b'0.000Z","vendor_at":"2026-11-26T20:15:21Z","score":{"home":1,"away":0},"market":"over_under","before":{'
    b'"bookmaker_id":3,"bookmaker":"Crown","line":null,"prices":{"home":1.31,"draw":4.09,"away":30.0},"at":"2'
    b'026-11-26T20:14:25Z","open":true},"after":{"bookmaker_id":2,"bookmaker":"BET365","line":2.0,"prices":{"'
    b'over":1.92,"under":1.87},"at":"2026-11-26T20:15:21Z","open":true}}'
)
"""What such data may hold, the likeliest last (zlib, `deflateSetDictionary`). It never changes: the files of
all who use footy are read with it."""


def kept(kind: str, data: bytes) -> bytes:
    """Return the data of an event of this type as the file keeps it."""
    if kind not in PACKED_TYPES:
        return data
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=_DICTIONARY)
    packed = _MARK + packer.compress(data) + packer.flush()
    return packed if len(packed) < len(data) else data


def read(data: bytes) -> bytes:
    """Return the JSON of data that the file keeps.

    Raises:
        zlib.error: It is damaged.
    """
    if data[:1] != _MARK:
        return data
    unpacker = zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=_DICTIONARY)
    found = unpacker.decompress(data[1:])
    if not unpacker.eof:
        raise zlib.error("the data of an event is cut off")
    return found
