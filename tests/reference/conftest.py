"""What the tests of the vendor's room share."""

from collections.abc import Iterator

import pytest

from tests.support.wire import Server, answer, reply


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that answers an empty list until told otherwise."""
    with Server(answer(reply())) as running:
        yield running
