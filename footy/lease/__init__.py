"""The lease: which of several machines leads, so that only one asks the vendor and writes into the store."""

from footy.lease.right import Right

__all__ = ["Right"]
