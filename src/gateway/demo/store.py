"""JSON lines -> the entries of one Oasis: each as its index document and as its archive.

A line has `metadata` (as in the archive, but people and datasets written out), `results`, and for
some entries `data`; everything else that NOMAD derives is derived here.
"""

import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import orjson

from gateway.demo.copies import with_copies
from gateway.demo.quantities import is_old

Json = dict[str, object]
OWN = ("main_author", "coauthors", "datasets", "optimade", "license")
SECTIONS = (
    "nomad.datamodel.datamodel.EntryArchive",
    "nomad.datamodel.datamodel.EntryMetadata",
    "nomad.datamodel.optimade.OptimadeEntry",
    "nomad.datamodel.results.Results",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as index document and as archive."""

    document: Json
    archive: Json

    @property
    def entry_id(self) -> str:
        """Its id."""
        return str(self.document["entry_id"])


def read_entries(
    source: str | Path | Sequence[Mapping[str, object]], *, version: str
) -> tuple[Entry, ...]:
    """The entries of a demo site (by name), of a file, or of lines already read."""
    lines = read_lines(source) if isinstance(source, str | Path) else source
    return tuple(
        make_entry(line, version=version) for line in lines if is_indexable(line, version=version)
    )


def read_lines(source: str | Path) -> Iterable[Mapping[str, object]]:
    """The lines of a file, or of a demo site by its name, with what it has copied."""
    if isinstance(source, str) and not Path(source).suffix:
        return with_copies(source, _read_lines)
    return _read_lines(source)


def _read_lines(source: str | Path) -> Iterator[Json]:
    for text in _read_bytes(source).splitlines():
        if text.strip():
            yield orjson.loads(text)


def _read_bytes(source: str | Path) -> bytes:
    path = Path(source)
    packed = files("gateway.demo").joinpath(f"data/{source}.jsonl.gz")
    data = path.read_bytes() if path.suffix else packed.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def is_indexable(line: Mapping[str, object], *, version: str) -> bool:
    """NOMAD 1.3 cannot index unknown atoms: their mass is not a number."""
    return not (
        is_old(version)
        and "X" in _list(_dict(_dict(line["metadata"]).get("optimade")).get("elements"))
    )


def make_entry(line: Mapping[str, object], *, version: str) -> Entry:
    """Derives index document and archive from a line."""
    metadata = _dict(line["metadata"])
    archive = _make_archive(line, metadata, version=version)
    return Entry(_make_document(line, metadata, archive), archive)


def _make_archive(line: Mapping[str, object], metadata: Json, *, version: str) -> Json:
    people = [_dict(person) for person in _list(metadata.get("coauthors"))]
    own: Json = {
        **{key: value for key, value in metadata.items() if key not in OWN},
        **_processing(metadata, version=version),
        "license": metadata.get("license", "CC BY 4.0"),
        "references": _list(metadata.get("references")),
        "files": [metadata["mainfile"]],
        "main_author": _dict(metadata["main_author"])["user_id"],
        "coauthors": [person["user_id"] for person in people],
        "datasets": [_dict(dataset)["dataset_id"] for dataset in _list(metadata.get("datasets"))],
        "sections": list(SECTIONS),
        "section_defs": _section_defs(),
    }
    if "optimade" in metadata:
        own["optimade"] = metadata["optimade"]
    archive: Json = {"metadata": own}
    archive |= {part: line[part] for part in ("results", "data") if part in line}
    own["quantities"] = _list(line.get("quantities")) or list_quantities(archive)
    own["n_quantities"] = len(_list(own["quantities"]))
    own["text_search_contents"] = _search_texts(metadata)
    return archive


def _processing(metadata: Json, *, version: str) -> Json:
    derived: Json = {
        "embargo_length": 36 if metadata.get("with_embargo") else 0,
        "nomad_commit": "",
    }
    if not is_old(version) and not version.startswith("1."):
        derived["process_status"] = "SUCCESS" if metadata.get("processed") else "FAILURE"
    return derived


def _make_document(line: Mapping[str, object], metadata: Json, archive: Json) -> Json:
    own = _dict(archive["metadata"])
    people = [metadata["main_author"], *_list(metadata.get("coauthors"))]
    document: Json = {
        **{
            key: value
            for key, value in own.items()
            if key not in (*OWN, "embargo_length", "entry_hash")
        },
        "calc_id": metadata["entry_id"],
        "origin": _dict(metadata["main_author"])["name"],
        "main_author": metadata["main_author"],
        "authors": people,
        "viewers": people,
        "writers": people,
        "viewer_groups": [],
        "writer_groups": [],
        "readonly": False,
        "datasets": _list(metadata.get("datasets")),
    }
    if "optimade" in metadata:
        document["optimade"] = index_optimade(_dict(metadata["optimade"]))
    return document | {part: line[part] for part in ("results", "data") if part in line}


def index_optimade(optimade: Mapping[str, object]) -> Json:
    """The part of an archive's optimade section that is indexed, with ratios as nested pairs."""
    unchanged = ("elements", "nelements", "nsites", "structure_features")
    indexed: Json = {"nelements": 0, "nsites": 0, "structure_features": []}
    indexed |= {
        key: value
        for key, value in optimade.items()
        if key in unchanged or key.startswith("chemical_formula_")
    }
    indexed["nperiodic_dimensions"] = sum(
        map(int, map(str, _list(optimade.get("dimension_types"))))
    )
    pairs = [
        {"elements": element, "elements_ratios": ratio}
        for element, ratio in zip(
            _list(optimade.get("elements")), _list(optimade.get("elements_ratios")), strict=False
        )
    ]
    if pairs:
        indexed["elements_ratios"] = [pairs] * len(pairs)  # NOMAD repeats them once per element
    return indexed


def list_quantities(archive: Mapping[str, object]) -> list[str]:
    """The names of all that is set in an archive, and of the sections above it."""
    named = {"", "metadata.quantities"}
    _add_paths(named, archive, "")
    return sorted(named)


def _add_paths(named: set[str], section: Mapping[str, object], path: str) -> None:
    for key, value in section.items():
        here = f"{path}.{key}" if path else str(key)
        named.add(here)
        for inner in value if isinstance(value, list) else (value,):
            if isinstance(inner, dict):
                _add_paths(named, inner, here)


def _section_defs() -> list[object]:
    return [
        {"used_directly": True, "definition_id": f"{at:040x}", "definition_qualified_name": name}
        for at, name in enumerate(SECTIONS)
    ]


def _search_texts(metadata: Json) -> list[object]:
    people = [
        _dict(p)["name"] for p in (metadata["main_author"], *_list(metadata.get("coauthors")))
    ]
    datasets = [_dict(dataset).get("dataset_name") for dataset in _list(metadata.get("datasets"))]
    named = [metadata.get(key) for key in ("entry_name", "upload_name", "comment", "domain")]
    return [text for text in (*people, *named, *datasets) if text]


def _dict(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
