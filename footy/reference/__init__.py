"""Reference data: teams, competitions, countries and categories, in memory and on disk."""
