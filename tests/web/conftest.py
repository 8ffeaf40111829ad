"""A stage for the tests of the page and the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.web import Stage, match


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage that tests of a module share: none of them performs another cycle."""
    stage = Stage(tmp_path_factory.mktemp("shared"))
    stage.cycle([match(1), match(2, status_id=3)])
    yield stage
    stage.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()
