"""Where snapshots go, one module each."""
