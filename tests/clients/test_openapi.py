"""Whatever the OpenAPI document allows is answered, and answered as the document says."""

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CASES = 30
"""Random requests to each operation, beside its examples."""
CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]
bounded = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def schema(gateway_url: str) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{gateway_url}/openapi.json")


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """Connections that are kept: a new one for each request takes longer than most answers."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def test_every_operation(
    schema: schemathesis.BaseSchema, gateway_url: str, session: requests.Session
) -> None:
    """No request makes a 500, and each answer has a status, type and form that are written down."""
    seen: Counter[int] = Counter()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @bounded
        @given(case=operation.as_strategy())
        def ask(case: schemathesis.Case[Any]) -> None:
            response = case.call(base_url=gateway_url, session=session)
            seen[response.status_code] += 1
            assert response.status_code != HTTPStatus.INTERNAL_SERVER_ERROR
            case.validate_response(response, checks=CHECKS)

        ask()
    assert seen.total() > 200
    assert seen[HTTPStatus.OK] > 100
    print(f"\n{seen.total()} requests: {dict(seen)}")
