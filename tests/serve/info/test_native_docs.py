"""What the OpenAPI document says of NOMAD's own API."""

import pytest

from gateway.serve.info.native_docs import native_docs
from gateway.serve.routes.native.passed import PASSED
from gateway.serve.routes.native.searches import SEARCHES

ROUTES = [(path, method) for path, method, _ in (*SEARCHES, *PASSED)]


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_summary(path: str, method: str) -> None:
    """Every route has a title in words, and none that is made of its path."""
    summary = native_docs(path, method)["summary"]
    assert isinstance(summary, str)
    assert " " in summary
    assert not set("/{}") & set(summary)
