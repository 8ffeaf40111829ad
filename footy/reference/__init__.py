"""Reference data: teams, competitions, countries and categories."""
