"""What is claimed about footy's speed, as commands that anyone can run: `python -m benchmarks NAME`."""
