"""What can go wrong on purpose: by name, rate and endpoint."""

from thesports_simulator.faults.catalogue import CATALOGUE
from thesports_simulator.faults.grammar import Fault, FaultError, parse_fault
from thesports_simulator.faults.mischief import Mischief

__all__ = ["CATALOGUE", "Fault", "FaultError", "Mischief", "parse_fault"]
