"""Values that no entry can have -> notices that name the spelling that was perhaps meant. Pure.

In: a filter's tree, the catalogue, the names of the sites. Out: at most a few notices; what the
filter matches stays as it is. Used by `plan.planner`.
"""

from gateway.plan.suggestions.notices import value_notices

__all__ = ["value_notices"]
