"""Two data folders with one account on one machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from footy.service.shared_account import SharedAccount
from tests.support.place import SECRET, Place, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=3, odds="light", secret=SECRET) as simulator:
        yield simulator


def test_the_second_of_an_account_knows_of_the_first_until_that_ends(tmp_path: Path) -> None:
    first = SharedAccount("me", "https://vendor", Path("/one"), shared=tmp_path)
    second = SharedAccount("me", "https://vendor", Path("/two"), shared=tmp_path)
    stranger = SharedAccount("you", "https://vendor", Path("/three"), shared=tmp_path)

    assert first.other() is None
    assert first.other() is None
    assert (second.other() or "").endswith(", data folder /one")
    assert stranger.other() is None
    first.close()
    assert second.other() is None
    assert (first.other() or "").endswith(", data folder /two")
    for one in (second, stranger):
        one.close()
    assert first.other() is None
    first.close()


def test_a_folder_that_cannot_be_written_tells_nothing(tmp_path: Path) -> None:
    assert SharedAccount("me", "https://vendor", tmp_path, shared=tmp_path / "absent").other() is None


def test_a_second_service_says_so_in_its_log_and_its_status(tmp_path: Path, vendor: RunningSimulator) -> None:
    with Place(tmp_path / "one") as one, Place(tmp_path / "two") as two:
        for place in (one, two):
            place.folder.mkdir()
            place.ask(vendor)
            place.set(FOOTY_INTERVAL=2, TMPDIR=tmp_path)
        first = one.begin_service()
        two.begin_service()

        said = f"The account is also used by PID {first.pid}, data folder {one.files.folder}: "
        wait_until(lambda: said in two.run("status").stdout)
        assert said in two.files.log.read_text()
        assert "also used" not in one.run("status").stdout
        assert SECRET not in "".join(file.read_text() for file in tmp_path.glob("footy-account-*"))
        first.terminate()
        first.wait(timeout=5)
        wait_until(lambda: "also used" not in two.run("status").stdout)


@pytest.mark.parametrize("lease", ["footy", "football", None])
def test_services_with_one_lease_take_turns(tmp_path: Path, lease: str | None) -> None:
    leader = SharedAccount("me", "https://vendor", Path("/one"), lease="footy", shared=tmp_path)
    other = SharedAccount("me", "https://vendor", Path("/two"), lease=lease, shared=tmp_path)

    assert leader.other() is None
    assert (other.other() is None) is (lease == "footy")
