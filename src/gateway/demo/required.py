"""`required` of a search: the patterns that include and exclude parts of an index document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from gateway.demo.quantities import Catalogue
from gateway.demo.refusals import crash, model_refusal
from gateway.demo.source_filter import make_source_filter

ID = "entry_id"
DEFAULTS: dict[str, object] = {"license": "CC BY 4.0"}
Path = tuple[str, ...]


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
    include = required.include if required and required.include else None
    exclude = (required.exclude if required else None) or ()
    projected = make_source_filter(include, exclude).apply(document)
    for name, value in DEFAULTS.items():
        if name not in projected and _globbed(name, required):
            projected[name] = value
    if ID not in projected:
        raise crash("'entry_id'", kind="KeyError")
    return _prune(projected, required) if required and required.prunes else projected


def project_example(document: Mapping[str, object], include: tuple[str, ...]) -> dict[str, object]:
    """The part of a document that comes as an example with an aggregated value."""
    return make_source_filter(include, ()).apply(document)


def _globbed(name: str, required: Required | None) -> bool:
    include = required.include if required else None
    exclude = required.exclude if required else None
    if include and not any(fnmatchcase(name, pattern) for pattern in include):
        return False
    return not any(fnmatchcase(name, pattern) for pattern in exclude or ())


def _prune(document: Mapping[str, object], required: Required) -> dict[str, object]:
    pruned = _Prune(_split(required.include), _split(required.exclude)).value(document, ())
    return pruned if isinstance(pruned, dict) else {}


def _split(patterns: Sequence[str] | None) -> tuple[tuple[Path, bool], ...]:
    split = []
    for pattern in patterns or ():
        stem = pattern.rstrip("*").removesuffix(".") if pattern.endswith("*") else pattern
        split.append((tuple(stem.split(".")), pattern.endswith("*")))
    return tuple(split)


@dataclass(frozen=True, slots=True)
class _Prune:
    """NOMAD's own filter, after Elasticsearch's: a name without a star does not cover its parts."""

    include: tuple[tuple[Path, bool], ...]
    exclude: tuple[tuple[Path, bool], ...]

    def value(self, data: object, path: Path) -> object:
        if _matches(path, self.exclude):
            return None
        wanted = not self.include or _matches(path, self.include)
        if not wanted and not any(parts[: len(path)] == path for parts, _ in self.include):
            return None
        if isinstance(data, Mapping):
            inner = {key: self.value(value, (*path, key)) for key, value in data.items()}
            remaining = {key: value for key, value in inner.items() if value is not None}
            return remaining if remaining or (self.include and wanted) else None
        if isinstance(data, list):
            items = [item for item in (self.value(item, path) for item in data) if item is not None]
            return items if items or (self.include and wanted) else None
        return data if wanted else None


def _matches(path: Path, patterns: tuple[tuple[Path, bool], ...]) -> bool:
    return any(path[: len(parts)] == parts if star else path == parts for parts, star in patterns)
