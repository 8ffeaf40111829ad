"""The colours of the console; the text has the same meaning without them."""

from rich.style import Style

FAINT = Style(dim=True)
STRONG = Style(bold=True)
WARNING = Style(bold=True, color="yellow")
BANNER = Style(bold=True, reverse=True)

COUNTRY = Style(bold=True, color="blue")
CLOCK = Style(color="green")
SCORE = Style(bold=True, color="green")
RED_CARD = Style(bold=True, color="red")
YELLOW_CARD = Style(color="yellow")
CORRECTION = Style(bold=True, color="yellow")
MOCK = Style(bold=True, color="magenta")

MARKET = Style(color="cyan")
CURRENT = Style(bold=True)
LINE = Style(bold=True, color="yellow")
NOT_OPEN = Style(color="magenta")
"""For `susp` and `old`: a price that is not valid now."""
