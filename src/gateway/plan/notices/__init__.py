"""What a filter or `response_fields` names -> a few warnings on what was perhaps not meant. Pure.

In: a filter's tree, names, ids, the catalogue, the names of the sites. Out: notices; what the
request asks for stays as it is. Used by `plan.planner` and, through `plan`, by `search`.
"""

from gateway.plan.notices.ids import id_notices, notices_of_ids
from gateway.plan.notices.impossible_values import value_notices
from gateway.plan.notices.unknown_names import (
    GIVEN_AS_NULL,
    TAKEN_AS_UNKNOWN,
    foreign_notices,
    unknown_notices,
)

__all__ = [
    "GIVEN_AS_NULL",
    "TAKEN_AS_UNKNOWN",
    "foreign_notices",
    "id_notices",
    "notices_of_ids",
    "unknown_notices",
    "value_notices",
]
