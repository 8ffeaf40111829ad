"""The simulated football: what is true at any second."""
