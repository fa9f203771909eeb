"""The client behind optimade.science (npm `optimade`), run with node; see js/try_client.js.

It needs `npm ci` in tests/clients/js beforehand.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.clients import federation
from tests.clients.conftest import Optimade

FOLDER = Path(__file__).with_name("js")
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / "optimade").is_dir(),
        reason="run `npm ci` in tests/clients/js to try the JavaScript client",
    ),
]


@pytest.fixture(scope="module")
def reported(gateway_url: str) -> Mapping[str, Any]:
    """What the client understood of the gateway."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, FOLDER / "try_client.js", gateway_url], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_discovery(reported: Mapping[str, Any]) -> None:
    """It finds the version and the endpoints, and reads the one page limit out of the refusal."""
    assert reported["version"] == "1.3.0"
    assert reported["available"] == [["structures", "references", "info", "links"]]
    assert reported["limits"] == [500]


def test_pages(reported: Mapping[str, Any], held: Mapping[str, Optimade]) -> None:
    """It counts and turns pages, by number and by offset alike."""
    found = {
        id_
        for id_, one in held.items()
        if one["nelements"] == 2 and {"O", "Si"} <= set(one["elements"])
    }
    assert reported["returned"] == len(found)
    assert reported["pages"] == -(-len(found) // 10)
    assert len({*reported["first"], *reported["second"]}) == 20
    assert {*reported["first"], *reported["second"]} <= found
    assert reported["byOffset"] == reported["second"]
    assert reported["unfiltered"] == len(held)


def test_refusal(reported: Mapping[str, Any]) -> None:
    """A filter that is wrong comes as an error with our words."""
    assert "column 9" in reported["refused"]


def test_index(reported: Mapping[str, Any]) -> None:
    """From the index it finds every site's own database and that of all sites."""
    assert reported["children"] == sorted([*federation.SITES, "all_sites"])
