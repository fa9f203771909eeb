"""Clauses as the JSON that is sent, so that tests can say what they expect as NOMAD reads it."""

from gateway.model import NativeQuery
from gateway.plan.native import Clause
from gateway.properties.native_query import Exists, write_query

KNOWN = Exists("known")
WRITTEN_KNOWN: NativeQuery = {"quantities": "known"}


def written(clause: Clause | None) -> NativeQuery | bool | None:
    """A clause's JSON; True and False as they are."""
    return clause if isinstance(clause, bool | None) else write_query(clause)
