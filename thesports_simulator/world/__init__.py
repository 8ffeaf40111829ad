"""The simulated world of football: its state at any second."""
