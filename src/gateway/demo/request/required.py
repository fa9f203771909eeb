"""`required` of a search: the patterns that include and exclude parts of an index document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache

from gateway.demo.elasticsearch.source_filter import SourceFilter, make_source_filter
from gateway.demo.quantities import Catalogue
from gateway.demo.refusals import crash, model_refusal

ID = "entry_id"
DEFAULTS: dict[str, object] = {"license": "CC BY 4.0"}
Path = tuple[str, ...]
Patterns = tuple[tuple[Path, bool], ...]
"""Each with whether it ends with a star."""


@dataclass(frozen=True, slots=True)
class Required:
    """The patterns of `required`; None is no such list."""

    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] | None = None

    @property
    def prunes(self) -> bool:
        """NOMAD filters documents again, by other rules, if patterns may match `data`."""
        patterns = (*(self.include or ()), *(self.exclude or ()))
        return any(p.startswith("data") for p in patterns) or any(
            p.startswith("search_quantities") for p in self.exclude or ()
        )

    def dump(self) -> dict[str, object]:
        """As the answer repeats it."""
        lists = {"include": self.include, "exclude": self.exclude}
        return {name: list(value) for name, value in lists.items() if value is not None}


def read_required(data: object, *, order_by: str, catalogue: Catalogue) -> Required | None:
    """Reads `required`; the id and the quantity that orders the page are always included."""
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise model_refusal(
            "model_attributes_type", loc=("required",), message="Input should be a valid dictionary"
        )
    include, exclude = _read_list(data, "include"), _read_list(data, "exclude")
    for pattern in (*(include or ()), *(exclude or ())):
        if "*" not in pattern:
            catalogue.find(pattern, loc=("required",))
    always = (order_by, ID)
    if include is not None:
        include += tuple(name for name in dict.fromkeys(always) if name not in include)
    if exclude is not None:
        exclude = tuple(pattern for pattern in exclude if pattern not in always)
    return Required(include, exclude)


def _read_list(data: Mapping[str, object], name: str) -> tuple[str, ...] | None:
    value = data.get(name)
    if value is None:
        return None
    if not isinstance(value, list):
        raise model_refusal(
            "list_type", loc=("required", name), message="Input should be a valid list", given=value
        )
    return tuple(map(str, value))


def project_document(
    document: Mapping[str, object], required: Required | None
) -> dict[str, object]:
    """The part of a document that is in the answer."""
    projection = _make_projection(required)
    projected = projection.source.apply(document)
    for name, value in projection.defaults:
        projected.setdefault(name, value)
    if ID not in projected:
        raise crash("'entry_id'", kind="KeyError")
    if projection.prune is None:
        return projected
    pruned = projection.prune.value(projected)
    return pruned if isinstance(pruned, dict) else {}


@dataclass(frozen=True, slots=True)
class _Projection:
    """What `required` means for each document."""

    source: SourceFilter
    defaults: tuple[tuple[str, object], ...]
    prune: "_Prune | None"


@lru_cache(maxsize=256)
def _make_projection(required: Required | None) -> _Projection:
    include = required.include if required and required.include else None
    exclude = (required.exclude if required else None) or ()
    return _Projection(
        make_source_filter(include, exclude),
        tuple(item for item in DEFAULTS.items() if _globbed(item[0], required)),
        _Prune((), _split(include), _split(exclude)) if required and required.prunes else None,
    )


def project_example(document: Mapping[str, object], include: tuple[str, ...]) -> dict[str, object]:
    """The part of a document that comes as an example with an aggregated value."""
    return make_source_filter(include, ()).apply(document)


def _globbed(name: str, required: Required | None) -> bool:
    include = required.include if required else None
    exclude = required.exclude if required else None
    if include and not any(fnmatchcase(name, pattern) for pattern in include):
        return False
    return not any(fnmatchcase(name, pattern) for pattern in exclude or ())


def _split(patterns: Sequence[str] | None) -> Patterns:
    split = []
    for pattern in patterns or ():
        stem = pattern.rstrip("*").removesuffix(".") if pattern.endswith("*") else pattern
        split.append((tuple(stem.split(".")), pattern.endswith("*")))
    return tuple(split)


@dataclass(slots=True, eq=False)
class _Prune:
    """NOMAD's own filter, after Elasticsearch's: a name without a star does not cover its parts.

    It is that of one path; those of the parts are made when a document first has them.
    """

    path: Path
    include: Patterns
    exclude: Patterns
    is_wanted: bool = field(init=False)
    is_left_out: bool = field(init=False)
    _parts: dict[str, "_Prune"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        path = self.path
        self.is_wanted = not self.include or _matches(path, self.include)
        is_above = any(parts[: len(path)] == path for parts, _ in self.include)
        self.is_left_out = _matches(path, self.exclude) or not (self.is_wanted or is_above)

    def value(self, data: object) -> object:
        """What remains of a document's value at this path; None is nothing."""
        if self.is_left_out:
            return None
        if isinstance(data, dict):
            pairs = ((key, self._part(key).value(value)) for key, value in data.items())
            remaining = {key: value for key, value in pairs if value is not None}
            return remaining if remaining or (self.include and self.is_wanted) else None
        if isinstance(data, list):
            items = [item for item in map(self.value, data) if item is not None]
            return items if items or (self.include and self.is_wanted) else None
        return data if self.is_wanted else None

    def _part(self, key: str) -> "_Prune":
        part = self._parts.get(key)
        if part is None:
            part = _Prune((*self.path, key), self.include, self.exclude)
            self._parts[key] = part
        return part


def _matches(path: Path, patterns: Patterns) -> bool:
    return any(path[: len(parts)] == parts if star else path == parts for parts, star in patterns)
