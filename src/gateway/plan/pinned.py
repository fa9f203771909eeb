"""A filter over references -> the few references that can match it at all, if it names them."""

from gateway.parse import normal_form
from gateway.parse.tree import And, Compare, Name, Node, Or, String
from gateway.references import Reference, read_reference_id, references_with_doi

Pinned = frozenset[Reference]


def pinned_references(tree: Node) -> Pinned | None:
    """The references outside of which nothing matches; None: the filter does not say which."""
    return _pinned(normal_form(tree))


def _pinned(node: Node) -> Pinned | None:
    match node:
        case Compare(Name(path=("id" | "immutable_id",)), "=", String(text)):
            found = read_reference_id(text)
            return frozenset() if found is None else frozenset((found,))
        case Compare(Name(path=("doi",)), "=", String(text)):
            return frozenset(references_with_doi(text))
        case And(parts):
            known = [one for part in parts if (one := _pinned(part)) is not None]
            return frozenset.intersection(*known) if known else None
        case Or(parts):
            every = [_pinned(part) for part in parts]
            known = [one for one in every if one is not None]
            return frozenset().union(*known) if len(known) == len(every) else None
        case _:
            return None
