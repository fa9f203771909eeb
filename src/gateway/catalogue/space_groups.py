"""Hermann-Mauguin symbols: OPTIMADE's spelling (`P 63/m m c`) and NOMAD's (`P6_3/mmc`)."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType


@lru_cache(maxsize=1)
def space_group_spelling() -> Mapping[str, str]:
    """NOMAD's symbol by OPTIMADE's, for the short symbols of all space groups and settings."""
    lines = Path(__file__).with_name("space_groups.txt").read_text("utf-8").splitlines()
    pairs = (line.split("\t") for line in lines)
    return MappingProxyType({optimade: nomad for nomad, optimade in pairs})
