"""What is held of every live match, kept up by changes."""
