"""Conversion of the state into flat records."""
