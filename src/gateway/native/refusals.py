"""How NOMAD says no, as errors: its statuses, and `detail` in the form its clients read."""

from collections.abc import Sequence
from typing import cast

import orjson

from gateway.errors import NativeError, SiteError
from gateway.model import Json

RETRY_AFTER_S = 5.0
MOST_S = 60.0
"""The longest wait that is passed on."""
MAX_SHOWN = 200
"""Characters of one text that a caller is shown, its own or a site's."""
MOST_PARTS, MOST_LEVELS = 20, 5
"""Of a site's own refusal: members of one list or object, and how deep they are nested. NOMAD lists
what is wrong with a request, each with its place."""
MOST_BYTES = 4_096
"""Of all of it, as JSON; one that is longer even so is replaced by a sentence."""
NO_ENTRY = "The entry with the given id does not exist or is not visible to you."


def malformed(kind: str, loc: Sequence[str | int], message: str, given: Json = None) -> NativeError:
    """A request that NOMAD's request model refuses: 422, with the place and what stood there."""
    shown = given if given is None or isinstance(given, bool | int | float) else _short(given)
    return NativeError(422, [{"type": kind, "loc": [*loc], "msg": message, "input": shown}])


def in_body(kind: str, loc: Sequence[str | int], message: str, given: Json = None) -> NativeError:
    """The same, of a body."""
    return malformed(kind, ("body", *loc), message, given)


def too_much(loc: Sequence[str | int], message: str) -> NativeError:
    """More than is sent to a site: a gateway must not be the tool to bring one down."""
    return malformed("too_much", ("body", *loc), message)


def missing(failed: Sequence[SiteError], *, partial_url: str) -> NativeError:
    """502: sites that may hold part of the answer do not answer, and nobody else can for them."""
    reasons = "; ".join(f"{one.site} ({one.doing}: {one.happened})" for one in failed)
    waits = [min(one.retry_after_s or RETRY_AFTER_S, MOST_S) for one in failed]
    who, them = ("A site does", "it") if len(failed) == 1 else ("Some sites do", "them")
    return NativeError(
        502,
        f"{who} not answer now: {reasons}. An answer without {them} would be incomplete; try "
        f"again, or ask {partial_url}, which leaves out sites that are missing.",
        retry_after_s=max(waits, default=RETRY_AFTER_S),
    )


def passed_on(error: SiteError, *, alone: bool) -> NativeError:
    """A site's own refusal; where others answered, its name stands before it."""
    status = error.status or 502
    detail = _in_short(cast("Json", error.detail))
    if len(orjson.dumps(detail)) > MOST_BYTES:
        detail = None
    if detail is None or (not alone and isinstance(detail, str)):
        return NativeError(status, f"{error.site}: {detail or error.happened}")
    return NativeError(status, detail)


def is_refusal(error: SiteError) -> bool:
    """Whether the request is at fault, not the site."""
    return error.status in (400, 413, 422)


def _short(given: Json) -> Json:
    text = str(given)
    return given if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _in_short(detail: Json, level: int = 0) -> Json:
    """A site's refusal in the form that it has, without what is too long or too much."""
    match detail:
        case str():
            return detail if len(detail) <= MAX_SHOWN else f"{detail[:MAX_SHOWN]}…"
        case list() if level < MOST_LEVELS:
            return [_in_short(one, level + 1) for one in detail[:MOST_PARTS]]
        case dict() if level < MOST_LEVELS:
            members = list(detail.items())[:MOST_PARTS]
            return {name[:MAX_SHOWN]: _in_short(one, level + 1) for name, one in members}
        case list() | dict():
            return "…"
        case _:
            return detail
