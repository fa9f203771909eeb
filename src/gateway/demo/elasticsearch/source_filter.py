"""Elasticsearch's source filtering: the part of a document that patterns include and exclude."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

WHOLE, PARTS, PARTS_WANTED, NOTHING = range(4)


@dataclass(slots=True, eq=False)
class SourceFilter:
    """One pair of pattern lists; without `include` everything is included.

    It is that of one path; those of the parts are made when a document first has them.
    """

    include: tuple[str, ...] | None
    exclude: tuple[str, ...]
    path: str = ""
    decision: int = PARTS
    _parts: dict[str, "SourceFilter"] = field(default_factory=dict)
    _heads: frozenset[str] | None = field(init=False)
    """The only names here that can be included; None: any."""

    def __post_init__(self) -> None:
        heads = [pattern.partition(".")[0] for pattern in self.include or ("*",)]
        is_any = self.path or any("*" in head for head in heads)
        self._heads = None if is_any else frozenset(heads)

    def apply(self, data: Mapping[str, object]) -> dict[str, object]:
        """The included part; empty mappings and lists are left out unless a pattern names them."""
        included: dict[str, object] = {}
        for key in data if self._heads is None else filter(self._heads.__contains__, data):
            part = self._parts.get(key) or self._make_part(key)
            if part.decision == WHOLE:
                included[key] = data[key]
            elif part.decision != NOTHING:
                inner = part._apply_to_value(data[key])
                if inner or part.decision == PARTS_WANTED:
                    included[key] = inner
        return included

    def _apply_to_value(self, value: object) -> object:
        if isinstance(value, dict):
            return self.apply(value)
        if isinstance(value, list | tuple):
            items = [self._apply_to_value(item) for item in value]
            return [item for item in items if item or not isinstance(item, dict | list | None)]
        return value if self.decision == PARTS_WANTED else None

    def _make_part(self, key: str) -> "SourceFilter":
        path = f"{self.path}.{key}" if self.path else key
        part = SourceFilter(self.include, self.exclude, path, self._decide(path))
        self._parts[key] = part
        return part

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
