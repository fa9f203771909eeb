"""A filter's text -> the native query of one NOMAD, for use as a library."""

from functools import lru_cache

from gateway.model import STRUCTURES, NativeQuery
from gateway.parse import read_filter
from gateway.plan.planner import checked_normal_form, translate_tree, with_base
from gateway.plan.predicates import Scope
from gateway.properties import STRUCTURE, structures_catalogue

_catalogue = lru_cache(maxsize=8)(structures_catalogue)

NOTHING: NativeQuery = {"and": [STRUCTURE, {"not": STRUCTURE}]}
"""Holds for no entry, in every version of NOMAD (an empty `:any` would not, on 1.3)."""


def translate(filter_: str, /, *, site: str | None = None, prefix: str = "fed") -> NativeQuery:
    """The native query of a structures filter, ready to stand under `query` in `entries/query`.

    It is valid on NOMAD 1.3 to 2.0 and holds exactly for the structures that the filter matches
    (OPTIMADE 1.3, "API Filtering Format Specification"). `prefix` is the provider's own. Raises
    FilterError (with the column) for what cannot be read or is not answered, and SiteNeededError
    where the filter compares `id` or the site and `site` is not given.
    """
    scope = Scope(STRUCTURES, _catalogue(prefix), prefix, site)
    clause = translate_tree(checked_normal_form(read_filter(filter_), scope), scope)
    return with_base(clause, STRUCTURE) or NOTHING
