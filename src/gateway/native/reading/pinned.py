"""Whether a query names the entries it is about, as ArchiveQuery's downloads do."""

from gateway.model import Json, NativeQuery


def pinned_ids(query: NativeQuery, name: str = "entry_id") -> tuple[str, ...] | None:
    """The only entry_ids (or values of another quantity) that can match, as far as the query lists
    them; None: any can."""
    parts = query.get("and")
    if isinstance(parts, list) and parts:
        found = (pinned_ids(part, name) for part in parts if isinstance(part, dict))
        return min((ids for ids in found if ids is not None), key=len, default=None)
    if "or" in query or "not" in query:
        return None
    for key, value in query.items():
        if key == name and isinstance(value, str):
            return (value,)
        listed = _listed(key, value, name)
        if isinstance(listed, list) and listed:
            return tuple(dict.fromkeys(str(one) for one in listed))
    return None


def split_ids(query: NativeQuery) -> tuple[NativeQuery, tuple[str, ...]] | None:
    """A query and the entry_ids that stand beside it, where it is written as ArchiveQuery does:
    `{"and": [<query>, {"entry_id:any": [..]}]}`; None: it is not."""
    parts = query.get("and")
    if len(query) != 1 or not isinstance(parts, list) or len(parts) != 2:
        return None
    rest, ids = parts
    listed = ids.get("entry_id:any") if isinstance(ids, dict) and len(ids) == 1 else None
    if not isinstance(rest, dict) or not isinstance(listed, list) or not listed:
        return None
    texts = tuple(one for one in listed if isinstance(one, str))
    return (rest, texts) if len(texts) == len(listed) else None


def _listed(key: str, value: Json, name: str) -> Json:
    if key == f"{name}:any":
        return value
    if key == name and isinstance(value, dict) and value.keys() == {"any"}:
        return value["any"]
    return None
