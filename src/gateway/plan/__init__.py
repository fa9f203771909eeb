"""A filter's tree -> what each site is asked. Pure.

In: the tree that `parse` read, the catalogue of properties, the names and versions of the sites.
Out: a `Plan` with one native query for each site, exact, or the reason why a site is skipped; or a
FilterError. For entry types that the gateway holds itself, `matcher_of` gives a test instead.
Used by `search`, `serve`, `cli` and the library; of the other steps, plan alone reads the tree.
"""

from gateway.model import SEPARATOR
from gateway.plan.evaluate import Matcher, matcher_of
from gateway.plan.names import Scope
from gateway.plan.notices import (
    GIVEN_AS_NULL,
    TAKEN_AS_UNKNOWN,
    foreign_notices,
    id_notices,
    unknown_notices,
    value_notices,
)
from gateway.plan.pinned import pinned_references
from gateway.plan.planner import (
    Plan,
    SitePlan,
    names_of_other_providers,
    plan_entry,
    plan_sites,
)
from gateway.plan.translation import translate

__all__ = [
    "GIVEN_AS_NULL",
    "SEPARATOR",
    "TAKEN_AS_UNKNOWN",
    "Matcher",
    "Plan",
    "Scope",
    "SitePlan",
    "foreign_notices",
    "id_notices",
    "matcher_of",
    "names_of_other_providers",
    "pinned_references",
    "plan_entry",
    "plan_sites",
    "translate",
    "unknown_notices",
    "value_notices",
]
