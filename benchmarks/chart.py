"""Line charts and bar charts as SVG, for light and dark pages."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

COLOURS = ("#2f7ed8", "#e07b39", "#2ca58d", "#b5485d", "#8a63c9", "#8c8c8c", "#c9a227")
WIDTH, HEIGHT = 760.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 76.0, 200.0, 68.0, 52.0
NARROW = 30.0
"""Narrower bars get shorter figures."""
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}"
    ".small{font-size:12px}.tiny{font-size:10px}.title{font-size:15px;font-weight:600}"
    ".grid{stroke:#ddd}.axis{stroke:#888}.back{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}.back{fill:#161616}}"
)

Place = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Series:
    """The points of one line."""

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """The title and the scale of an axis."""

    title: str
    logarithmic: bool = False
    ticks: Sequence[float] | None = None
    """None for automatic ones."""
    from_zero: bool = False


def lines(title: str, across: Axis, up: Axis, series: Sequence[Series]) -> str:
    """Draw one line per series, with its points."""
    xs = [x for one in series for x, _ in one.points]
    ys = [y for one in series for _, y in one.points]
    x_ticks, y_ticks = across.ticks or _ticks(xs, across), up.ticks or _ticks(ys, up)
    place_x = _scale([*xs, *x_ticks], across, LEFT, WIDTH - RIGHT)
    place_y = _scale([*ys, *y_ticks], up, HEIGHT - BOTTOM, TOP)
    drawn = [*_grid(y_ticks, place_y, up), *_across(x_ticks, place_x, across)]
    for number, one in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{place_x(x):.1f},{place_y(y):.1f}" for x, y in one.points)
        dash = ' stroke-dasharray="6 5"' if one.dashed else ""
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        if not one.dashed and len(one.points) <= 40:
            drawn += [
                f'<circle cx="{place_x(x):.1f}" cy="{place_y(y):.1f}" r="3.5" fill="{colour}"/>'
                for x, y in one.points
            ]
    return _picture(title, [*drawn, *_legend([one.name for one in series])])


def bars(title: str, up: Axis, groups: Sequence[str], series: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Draw a group of bars for each name, with one labelled bar per series."""
    ys = [value for _, values in series for value in values]
    ticks = up.ticks or _ticks(ys, up)
    place_y = _scale([*ys, *ticks], up, HEIGHT - BOTTOM, TOP)
    room = (WIDTH - RIGHT - LEFT) / max(1, len(groups))
    width = 0.8 * room / max(1, len(series))
    narrow = width < NARROW
    drawn, figures = _grid(ticks, place_y, up), []
    for group, name in enumerate(groups):
        left = LEFT + group * room
        drawn.append(_text(left + room / 2, HEIGHT - BOTTOM + 20, name, "middle"))
        for number, (_, values) in enumerate(series):
            x, y = left + 0.1 * room + number * width, place_y(values[group])
            drawn.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{0.92 * width:.1f}" '
                f'height="{max(0.0, HEIGHT - BOTTOM - y):.1f}" fill="{COLOURS[number % len(COLOURS)]}"/>'
            )
            figure, kind = (brief, "tiny") if narrow else (short, "small")
            figures.append(_text(x + 0.46 * width, y - 4, figure(values[group]), "middle", kind))
    names = [name for name, _ in series] if len(series) > 1 else []
    return _picture(title, [*drawn, *figures, *_legend(names)])


def brief(value: float) -> str:
    """Return a figure with about two digits, for narrow bars."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def short(value: float) -> str:
    """Return a figure with about three digits."""
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def _scale(values: Sequence[float], axis: Axis, start: float, end: float) -> Place:
    """Return a function from a value to its position in the picture."""
    read: Callable[[float], float] = math.log10 if axis.logarithmic else float
    low, high = read(min(values)), read(max(values))
    span = (high - low) or 1.0
    return lambda value: start + (read(value) - low) / span * (end - start)


def _ticks(values: Sequence[float], axis: Axis) -> list[float]:
    """Return round values that enclose all others."""
    low, high = min(values), max(values)
    if axis.from_zero:
        low = min(low, 0.0)
    if axis.logarithmic:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return [10.0**power for power in range(first, last + 1)]
    span = (high - low) or abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(span / 4))
    step = next(size * step for size in (1, 2, 5, 10) if span / (size * step) <= 6)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def _grid(ticks: Iterable[float], place: Place, axis: Axis) -> list[str]:
    drawn = [_text(LEFT - 10, TOP - 14, axis.title, "start", "small")]
    for tick in ticks:
        y = place(tick)
        drawn.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(_text(LEFT - 8, y + 4, short(tick), "end", "small"))
    return drawn


def _across(ticks: Iterable[float], place: Place, axis: Axis) -> list[str]:
    base = HEIGHT - BOTTOM
    drawn = [f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{base}" y2="{base}"/>']
    drawn += [_text(place(tick), base + 18, short(tick), "middle", "small") for tick in ticks]
    return [*drawn, _text((LEFT + WIDTH - RIGHT) / 2, base + 40, axis.title, "middle")]


def _legend(names: Sequence[str]) -> list[str]:
    drawn = []
    for number, name in enumerate(names):
        y = TOP + 8 + 22 * number
        colour = COLOURS[number % len(COLOURS)]
        drawn.append(f'<rect x="{WIDTH - RIGHT + 18}" y="{y - 9}" width="12" height="12" fill="{colour}"/>')
        drawn.append(_text(WIDTH - RIGHT + 36, y + 2, name, "start", "small"))
    return drawn


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>'


def _picture(title: str, drawn: Iterable[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f'<rect class="back" width="{WIDTH:.0f}" height="{HEIGHT:.0f}"/>'
    )
    return "\n".join([head, _text(16, 22, title, "start", "title"), *drawn, "</svg>"]) + "\n"
