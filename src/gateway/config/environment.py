"""Variables of the environment that begin like ours and set nothing, which are errors.

In: the environment. Out: complaints, each with the nearest name that there is.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping

from gateway.config.complaints import ENV_PREFIX, allowed, keys_of, model_at
from gateway.config.settings import Config

OTHER_VARIABLES = ("GATEWAY_CONFIG", "GATEWAY_METRICS_HUB")
"""What is read beside the configuration: the path of its file, and what `serve` tells workers."""
FORMER_VARIABLES = ("GATEWAY_METRICS_FOLDER",)
"""What earlier versions read, and what has no effect any more."""
SITES = "sites"
"""A list, which is set as a whole."""
TEST_PREFIX = "GATEWAY_TEST_"
"""What the project's own tests read."""
_OF_PLATFORMS = re.compile(
    r"GATEWAY_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
"""What Kubernetes and Docker set for services whose name is, or begins with, `gateway`."""
_JSON = "lists and sections in the environment are JSON, and this cannot be read as such"
_LINK = re.compile(r"GATEWAY_(\w+_)?PORT")
_LINKED = re.compile(r"(tcp|udp|sctp)://.*")


def useless_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """One complaint for each `GATEWAY_..` that neither sets a key nor is read elsewhere."""
    return tuple(_complaints(environment))


def _complaints(environment: Mapping[str, str]) -> Iterator[str]:
    known = {f"{ENV_PREFIX}{key}".upper() for key in _known_keys()}
    for variable, value in environment.items():
        name = variable.upper()
        if not name.startswith(ENV_PREFIX) or name in known or _is_foreign(name, value):
            continue
        section, separator, _ = name.removeprefix(ENV_PREFIX).lower().partition("__")
        if separator and section in keys_of(Config) and section != SITES:
            continue  # pydantic complains of the key
        yield f"environment variable {variable}: {_why(name, known, section if separator else '')}"


def unreadable_variables(environment: Mapping[str, str]) -> tuple[str, ...]:
    """One complaint for each section, or list of sites, that is not JSON."""
    sections = {f"{ENV_PREFIX}{key}".upper(): key for key in keys_of(Config)}
    return tuple(
        f"environment variable {variable}: {sections[variable.upper()]}: {_JSON}"
        for variable, value in environment.items()
        if variable.upper() in sections and not _is_json(value)
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _known_keys() -> Iterator[str]:
    for section in keys_of(Config):
        yield section
        if section != SITES:
            yield from (f"{section}__{key}" for key in keys_of(model_at((section,))))


def _is_foreign(name: str, value: str) -> bool:
    if name in (*OTHER_VARIABLES, *FORMER_VARIABLES) or name.startswith(TEST_PREFIX):
        return True
    if _OF_PLATFORMS.fullmatch(name):
        return True
    return bool(_LINK.fullmatch(name) and _LINKED.fullmatch(value))


def _why(name: str, known: set[str], section: str) -> str:
    if section == SITES:
        return "the sites are set all at once, by GATEWAY_SITES in JSON"
    near = difflib.get_close_matches(name, sorted((*known, *OTHER_VARIABLES)), n=1, cutoff=0.8)
    if near:
        return f"it sets nothing; did you mean {near[0]}?"
    if section:
        return f"there is no section {section!r}{allowed(section, keys_of(Config))}"
    return (
        "it sets nothing; a key is set by GATEWAY_<SECTION>__<KEY>, with two underscores between "
        "them, e.g. GATEWAY_PAGING__MAX_LIMIT"
    )
