"""The console: the matches as text, printed once or kept up to date on a terminal."""
