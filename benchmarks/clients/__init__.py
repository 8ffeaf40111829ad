"""The clients that are compared, each a module that runs in a process of its own."""
