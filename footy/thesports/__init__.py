"""The vendor's API: all code that knows TheSports is in this package."""
