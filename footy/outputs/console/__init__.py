"""The console: the matches for people, printed once or kept up on one screen of a terminal."""
