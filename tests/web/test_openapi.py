"""The OpenAPI document: schemathesis finds no answer that the document does not describe."""

import copy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from footy.web.openapi import ROUTES, document
from tests.support.web import Stage

if TYPE_CHECKING:
    import schemathesis

LONGEST = 8_000
"""Requests longer than 16 kB are refused with 431 before there is a route: see test_security."""
QUICK = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("valid", [True, False])
def test_every_route_answers_as_the_document_says(shared: Stage, valid: bool) -> None:
    import schemathesis
    from schemathesis import GenerationMode
    from schemathesis.core.result import Ok

    mode = GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE
    described = copy.deepcopy(document())
    for route in ROUTES:
        if route.streams:  # a stream does not end
            del described["paths"][route.path]["get"]["responses"]["200"]["content"]["text/event-stream"]
    schema = schemathesis.openapi.from_dict(described)
    schema.config.update(base_url=shared.url)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == len(ROUTES)
    for operation in operations:
        if mode is GenerationMode.NEGATIVE and not (operation.query.items or operation.path_parameters.items):
            continue

        @QUICK
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: "schemathesis.Case[Any]") -> None:
            assume(len(case.as_curl_command()) < LONGEST)
            case.call_and_validate()

        holds()
