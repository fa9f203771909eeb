"""Property definitions (OPTIMADE 1.2 format) of an entry type, as `/info/<type>` shows them.

They are the same at every gateway but for the provider's prefix: a script makes them once
(tests/making/make_definitions.py), this module reads them and puts the prefix in.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import orjson

from gateway.model import JsonObject

DATA_FILE = Path(__file__).with_name("property_definitions.json")
PLACEHOLDER = "providerprefix"
"""Stands for the provider's prefix in the data file, and occurs nowhere else in it."""

_STANDARD_1_2 = "https://schemas.optimade.org/defs/v1.2/"


def read_definitions(entry_type: str, *, prefix: str) -> Mapping[str, JsonObject]:
    """The definitions of all properties by name, following the standard to the letter."""
    text = DATA_FILE.read_bytes().replace(f"_{PLACEHOLDER}_".encode(), f"_{prefix}_".encode())
    return cast(dict[str, JsonObject], orjson.loads(text)[entry_type])


def simplify(definitions: Mapping[str, JsonObject], *, prefix: str) -> Mapping[str, JsonObject]:
    """The same for the clients and the validator of today.

    They read `type` as the one word that OPTIMADE 1.1 had there. What they do not accept is left
    out: other prefixes than the provider's, and properties that OPTIMADE 1.3 has added.
    """
    return {
        name: {**one, "type": one["x-optimade-type"]}
        for name, one in definitions.items()
        if name.startswith(f"_{prefix}_") or str(one["$id"]).startswith(_STANDARD_1_2)
    }
