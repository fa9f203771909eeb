"""optimade-validator over the demo: all its tests, mandatory and optional, at every base URL."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from optimade.validator import ImplementationValidator

WAIT_S = 60

# The package reads its own models in a way that pydantic is going to drop.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211"),
]


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The address of `gateway demo`, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "gateway", "demo", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield next(line.strip() for line in process.stdout if re.match(r"http://\S+$", line))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT_S)


def is_copy(reported: tuple[str, str]) -> bool:
    """Whether it is about an entry that two sites hold, which the validator picks at random: both
    copies are served, with one immutable_id."""
    return "immutable_id" in reported[0] and "returned 2 results" in reported[1]


@pytest.mark.parametrize(
    ("base", "index", "least"),
    [
        ("", False, 60),
        ("/v1", False, 60),
        ("/sites/berlin", False, 60),
        ("/sites/munich/v1", False, 60),
        ("/sites/dresden", False, 60),
        ("/index", True, 7),
    ],
)
def test_validator(demo: str, base: str, index: bool, least: int) -> None:
    """Nothing fails, and no test falls out without being noticed."""
    validator = ImplementationValidator(base_url=demo + base, index=index, respond_json=True)
    validator.validate_implementation()
    results = validator.results
    failures = [reported for reported in results.failure_messages if not is_copy(reported)]
    assert failures == []
    assert results.internal_failure_messages == []
    assert results.optional_failure_messages == []
    assert results.success_count + len(results.failure_messages) >= least
    print(
        f"{base or '/'}: {results.success_count} mandatory, {results.optional_success_count} more"
    )
