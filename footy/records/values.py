"""Single values of the vendor's rows, as a record has them."""


def count(value: int | None) -> int | None:
    """Return a count; None if it is negative, the vendor's "no data"."""
    return value if value is not None and value >= 0 else None


def flag(value: int | None) -> bool | None:
    """Return whether a flag is set; None if it is neither 0 nor 1."""
    return value == 1 if value in {0, 1} else None


def name(text: str | None) -> str | None:
    """Return the text without blanks at its ends, None if nothing is left."""
    return (text.strip() or None) if text else None
