"""Logs, redaction and counters."""
