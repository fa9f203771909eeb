"""src/gateway/THIRD-PARTY.md: what is shipped, and under which licence."""

import re
from email.message import Message
from typing import cast

import pytest

from tests.release.licences import (
    BY_HAND,
    DATA,
    LIBRARIES,
    PAGE,
    Metadata,
    licence_of,
    licences,
    noted,
    page_of,
    runtime_pins,
)
from tests.setup.locks import ROOT

TAKEN = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "PSF-2.0",
    "Unlicense",
}  # fmt: skip
"""Licences under which Apache-2.0 code can ship a package unchanged; another one is read first."""


def test_current() -> None:
    """The page names each pin of the runtime lock; if not: `python -m tests.release.licences`."""
    assert list(noted()) == [pin.key for pin in runtime_pins()]
    assert page_of(licences()) == PAGE.read_text("utf-8")


@pytest.mark.parametrize("package", noted())
def test_licence_is_taken(package: str) -> None:
    """Each licence is one that the project has agreed to."""
    words = re.findall(r"[\w.-]+", noted()[package])
    assert {word for word in words if word not in ("AND", "OR")} <= TAKEN


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda one: one["name"])
def test_vendored(library: dict) -> None:
    assert library["license"] in TAKEN


def test_by_hand() -> None:
    """What is read by hand is still shipped."""
    assert set(BY_HAND) <= {pin.name for pin in runtime_pins()}


def test_data_is_there() -> None:
    for files, *_ in DATA:
        for name in re.findall(r"`([^`]+)`", files):
            assert (ROOT / "src/gateway" / name).exists()


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"License-Expression": "MIT"}, "MIT"),
        ({"License-Expression": "MIT", "License": "BSD"}, "MIT"),
        ({"License": "3-Clause BSD License"}, "BSD-3-Clause"),
        ({"License": "Copyright (c) 2020\nPermission is .."}, None),
        ({}, None),
    ],
)
def test_licence_of(fields: dict[str, str], found: str | None) -> None:
    """The expression comes first; a whole text says nothing exact."""
    message = Message()
    for name, value in fields.items():
        message[name] = value
    assert licence_of(cast(Metadata, message)) == found
