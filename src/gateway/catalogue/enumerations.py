"""The words that quantities with a fixed set of words can have, as enumerations.json holds them."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType


@lru_cache(maxsize=1)
def read_enumerations() -> Mapping[str, tuple[str, ...]]:
    """The words by `_nmd_` property, sorted."""
    table = json.loads(Path(__file__).with_name("enumerations.json").read_bytes())
    return MappingProxyType({name: tuple(words) for name, words in table["words"].items()})
