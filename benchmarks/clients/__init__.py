"""The clients that are compared, each a module that runs in its own process."""
