"""Names that a site lacks: no entry there has them, so a criterion on one matches nothing there.

NOMAD refuses a whole request for one name that its plugins do not define. The federation takes such
a site's part as what it would be if the name were known and never set.
"""

import re
from collections.abc import Collection, Iterator

from gateway.errors import SiteError
from gateway.model import Json, JsonObject, NativeQuery
from gateway.native.holders import NOTHING
from gateway.native.reading.request import Required

LEAST_NAMES, MAX_NAMES = 3, 30
"""Names that one request may have that a site lacks: each costs a request."""
MAX_AGAIN_BYTES = 256 * 1024
"""Of all these requests to one site: what is asked may be large, and 3,600 names take it 2 s."""
_LACKS = re.compile(r"(.+) is not a doc quantity", re.DOTALL)
BOOLEANS = ("and", "or", "not")
_OPERATOR = re.compile(r":(?:all|any|none|lt|lte|gt|gte)$")


def lacking_name(error: SiteError) -> str | None:
    """The name that a site's refusal is about; None: it is about something else."""
    if error.status != 422 or not isinstance(error.detail, list):
        return None
    for one in error.detail:
        message = one.get("msg") if isinstance(one, dict) else None
        if isinstance(message, str) and (found := _LACKS.fullmatch(message)):
            return found[1]
    return None


def without_names(query: NativeQuery, lacking: Collection[str]) -> NativeQuery:
    """The query with criteria on these names as such that match nothing."""
    if not lacking:
        return query
    written: JsonObject = {}
    for operator in BOOLEANS:
        if operator not in query:
            continue
        value = query[operator]
        if isinstance(value, list):
            written[operator] = [_without(one, lacking) for one in value]
        else:
            written[operator] = _without(value, lacking)
        return written  # NOMAD reads nothing else beside it
    if any(name in lacking for name in _mentioned(query, "")):
        return NOTHING
    return query


def _without(value: Json, lacking: Collection[str]) -> Json:
    return without_names(value, lacking) if isinstance(value, dict) else value


def _mentioned(query: JsonObject, prefix: str) -> Iterator[str]:
    """The full names of all quantities in plain criteria, and of sections around them."""
    for key, value in query.items():
        name = _OPERATOR.sub("", key)
        full = f"{prefix}.{name}" if prefix else name
        yield full
        if isinstance(value, dict):
            yield from _mentioned(value, full)


def required_without(required: Required | None, lacking: Collection[str]) -> Required | None:
    """What is wanted, without these names; of `include` the entry_id remains."""
    if required is None or not lacking:
        return required
    include = required.include
    if include is not None:
        include = tuple(name for name in include if name not in lacking) or ("entry_id",)
    exclude = required.exclude
    if exclude is not None:
        exclude = tuple(name for name in exclude if name not in lacking)
    return Required(include, exclude)
