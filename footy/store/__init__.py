"""The store in PostgreSQL: the log, what was published, and the mirror, for several machines.

Nothing of it is imported unless FOOTY_STORE is set.
"""
