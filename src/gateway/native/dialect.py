"""A native query as an older NOMAD understands it: what 2.0 means by it, in terms of 1.3.

Up to 1.3 an empty `:any` is every entry, and each value of an `:any` is a clause, of which 1,024
are taken. A site of unknown version is taken for 1.3.
"""

from gateway.catalogue.quantities import OLDEST, read_version
from gateway.model import Json, JsonObject, NativeQuery
from gateway.native.holders import NOTHING

CHUNK = 1_000
_SINCE = (1, 4)


def for_version(query: NativeQuery, version: str | None) -> NativeQuery:
    """The query for a site of that version; the same object where nothing differs."""
    if read_version(version or OLDEST) >= _SINCE:
        return query
    return _old(query)


def _old(query: NativeQuery) -> NativeQuery:
    for operator in ("and", "or", "not"):
        value = query.get(operator)
        if isinstance(value, list):
            inner_ones = [_old(one) if isinstance(one, dict) else one for one in value]
            same = all(new is old for new, old in zip(inner_ones, value, strict=True))
            return query if same else {operator: inner_ones}
        if isinstance(value, dict):
            inner = _old(value)
            return query if inner is value else {operator: inner}
    changed = [_criterion(name, value) for name, value in query.items()]
    if all(one is None for one in changed):
        return query
    parts: list[Json] = []
    for (name, value), one in zip(query.items(), changed, strict=True):
        parts.append({name: value} if one is None else one)
    return parts[0] if len(parts) == 1 and isinstance(parts[0], dict) else {"and": parts}


def _criterion(name: str, value: Json) -> JsonObject | None:
    """What a criterion becomes; None: it stays as it is."""
    if name.endswith(":any") and isinstance(value, list):
        return _any(name, value)
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get("any"), list):
        return _any(f"{name}:any", value["any"])
    return None


def _any(name: str, values: Json) -> JsonObject | None:
    assert isinstance(values, list)
    if not values:
        return dict(NOTHING)
    if len(values) <= CHUNK:
        return None
    chunks = [values[at : at + CHUNK] for at in range(0, len(values), CHUNK)]
    return {"or": [{name: chunk} for chunk in chunks]}
