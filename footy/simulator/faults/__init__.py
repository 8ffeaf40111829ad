"""What can go wrong on purpose: by name, rate and endpoint."""

from footy.simulator.faults.catalogue import CATALOGUE
from footy.simulator.faults.grammar import Fault, FaultError, parse_fault
from footy.simulator.faults.mischief import Mischief

__all__ = ["CATALOGUE", "Fault", "FaultError", "Mischief", "parse_fault"]
