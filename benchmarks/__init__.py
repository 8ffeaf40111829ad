"""Benchmarks of the claims about footy's speed and reliability: `python -m benchmarks NAME`."""
