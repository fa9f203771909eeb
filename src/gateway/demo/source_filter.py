"""Elasticsearch's source filtering: the part of a document that patterns include and exclude."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

WHOLE, PARTS, PARTS_WANTED, NOTHING = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class SourceFilter:
    """One pair of pattern lists; without `include` everything is included."""

    include: tuple[str, ...] | None
    exclude: tuple[str, ...]
    _decisions: dict[str, int] = field(default_factory=dict)

    def apply(self, data: Mapping[str, object], path: str = "") -> dict[str, object]:
        """The included part; empty mappings and lists are left out unless a pattern names them."""
        included: dict[str, object] = {}
        for key, value in data.items():
            inner_path = f"{path}.{key}" if path else key
            decision = self._decision(inner_path)
            if decision == WHOLE:
                included[key] = value
            elif decision != NOTHING:
                inner = self._apply_to_value(value, inner_path, wanted=decision == PARTS_WANTED)
                if inner or decision == PARTS_WANTED:
                    included[key] = inner
        return included

    def _apply_to_value(self, value: object, path: str, *, wanted: bool) -> object:
        if isinstance(value, Mapping):
            return self.apply(value, path)
        if isinstance(value, list | tuple):
            items = [self._apply_to_value(item, path, wanted=wanted) for item in value]
            return [item for item in items if item or not isinstance(item, dict | list | None)]
        return value if wanted else None

    def _decision(self, path: str) -> int:
        decision = self._decisions.get(path)
        if decision is None:
            decision = self._decisions[path] = self._decide(path)
        return decision

    def _decide(self, path: str) -> int:
        if any(_matches(pattern, path) for pattern in self.exclude):
            return NOTHING
        if self.include is None or any(_matches(pattern, path) for pattern in self.include):
            below = any(_may_match_below(pattern, path) for pattern in self.exclude)
            return PARTS_WANTED if below else WHOLE
        below = any(_may_match_below(pattern, path) for pattern in self.include)
        return PARTS if below else NOTHING


@lru_cache(maxsize=256)
def make_source_filter(include: Sequence[str] | None, exclude: Sequence[str]) -> SourceFilter:
    """A filter, cached together with its decisions about paths."""
    return SourceFilter(None if include is None else tuple(include), tuple(exclude))


def _matches(pattern: str, path: str) -> bool:
    """Whether the pattern matches this path or one of its parents."""
    regex = ".*".join(map(re.escape, pattern.split("*")))
    return re.fullmatch(f"{regex}(?:\\..*)?", path, re.DOTALL) is not None


def _may_match_below(pattern: str, path: str) -> bool:
    """Whether the pattern can match something below this path.

    The pattern is run as a state machine over the path; a state is a position in the pattern.
    """
    states = {0}
    for char in path + ".":
        after = {at for at in states if pattern[at : at + 1] == "*"}
        for start in states:
            at = start
            while pattern[at : at + 1] == "*":
                at += 1
            if pattern[at : at + 1] == char:
                after.add(at + 1)
        states = after
    return bool(states)
