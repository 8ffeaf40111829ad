"""What footy says about itself: logs, redaction, counters."""
