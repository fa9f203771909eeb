"""`required` of an archive: a tree of names, with `*` for everything below a name."""

import re
from collections.abc import Mapping

from gateway.demo.refusals import RefusalError, crash, model_refusal

ALL = ("*", "include", "include-resolved")
PART = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<first>-?\d*)(?P<slice>:)?(?P<last>-?\d*)\])?")


def read_required_archive(data: object) -> object:
    """Checks `required` of an archive request as NOMAD's request model does."""
    if data is None:
        return "*"
    if isinstance(data, str | Mapping):
        return data
    raise model_refusal(
        "string_type", loc=("required", "str"), message="Input should be a valid string", given=data
    )


def project_archive(archive: Mapping[str, object], required: object) -> dict[str, object]:
    """The wanted parts; names that the archive does not have are left out."""
    projected = _project(archive, required)
    assert isinstance(projected, dict)
    return {**projected, "m_ref_archives": {}}


def _project(value: object, required: object) -> object:
    if isinstance(required, str):
        if required not in ALL:
            raise RefusalError(400, f"unknown directive {required}")
        return dict(value) if isinstance(value, Mapping) else value
    if not isinstance(required, Mapping):
        raise crash("", kind="AssertionError")
    if isinstance(value, list):
        return [_project(item, required) for item in value if isinstance(item, Mapping)]
    if not isinstance(value, Mapping):
        return value
    return {
        name: part for key, wanted in required.items() for name, part in _take(value, key, wanted)
    }


def _take(value: Mapping[str, object], key: str, wanted: object) -> list[tuple[str, object]]:
    found = PART.fullmatch(key)
    name = found["name"] if found else key
    if name not in value:
        return []
    part = value[name]
    if found and isinstance(part, list) and "[" in key:
        part = part[_slice(found)]
    return [(name, _project(part, wanted))]


def _slice(found: re.Match[str]) -> slice:
    first = int(found["first"]) if found["first"] else None
    if found["slice"] is None and first is not None:
        return slice(first, first + 1 if first != -1 else None)
    return slice(first, int(found["last"]) if found["last"] else None)
