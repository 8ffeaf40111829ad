"""The vendor: everything that knows the TheSports API, and nothing else does."""
