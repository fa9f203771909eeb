"""A name in a filter -> what the catalogue says of it, at one site; unknown names are refused."""

import re
from dataclasses import dataclass, field, replace

from gateway.catalogue.other_names import NOT_INDEXED
from gateway.errors import NotImplementedFilterError, SiteNeededError, UnknownPropertyError
from gateway.parse.tree import Name
from gateway.plan.work_budget import WorkBudget
from gateway.properties import Catalogue, Property, nearest_names

ENTRY_TYPES = ("structures", "references", "calculations", "files", "trajectories")
"""Those that OPTIMADE names: their names stand for relationships (section "Filtering on
relationships")."""
_PREFIXED = re.compile("_([a-z0-9]+)_")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a filter's names mean where it is sent."""

    entry_type: str
    catalogue: Catalogue
    prefix: str
    version: str | None = None
    """Of the site's NOMAD; None: not given."""
    work: WorkBudget = field(default_factory=WorkBudget, compare=False)
    """What the filter may still be turned into; a scope is made for one filter."""


def is_foreign(name: Name, scope: Scope) -> bool:
    """Whether the name, or one nested in it, stands under another provider's prefix."""
    prefixes = [found[1] for part in name.path if (found := _PREFIXED.match(part))]
    return not {scope.prefix, "nmd"}.issuperset(prefixes)


def resolve(name: Name, scope: Scope) -> Property | None:
    """What the catalogue says of a name; None for other providers' names."""
    found = scope.catalogue.get(name.path[0])
    if found is not None and (len(name.path) == 1 or _is_key(name, found)):
        return _at_site(found, scope)
    if is_foreign(name, scope):
        return None
    if len(name.path) > 1 and name.path[0] in ENTRY_TYPES:
        raise NotImplementedFilterError(
            f"{name.name} asks for related {name.path[0]}, which is not answered here.",
            column=name.column or None,
        )
    why_not = NOT_INDEXED.get(_PREFIXED.sub("", name.name, count=1), "")
    raise UnknownPropertyError(
        name.name,
        entry_type=scope.entry_type,
        suggestions=() if why_not else nearest_names(name.name, scope.catalogue),
        hint=why_not,
        column=name.column or None,
    )


def _is_key(name: Name, found: Property) -> bool:
    return len(name.path) == 2 and name.path[1] in found.keys


def _at_site(found: Property, scope: Scope) -> Property:
    """What a site's NOMAD does not have is unknown in all its entries."""
    if not found.lifetime.is_limited:
        return found
    if scope.version is None:
        raise SiteNeededError(
            f"Not every NOMAD has {found.path}, which {found.name} is; name the site's version."
        )
    if found.lifetime.holds(scope.version):
        return found
    return replace(found, reach="absent", known=False)
