"""The colours of the board; none of them says anything that the words beside it do not."""

from rich.style import Style

FAINT = Style(dim=True)
STRONG = Style(bold=True)
WARNING = Style(bold=True, color="yellow")
BANNER = Style(bold=True, reverse=True)

COUNTRY = Style(bold=True, color="blue")
CLOCK = Style(color="green")
SCORE = Style(bold=True, color="green")
RED_CARD = Style(bold=True, color="red")

MARKET = Style(color="cyan")
LINE = Style(color="yellow")
SUSPENDED = Style(bold=True, color="magenta")
