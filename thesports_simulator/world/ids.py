"""Ids in the vendor's form: 15 characters that encode a running number."""

import functools
from random import Random

ALPHABET = "0123456789deghjklmnopqrvwxyz"
LENGTH = 15
REMEMBERED = 100_000
"""Number of ids that are kept rather than computed again: making them was a tenth of a large world's work."""
_SPACE = len(ALPHABET) ** LENGTH
_PAIRS = [first + second for second in ALPHABET for first in ALPHABET]
"""All pairs of characters, which are two digits of a number at once."""
_PAIRS_OF_AN_ID = LENGTH // 2
_SPACE_OF_PAIRS = len(_PAIRS) ** _PAIRS_OF_AN_ID
_VALUES = {character: value for value, character in enumerate(ALPHABET)}


class Ids:
    """Converts numbers to ids and back, in an order that depends on the world's seed.

    All kinds share one numbering, as at the vendor: team 7 and competition 7 have the same id.
    """

    def __init__(self, seed: int) -> None:
        random = Random(f"ids:{seed}")
        # A factor that shares no divisor with the space (28 = 2 · 2 · 7) makes the mapping reversible.
        factor = random.randrange(_SPACE // 2, _SPACE)
        while factor % 2 == 0 or factor % 7 == 0:
            factor += 1
        self._factor = factor
        self._inverse = pow(factor, -1, _SPACE)
        self._shift = random.randrange(_SPACE)
        self.text = functools.lru_cache(REMEMBERED)(self._text)
        """Return the id for this number (0 and up)."""
        self.number = functools.lru_cache(REMEMBERED)(self._number)
        """Return the number of an id, in use or not; None for a text that is no id."""

    def _text(self, number: int) -> str:
        last, rest = divmod((number * self._factor + self._shift) % _SPACE, _SPACE_OF_PAIRS)
        pairs = []
        for _ in range(_PAIRS_OF_AN_ID):
            rest, pair = divmod(rest, len(_PAIRS))
            pairs.append(_PAIRS[pair])
        return "".join(pairs) + ALPHABET[last]

    def _number(self, text: str) -> int | None:
        if len(text) != LENGTH or not all(character in _VALUES for character in text):
            return None
        rest = 0
        for character in reversed(text):
            rest = rest * len(ALPHABET) + _VALUES[character]
        number: int = (rest - self._shift) * self._inverse % _SPACE
        return number
