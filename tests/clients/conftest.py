"""One gateway for all clients: over HTTP, in a process of its own, over six demo Oases."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.clients import federation

WAIT_S = 20

Optimade: TypeAlias = dict[str, Any]


@pytest.fixture(scope="session")
def gateway_url() -> Iterator[str]:
    """Where the gateway listens, without a trailing slash."""
    process = subprocess.Popen(
        [sys.executable, Path(federation.__file__)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "the federation stopped before it had begun"
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT_S)


@pytest.fixture(scope="session")
def held(copies: Mapping[str, Optimade]) -> Mapping[str, Optimade]:
    """What the Oases hold, each entry once: of copies that are alike, the first is served."""
    first: dict[str, str] = {}
    for id_ in copies:
        first.setdefault(id_.partition("~")[2], id_)
    return {id_: copies[id_] for id_ in first.values()}


@pytest.fixture(scope="session")
def copies() -> Mapping[str, Optimade]:
    """The structure of each copy of an entry by the id that the gateway gives it."""
    found: dict[str, Optimade] = {}
    for site in federation.SITES:
        for line in federation.read_lines(site):
            metadata = line["metadata"]
            optimade = metadata.get("optimade")
            is_open = metadata["published"] and not metadata["with_embargo"]
            if is_open and isinstance(optimade, dict):
                found[f"{site}~{metadata['entry_id']}"] = optimade
    return found
