"""Footy: a live football data pipeline over the TheSports API."""

__version__ = "0.1.0"
