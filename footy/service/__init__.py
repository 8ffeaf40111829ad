"""Runs an instance in its data folder, and reports on it: lock, schedule, heartbeat, health, stop."""
