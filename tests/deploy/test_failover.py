"""Clients do not notice that a replica dies, is replaced, or reads another configuration."""

import pytest

from tests.bench.balancer import missing_programs
from tests.bench.bench_failover import run_failover


@pytest.mark.slow
def test_nothing_fails() -> None:
    """Behind the shipped balancer, with a shared cache, no request under load fails."""
    if missing := missing_programs():
        pytest.skip(f"needs {missing}")
    found = run_failover(calm_s=2.0)
    assert not found.failed, found
    assert min(found.answers.values()) > 20
    assert found.sites[2], "before the configuration changed"
    assert found.sites[3], "after it changed"
