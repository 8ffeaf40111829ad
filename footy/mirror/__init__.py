"""The state of every live match, kept up to date by feeds of changes."""
