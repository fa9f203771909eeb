"""What an Oasis says of itself, and of paths that it does not have."""

import pytest

from tests.contract.asking import Known


def test_info(known: Known) -> None:
    """`/info` names the version; up to 1.4 it has statistics, in 1.3 the quantities."""
    info = known.oasis.send("GET", "info").body
    assert info["version"] == known.version
    assert "oasis" in info
    assert ("statistics" in info) is known.version.startswith("1.")
    assert ("search_quantities" in info) is known.is_old


PATHS = {
    "unknown": ("GET", "nosuch", 404),
    "GET a search": ("DELETE", "entries/query", 405),
}


@pytest.mark.parametrize("row", PATHS)
def test_paths(known: Known, row: str) -> None:
    """Unknown paths and methods are told as text in `detail`."""
    method, path, status = PATHS[row]
    answer = known.oasis.send(method, path)
    assert answer.status == status
    assert isinstance(answer.body["detail"], str)


def test_body_is_json(known: Known) -> None:
    """No body is 422."""
    answer = known.oasis.send("POST", "entries/query")
    assert answer.status == 422
    assert answer.body["detail"][0]["type"] == "missing"
