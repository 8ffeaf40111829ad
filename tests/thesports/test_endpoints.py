"""The endpoint table against the vendor's pages."""

from pathlib import Path

import pytest

from footy import settings
from footy.settings import Settings
from footy.thesports import endpoints
from footy.thesports.endpoints import ADDRESS_PROBE, ENDPOINTS, Endpoint, RateLimit

SHAPES = {
    "match/detail_live": "list",
    "match/recent/list": "list",
    "match/live/history": "object",
    "odds/history": "object",
    "team/additional/list": "list",
    "competition/additional/list": "list",
    "country/list": "list",
    "category/list": "list",
    "odds/live": "object",
    "odds/update": "list",
    "deleted": "object",
    "match/diary": "list",
}


def test_every_endpoint_is_in_the_table_under_its_path_and_has_its_reply_s_shape() -> None:
    assert {path: endpoint.results for path, endpoint in ENDPOINTS.items()} == SHAPES
    assert all(str(endpoint) == endpoint.path == path for path, endpoint in ENDPOINTS.items())
    named = {value for value in vars(endpoints).values() if isinstance(value, Endpoint)}
    assert named == {*ENDPOINTS.values(), ADDRESS_PROBE}


def test_only_what_the_vendor_limits_is_limited() -> None:
    assert {path: endpoint.quota for path, endpoint in ENDPOINTS.items() if endpoint.quota} == {
        "match/live/history": RateLimit(120, 60),
        "odds/history": RateLimit(120, 60),
    }


def test_the_settings_know_the_endpoints_that_may_be_limited() -> None:
    given = {"FOOTY_RATE_LIMITS": ",".join(f"{path}=1/60" for path in ENDPOINTS)}
    limits = settings.load(given, Path("absent")).settings.rate_limits
    assert limits == dict.fromkeys(ENDPOINTS, RateLimit(1, 60))


def test_the_setting_s_example_names_an_endpoint() -> None:
    told = Settings.model_fields["rate_limits"].description
    assert told is not None
    assert [path for path in ENDPOINTS if f" {path}=120/60" in told] == ["odds/history"]


@pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=str)
def test_each_has_a_title_and_room_for_the_largest_reply_seen(endpoint: Endpoint) -> None:
    assert endpoint.title
    assert endpoint.max_body >= 32 * 2**20
