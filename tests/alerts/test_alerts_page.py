"""The page about alerts names every key, and its examples are files that work."""

import re
from pathlib import Path

import pytest

from footy.alerts import rules
from footy.alerts.condition import condition
from footy.alerts.rules import load

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"
TEXT = PAGE.read_text(encoding="utf-8")


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def keys(title: str) -> set[str]:
    rows = [line.split(" | ")[0] for line in section(title).splitlines() if line.startswith("| `")]
    return {key for row in rows for key in re.findall(r"`([a-z_]+)`", row)}


def test_every_key_is_documented_and_no_other() -> None:
    assert keys("Rules") == {*rules._RULE_KEYS}
    assert keys("Targets") == {key for of_kind in rules._TARGET_KEYS.values() for key in of_kind}


def test_the_example_of_the_page_is_a_file_that_works(tmp_path: Path) -> None:
    program = tmp_path / "ring"
    program.touch(mode=0o700)
    key = tmp_path / "webhook.key"
    key.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", encoding="utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    text = "\n".join(blocks).replace("/usr/local/bin/ring", str(program))
    path = tmp_path / "alerts.toml"
    path.write_text(text.replace("/etc/footy/webhook.key", str(key)), encoding="utf-8")
    path.chmod(0o600)
    found = load(path)
    assert (len(found.rules), len(found.targets)) == (1, 4)


CONDITIONS = re.findall(r"`([^`\n]*(?:==|!=|<=|>=| > | in )[^`\n]*)`", section("Conditions"))


@pytest.mark.parametrize("text", [one for one in CONDITIONS if re.match(r"[a-z\"]", one)])
def test_a_condition_of_the_page_is_one(text: str) -> None:
    if text in {"not in", "status == 3"} or text.startswith("field "):
        return
    condition(text)
