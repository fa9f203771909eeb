"""The rules of JSON:API 1.1 for Accept and Content-Type, and none beyond them."""

import re

from gateway.errors import MediaTypeError, NotAcceptableError

JSON_API = "application/vnd.api+json"
JSON_LINES = "application/jsonl"
ZIP = "application/zip"
FORM = "application/x-www-form-urlencoded"
_HARMLESS = ("profile", "q")
"""Parameters that do not change what is served; `q` is a weight, not part of the type."""

_REFUSED = re.compile(r";\s*q\s*=\s*0(\.0*)?\s*(;|$)")
"""The weight of a type that the client does not want."""


def check_accept(accept: str) -> None:
    """Refuse (406) when each JSON:API type the client accepts carries a parameter we cannot meet.

    Everything else is served JSON:API whatever it asks for: clients send all sorts of things.
    """
    if JSON_API not in accept.lower():
        return
    wanted = [_read(item) for item in accept.split(",")]
    ours = [parameters for name, parameters in wanted if name == JSON_API]
    if ours and not any(set(parameters) <= set(_HARMLESS) for parameters in ours):
        raise NotAcceptableError(
            f"Answers are {JSON_API} without parameters and without extensions; "
            "accept that, or application/json."
        )


def wants_json(accept: str) -> bool:
    """Whether a program asks at a page's address: for JSON, and not for HTML as browsers do."""
    wanted = [item for item in accept.lower().split(",") if not _REFUSED.search(item)]
    return any("json" in item for item in wanted) and not any("html" in item for item in wanted)


def check_form(content_type: str) -> None:
    """Refuse (415) a body that is no form."""
    name, _ = _read(content_type)
    if name and name != FORM:
        raise MediaTypeError(
            f"A body of type {name[:80]} is not understood; allowed is {FORM}, holding the same "
            "parameters as a query string."
        )


def _read(item: str) -> tuple[str, tuple[str, ...]]:
    name, *parameters = (part.strip() for part in item.split(";"))
    return name.lower(), tuple(one.partition("=")[0].strip().lower() for one in parameters if one)
