"""What is pushed reaches the page's readers as changes of the rows concerned."""

from footy.web import cells
from footy.web.marks import Marked
from tests.outputs.console.samples import snapshot
from tests.support.web import match


def test_the_rows_after_a_push_are_those_of_the_whole_snapshot() -> None:
    before = [match(number) for number in range(4)]
    after = [*before[:2], match(2, home_score=2), before[3]]
    marks = {"m00001": Marked(goals=({"side": "home"},))}
    first, second = snapshot(*before), snapshot(*after)

    rows = cells.pushed(second, cells.board(first, 900, None), {"m00002"}, 900, marks)

    assert rows == cells.board(second, 900, marks)
