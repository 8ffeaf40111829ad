"""A reader who comes before the first picture is told everything but matches."""

from pathlib import Path

import msgspec

from footy.web.contract import Status
from footy.web.live import Live
from tests.support.web import instance


def test_the_first_message_says_how_the_instance_is_before_there_is_a_picture(tmp_path: Path) -> None:
    live = Live(instance(tmp_path))

    said = msgspec.json.decode(live.first_message().partition(b"data: ")[2].strip())

    assert said["about"].keys() == Status.__required_keys__
    assert said["about"]["timezone"] == "America/New_York"
    assert said["matches"] == []
