"""Faults that the simulator injects, by name, rate and endpoint."""

from thesports_simulator.faults.catalogue import CATALOGUE
from thesports_simulator.faults.grammar import Fault, FaultError, parse_fault
from thesports_simulator.faults.injector import FaultInjector

__all__ = ["CATALOGUE", "Fault", "FaultError", "FaultInjector", "parse_fault"]
