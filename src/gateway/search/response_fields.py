"""`response_fields`: which names can be given, and what to warn of."""

from collections.abc import Collection, Sequence

from gateway.errors import ParameterError
from gateway.model import PROPERTY_METADATA, Notice
from gateway.plan import GIVEN_AS_NULL, foreign_notices, unknown_notices
from gateway.properties import Catalogue, nearest_names

MOST_FIELDS = 500
"""Names in `response_fields`: more than there are properties."""

UNKNOWN_CHARACTERS = 4_000
"""Of names in `response_fields` that no property has: each is repeated, as null, in every entry."""


def check_fields(
    fields: Sequence[str] | None,
    catalogue: Catalogue,
    prefix: str,
    *,
    relationships: Collection[str] = (),
) -> tuple[Notice, ...]:
    """Notices for names that are given as null; ParameterError for those that cannot be given.

    Names without a prefix are the standard's, which are all known. Under NOMAD's prefix, and under
    our own, names come and go with the versions, so an unknown one does not spoil the answer. To
    JSON:API relationships are fields, too (section "Sparse Fieldsets").
    """
    names = dict.fromkeys(fields or ())
    if len(names) > MOST_FIELDS:
        raise _error(
            f"response_fields has {len(names)} names; a request can ask for at most {MOST_FIELDS}."
        )
    others = (*relationships, PROPERTY_METADATA)
    unknown = [name for name in names if name not in catalogue and name not in others]
    for name in unknown:
        if not name.startswith("_"):
            near = nearest_names(name, catalogue, most=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise _error(f"There is no property {_short(name)!r} that could be given.{hint}")
    characters = sum(map(len, unknown))
    if characters > UNKNOWN_CHARACTERS:
        raise _error(
            f"The names in response_fields that no property has are {characters} characters; they "
            f"are given as null in every entry, so at most {UNKNOWN_CHARACTERS} are accepted."
        )
    own = [name for name in unknown if name.startswith((f"_{prefix}_", "_nmd_"))]
    return (
        *unknown_notices(own, catalogue),
        *foreign_notices(
            [name for name in unknown if name not in own], catalogue, effect=GIVEN_AS_NULL
        ),
    )


def _error(detail: str) -> ParameterError:
    return ParameterError(detail, parameter="response_fields")


def _short(name: str) -> str:
    return name if len(name) <= 100 else f"{name[:100]}…"
