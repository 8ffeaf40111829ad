from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks import chart
from benchmarks.report import Check, Report, Table, command, write


def found(name: str, figure: str, *, holds: bool = True) -> Report:
    return Report(
        name=name,
        title=name.title(),
        intro="How it was measured.",
        tables=[Table("Figures", ("", "s"), [("one", figure)])],
        checks=[Check("one", "≤ 2 s", figure, holds)],
        notes=["a note"],
        picture="<svg/>",
        caption="a picture",
    )


def test_a_section_replaces_its_own_and_leaves_the_others(tmp_path: Path) -> None:
    for name, figure in (("flatten", "1"), ("memory", "2"), ("flatten", "3")):
        write(found(name, figure), tmp_path, f"python -m benchmarks {name}")
    page = (tmp_path / "performance.md").read_text()
    assert "| one | 1 |" not in page
    assert "| one | 3 |" in page
    assert "| one | 2 |" in page
    assert page.count("## Flatten") == page.count("## Memory") == 1


def test_sections_stand_in_the_same_order_whichever_was_measured_first(tmp_path: Path) -> None:
    for name in ("memory", "flatten", "cycle", "freshness"):
        write(found(name, "1"), tmp_path, "it")
    page = (tmp_path / "performance.md").read_text()
    titles = [line for line in page.splitlines() if line.startswith("## ")]
    assert titles == ["## Cycle", "## Freshness", "## Flatten", "## Memory"]


def test_a_broken_promise_is_plain_to_see(tmp_path: Path) -> None:
    write(found("flatten", "3", holds=False), tmp_path, "it")
    assert "| one | ≤ 2 s | 3 | **no** |" in (tmp_path / "performance.md").read_text()


def test_the_command_told_is_without_where_it_wrote() -> None:
    said = command("cycle", ["--docs", "/elsewhere", "--sizes", "50,102", "--docs=/there"])
    assert said == "python -m benchmarks cycle --sizes 50,102"


def test_pictures_are_well_formed_and_hold_every_name_and_point() -> None:
    series = [chart.Series("a & b", [(1, 0.5), (10, 20.0)]), chart.Series("c", [(1, 3.0)])]
    across = chart.Axis("matches", logarithmic=True)
    drawn = chart.lines("Title", across, chart.Axis("s", logarithmic=True), series)
    texts = [element.text for element in ET.fromstring(drawn).iter() if element.text]
    assert {"Title", "a & b", "c", "matches"} <= set(texts)
    assert drawn.count("<circle") == 3
    bars = chart.bars("Bars", chart.Axis("s", from_zero=True), ["x", "y"], [("one", [1.0, 2.0])])
    assert bars.count('fill="#2f7ed8"') == 2
    ET.fromstring(bars)
