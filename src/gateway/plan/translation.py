"""A filter's text -> the native query of one NOMAD, for use as a library."""

from gateway.model import STRUCTURES, NativeQuery
from gateway.parse import normal_form, read_filter, shallow
from gateway.plan.names import Scope
from gateway.plan.planner import TREE_DEPTH, TREE_SIZE, translated, write_structures_query
from gateway.plan.translator import at_any_site, at_sites
from gateway.properties import structures_catalogue
from gateway.properties.native_query import IS_STRUCTURE, AllOf, Inverse, write_query

NOTHING: NativeQuery = write_query(AllOf((IS_STRUCTURE, Inverse(IS_STRUCTURE))))
"""Holds for no entry, in every version of NOMAD (an empty `:any` would not, on 1.3)."""


def translate(
    filter_: str, /, *, site: str | None = None, prefix: str = "fed", version: str | None = None
) -> NativeQuery:
    """The native query of a structures filter, ready to stand under `query` in `entries/query`.

    It is valid on NOMAD 1.3 to 2.0 and holds exactly for the structures that the filter matches
    (OPTIMADE 1.3, "API Filtering Format Specification"). `prefix` is the provider's own. Raises
    FilterError (with the column) for what cannot be read or is not answered, and SiteNeededError
    where the filter compares `id` or the site and `site` is not given, or where it names one of the
    few quantities that not all of these versions have and `version`, the site's, is not given.
    """
    scope = Scope(STRUCTURES, structures_catalogue(prefix), prefix, version)
    tree = read_filter(filter_)
    normal = shallow(normal_form(tree), depth=TREE_DEPTH, size=TREE_SIZE)
    part = translated(tree, normal, scope)
    clause = at_any_site(part) if site is None else next(at_sites(part, (site,)))
    return write_structures_query(clause, made=scope.work.spent) or NOTHING
