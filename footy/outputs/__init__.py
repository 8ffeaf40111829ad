"""The outputs that snapshots are published to, one module each."""
