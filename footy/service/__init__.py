"""The daemon and what is said about it: lock, scheduler, heartbeat, health, stop."""
