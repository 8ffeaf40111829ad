"""docs/simulator.md documents every option, fault, control call and endpoint."""

import argparse
from pathlib import Path

import pytest

from thesports_simulator.command import add_arguments
from thesports_simulator.faults import CATALOGUE
from thesports_simulator.messages import FAULTS
from thesports_simulator.protocol.endpoints import NAMES

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "simulator.md").read_text()


def options() -> list[str]:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    return [option for action in parser._actions for option in action.option_strings]


@pytest.mark.parametrize("option", options())
def test_every_option_is_documented(option: str) -> None:
    assert f"`{option}`" in DOCUMENT


@pytest.mark.parametrize("fault", CATALOGUE)
def test_every_fault_is_documented_with_its_default(fault: str) -> None:
    row = next(line for line in DOCUMENT.splitlines() if f"`{fault}`" in line and line.startswith("|"))
    if CATALOGUE[fault].default and CATALOGUE[fault].is_numeric:
        assert f"({CATALOGUE[fault].default})" in row


@pytest.mark.parametrize(("fault", "words"), FAULTS.items())
def test_every_fault_of_messages_is_documented(fault: str, words: str) -> None:
    assert f"| `{fault}` | {words} |" in DOCUMENT


@pytest.mark.parametrize("call", ["stats", "reset", "clock", "settings", "faults", "log"])
def test_every_control_is_documented(call: str) -> None:
    assert any(f"`{method} {call}" in DOCUMENT for method in ("GET", "POST"))


@pytest.mark.parametrize("endpoint", NAMES)
def test_every_endpoint_is_documented(endpoint: str) -> None:
    assert endpoint in DOCUMENT
