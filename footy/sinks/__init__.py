"""Sinks: targets that every event is sent to, each from its own position in the log."""
