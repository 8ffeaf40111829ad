"""Text for a terminal: encodable signs, sanitized vendor text, wrapped lines."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console, RenderableType
from rich.text import Text

from footy.outputs.console.styles import BANNER, FAINT

INDENT = 2
UNKNOWN_WIDTH = 80
UNKNOWN_HEIGHT = 24
"""Size of a terminal that reports 0, because its size was never set."""
MOST_CELLS = 1000
"""Most columns and lines that are used: COLUMNS and LINES may be any numbers."""
_INVISIBLE = frozenset({"Cf", "Cs", "Co", "Cn"})
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_LEFT_TO_RIGHT_MARK = "\u200e"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of the console, one cell each, in a form that the stream can encode."""

    encoding: str = "utf-8"
    bullet: str = "•"
    dash: str = "–"
    dot: str = "·"
    rule: str = "─"
    bar: str = "│"
    degree: str = "°"
    arrow: str = "→"
    ellipsis: str = "…"
    block: str = "━"

    @classmethod
    def of(cls, encoding: str) -> "Glyphs":
        """Return the signs for this encoding; an unknown encoding is treated as ASCII."""
        glyphs = cls(encoding)
        signs = glyphs.bullet + glyphs.dash + glyphs.dot + glyphs.rule + glyphs.bar + glyphs.degree
        if _is_encodable(signs + glyphs.arrow + glyphs.ellipsis + glyphs.block, encoding):
            return glyphs
        known = encoding if _is_encodable("", encoding) else "ascii"
        marks = cls(known, bullet="*", dash="-", dot=".", rule="-", bar="|", degree=" ")
        return replace(marks, arrow=">", ellipsis="~", block="=")

    def clean(self, text: str) -> str:
        """Return vendor text sanitized by `printable` for this encoding."""
        return printable(text, self.encoding)

    def name(self, text: str, cells: int) -> str:
        """Return vendor text sanitized and cut to this width, so that what stands beside it stays there.

        A terminal that writes from right to left where letters do would mirror a score after such letters;
        a mark without width ends that.
        """
        shown = cut(self.clean(text), cells, self.ellipsis)
        if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in shown):
            return shown + _LEFT_TO_RIGHT_MARK
        return shown

    def dotted(self, parts: Iterable[Text | str]) -> list[Text]:
        """Return the parts of a line separated by dots; plain texts are faint."""
        texts = [part if isinstance(part, Text) else Text(part, FAINT) for part in parts]
        return [*(Text.assemble(text, (f" {self.dot} ", FAINT)) for text in texts[:-1]), *texts[-1:]]


def _is_encodable(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


@lru_cache(maxsize=8192)
def printable(text: str, encoding: str = "utf-8") -> str:
    """Return vendor text as one line that is safe for a terminal and that the encoding can write.

    Control characters become blanks, so only the printable part of an escape sequence stays. Invisible
    characters (direction marks, joiners, variation selectors) are removed. A character that the encoding
    lacks loses its accent, or becomes a question mark.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = []
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        if category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif category not in _INVISIBLE and not _is_variation_selector(character):
            kept.append(character)
    line = " ".join("".join(kept).split())
    while line and unicodedata.combining(line[0]):
        line = line[1:]
    if _is_encodable(line, encoding):
        return line
    return "".join(_substitute(character, encoding) for character in line)


def _is_variation_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _substitute(character: str, encoding: str) -> str:
    if _is_encodable(character, encoding):
        return character
    plain = "".join(
        part for part in unicodedata.normalize("NFKD", character) if _is_encodable(part, encoding)
    )
    return plain or "?"


def stream_console(stream: TextIO) -> Console:
    """Return rich's console of a stream: its size, its encoding, and colours only for a terminal."""
    console = Console(file=stream, highlight=False)
    width, height = console.size
    console.size = (min(width, MOST_CELLS) or UNKNOWN_WIDTH, min(height, MOST_CELLS) or UNKNOWN_HEIGHT)
    return console


def rendered(shown: RenderableType, stream: TextIO) -> bytes:
    """Return what rich prints, in the width and encoding of a stream, in colour only for a terminal."""
    console = stream_console(stream)
    with console.capture() as capture:
        console.print(shown, end="", crop=False)
    return capture.get().encode(console.encoding, errors="replace")


def cut(text: str, cells: int, ellipsis: str = "…") -> str:
    """Return a text of at most this width, its end replaced by the sign for that if it is wider."""
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + ellipsis


def rule(console: Console, title: Text, glyphs: Glyphs, width: int, *, demo: bool) -> list[Text]:
    """Return a heading in a line across the screen, marked as of the demo."""
    mark = " DEMO " if demo else ""
    lead = glyphs.rule * 2
    room = max(2, width - title.cell_len - len(mark) - 6)
    line = Text.assemble((f"{lead} ", FAINT), title, (f" {glyphs.rule * room}", FAINT))
    return flow(console, (line, Text.assemble((mark, BANNER), (lead, FAINT))), width, INDENT)


def flow(console: Console, parts: Sequence[Text], width: int, indent: int) -> list[Text]:
    """Return the parts as lines of at most `width` cells, all but the first indented; no part is left out.

    A part that does not fit on a line begins the next one; one that is wider than a line is wrapped.
    """
    margin = " " * min(indent, width // 2)
    lines = [Text()]
    for part in parts:
        kept = cell_len(part.plain.rstrip())
        if lines[-1].cell_len + kept > width and lines[-1].plain.strip():
            lines.append(Text(margin))
        if lines[-1].cell_len + kept <= width:
            lines[-1].append_text(part)
            continue
        first, *others = part.wrap(console, width - len(margin), overflow="fold")
        lines[-1].append_text(first)
        lines += [Text(margin).append_text(other) for other in others]
    for line in lines:
        line.rstrip()
    return lines
