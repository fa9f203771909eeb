"""Elasticsearch's way to cut a document to what patterns include and exclude."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

WHOLE, PARTS, PARTS_WANTED, NOTHING = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Cutter:
    """Cuts documents by one pair of pattern lists; no `include` takes everything."""

    include: tuple[str, ...] | None
    exclude: tuple[str, ...]
    _decided: dict[str, int] = field(default_factory=dict)

    def cut(self, data: Mapping[str, object], path: str = "") -> dict[str, object]:
        """What is left; mappings and lists that nothing is left of go, unless they are named."""
        kept: dict[str, object] = {}
        for key, value in data.items():
            here = f"{path}.{key}" if path else key
            decision = self._decide(here)
            if decision == WHOLE:
                kept[key] = value
            elif decision != NOTHING:
                inner = self._cut_value(value, here, wanted=decision == PARTS_WANTED)
                if inner or decision == PARTS_WANTED:
                    kept[key] = inner
        return kept

    def _cut_value(self, value: object, path: str, *, wanted: bool) -> object:
        if isinstance(value, Mapping):
            return self.cut(value, path)
        if isinstance(value, list | tuple):
            items = [self._cut_value(item, path, wanted=wanted) for item in value]
            return [item for item in items if item or not isinstance(item, dict | list | None)]
        return value if wanted else None

    def _decide(self, path: str) -> int:
        decision = self._decided.get(path)
        if decision is None:
            decision = self._decided[path] = self._look(path)
        return decision

    def _look(self, path: str) -> int:
        if any(_means(pattern, path) for pattern in self.exclude):
            return NOTHING
        if self.include is None or any(_means(pattern, path) for pattern in self.include):
            below = any(_may_mean_below(pattern, path) for pattern in self.exclude)
            return PARTS_WANTED if below else WHOLE
        below = any(_may_mean_below(pattern, path) for pattern in self.include)
        return PARTS if below else NOTHING


@lru_cache(maxsize=256)
def make_cutter(include: Sequence[str] | None, exclude: Sequence[str]) -> Cutter:
    """A cutter, kept with what it has found out about paths."""
    return Cutter(None if include is None else tuple(include), tuple(exclude))


def _means(pattern: str, path: str) -> bool:
    """Whether the pattern means this path or a path above it."""
    regex = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(f"{regex}(?:\\..*)?", path, re.DOTALL) is not None


def _may_mean_below(pattern: str, path: str) -> bool:
    """Whether the pattern can mean something inside what stands at this path."""
    places = {0}
    for char in path + ".":
        after = {at for at in places if pattern[at : at + 1] == "*"}
        for start in places:
            at = start
            while pattern[at : at + 1] == "*":
                at += 1
            if pattern[at : at + 1] == char:
                after.add(at + 1)
        places = after
    return bool(places)
