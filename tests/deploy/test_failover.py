"""Clients do not notice that a replica dies, is replaced, or reads another configuration."""

import pytest

from tests.bench.balancer import missing_programs
from tests.bench.bench_failover import CLIENTS, run_failover

BROKEN = ("RemoteProtocolError", "ReadError")
"""The connection ended within an answer."""


@pytest.mark.slow
def test_nothing_fails() -> None:
    """Behind the shipped balancer, with a shared cache, no request under load gets an error; only
    an answer that a killed replica had begun to send can break off, which nobody can repeat."""
    if missing := missing_programs():
        pytest.skip(f"needs {missing}")
    found = run_failover(calm_s=2.0)
    broken = {kind for kind in found.failed if kind.endswith(BROKEN)}
    assert found.failed.keys() == broken, found
    assert found.failed.total() <= CLIENTS, (
        found
    )  # what the killed one had begun to send, once each
    assert min(found.answers.values()) > 20
    assert found.sites[2], "before the configuration changed"
    assert found.sites[3], "after it changed"
