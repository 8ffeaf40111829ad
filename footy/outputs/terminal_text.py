"""Styled lines for a terminal: vendor text made harmless, measured in cells, wrapped and never cut.

Rich's own tables cost milliseconds a match, and a hundred matches are drawn every few seconds beside the
pipeline; so lines are padded and wrapped here and reach rich as finished segments.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from footy.outputs.styles import FAINT

Piece = tuple[str, Style | None]
"""Text of one style within a line; a no-break space in it is kept from wrapping and written as a blank."""

HARD_SPACE = "\xa0"
_UNSEEN = frozenset({"Cf", "Cs", "Co", "Cn"})
_WORDS = re.compile(r" +|[^ ]+")


@dataclass(frozen=True, slots=True)
class Script:
    """What a stream's encoding can write: the board's signs, one cell each, and vendor text made to fit."""

    encoding: str = "utf-8"
    bullet: str = "•"
    dash: str = "–"
    dot: str = "·"
    rule: str = "─"
    degree: str = "°"

    @classmethod
    def of(cls, encoding: str) -> "Script":
        """Return the script of this encoding; one that Python does not know is taken for ASCII."""
        script = cls(encoding)
        if _encodable(script.bullet + script.dash + script.dot + script.rule + script.degree, encoding):
            return script
        known = encoding if _encodable("", encoding) else "ascii"
        return cls(known, bullet="*", dash="-", dot="|", rule="-", degree=" ")

    def clean(self, text: str) -> str:
        """Return vendor text as `printable` leaves it for this encoding."""
        return printable(text, self.encoding)

    def dotted(self, pieces: Iterable[Piece], *, behind: bool = False) -> list[Piece]:
        """Return the pieces with a dot between any two, and in front where they stand `behind` something.

        A line breaks after a dot; each piece is kept whole where a line can hold it.
        """
        joined: list[Piece] = []
        for text, style in pieces:
            if joined or behind:
                joined.append((f"{HARD_SPACE}{self.dot} ", FAINT))
            joined.append((hard(text), style))
        return joined


def _encodable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


@lru_cache(maxsize=8192)
def printable(text: str, encoding: str = "utf-8") -> str:
    """Return vendor text as one line that does nothing to a terminal and that the encoding can write.

    Control characters become blanks, so an escape sequence stays as its visible rest; characters that are not
    seen (direction marks, joiners, variation selectors) go; what the encoding lacks loses its accent, or is a
    question mark.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = []
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif category not in _UNSEEN and not _is_variation_selector(character):
            kept.append(character)
    line = " ".join("".join(kept).split())
    while line and unicodedata.combining(line[0]):
        line = line[1:]
    if _encodable(line, encoding):
        return line
    return "".join(_substitute(character, encoding) for character in line)


def _is_variation_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _substitute(character: str, encoding: str) -> str:
    if _encodable(character, encoding):
        return character
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if _encodable(part, encoding))
    return plain or "?"


def hard(text: str) -> str:
    """Return the text so that wrapping keeps it whole."""
    return text.replace(" ", HARD_SPACE)


def width_of(pieces: Iterable[Piece]) -> int:
    """Return how many cells the pieces take."""
    return sum(cell_len(text) for text, _ in pieces)


def pad(text: str, cells: int) -> str:
    """Return the text with blanks after it up to so many cells."""
    return text + " " * (cells - cell_len(text))


def pad_left(text: str, cells: int) -> str:
    """Return the text with blanks before it up to so many cells."""
    return " " * (cells - cell_len(text)) + text


def wrap(pieces: Sequence[Piece], width: int, indent: int) -> Iterator[list[Piece]]:
    """Yield the pieces as lines of at most `width` cells, all but the first indented; nothing is left out.

    Lines break at blanks; a word longer than a line is folded.
    """
    if width_of(pieces) <= width:
        yield list(pieces)
        return
    indent = min(indent, width // 2)
    line: list[Piece] = []
    used = 0
    gap: list[Piece] = []
    for word in _words(pieces):
        if word[0][0].startswith(" "):
            gap = word
            continue
        wanted = width_of(gap) + width_of(word)
        if used + wanted > width and used > indent:
            yield line
            line, used, gap = [(" " * indent, None)], indent, []
            wanted = width_of(word)
        if used + width_of(gap) < width:
            line += gap
            used += width_of(gap)
        gap = []
        for text, style in word:
            for character_run in _fold(text, width, indent, used):
                if used + cell_len(character_run) > width:
                    yield line
                    line, used = [(" " * indent, None)], indent
                line.append((character_run, style))
                used += cell_len(character_run)
    yield line


def _words(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Yield blanks and words in turn; a word may run over several pieces."""
    word: list[Piece] = []
    for text, style in pieces:
        for token in _WORDS.findall(text):
            if token[0] == " ":
                if word:
                    yield word
                    word = []
                yield [(token, style)]
            else:
                word.append((token, style))
    if word:
        yield word


def _fold(text: str, width: int, indent: int, used: int) -> Iterator[str]:
    """Yield the text in runs; the first fits behind `used` cells, each other one on an indented line."""
    room = width - used
    run, run_cells = "", 0
    for character in text if cell_len(text) > room else (text,):
        cells = cell_len(character)
        if run and run_cells + cells > room:
            yield run
            run, run_cells, room = "", 0, width - indent
        run += character
        run_cells += cells
    if run:
        yield run


def segments(pieces: Sequence[Piece]) -> Iterator[Segment]:
    """Yield one line for rich, without blanks at its end but hard ones."""
    last = len(pieces)
    while last and not pieces[last - 1][0].strip(" "):
        last -= 1
    for position, (text, style) in enumerate(pieces[:last], start=1):
        shown = text.rstrip(" ") if position == last else text
        yield Segment(shown.replace(HARD_SPACE, " "), style)
    yield Segment.line()
