"""The Oases that the suite runs against: demo ones always, real ones where they are named."""

import os
from collections.abc import Iterator

import pytest

from gateway.demo import create_demo_oasis
from tests.contract.asking import Asker, Known, learn

REAL = [url for url in os.environ.get("GATEWAY_TEST_OASES", "").split(",") if url.strip()]
DEMO = [("berlin", "2.0.0"), ("dresden", "1.4.3"), ("munich", "1.3.17")]
NAMES = [*(f"{name}-{version}" for name, version in DEMO), *REAL]


@pytest.fixture(scope="session", params=range(len(NAMES)), ids=NAMES)
def known(request: pytest.FixtureRequest) -> Iterator[Known]:
    """An Oasis and what it holds."""
    number: int = request.param
    if number < len(DEMO):
        name, version = DEMO[number]
        app = create_demo_oasis(name, version=version, path="/nomad-oasis")
        asker = Asker(NAMES[number], "http://demo/nomad-oasis/api/v1", app)
    else:
        asker = Asker(NAMES[number], NAMES[number].strip().rstrip("/"))
    yield learn(asker, required=number < len(DEMO))
    asker.close()
