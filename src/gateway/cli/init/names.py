"""Names for sites and for the provider, as they follow from addresses. Pure."""

import re
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from gateway.cli.diagnosis.typed_address import is_public_nomad
from gateway.config.checks import RESERVED_PREFIXES

DEFAULT_PREFIX = "fed"
_SAYS_NOTHING = {"oasis", "nomad", "nomad-oasis", "devel", "local", "localhost", "production",
                 "prod", "test", "unknown"}  # fmt: skip
"""Names of deployments that many Oases share."""
_SECOND_LEVEL = {"ac", "co", "com", "edu", "gov", "net", "org"}
"""Below the domain of a country, where names begin one level further down."""


def site_name(url: str, *, deployment: str | None, taken: Collection[str]) -> str:
    """A name for a site that none has yet: what the Oasis calls itself, or its domain."""
    host = urlsplit(url).hostname or ""
    if is_public_nomad(host):
        name = "nomad"
    elif not says_nothing(deployment):
        name = _slug(deployment or "")
    else:
        name = _slug(_domain(host)) or "oasis"
    return _free(name, taken)


def says_nothing(deployment: str | None) -> bool:
    """Whether this name of a deployment tells an Oasis from no other."""
    return not _slug(deployment or "") or _slug(deployment or "") in _SAYS_NOTHING


def provider_prefix(urls: Sequence[str]) -> str:
    """A prefix: the domain that all sites share, or the default."""
    domains = {_domain(urlsplit(url).hostname or "") for url in urls}
    prefix = re.sub(r"[^a-z0-9]", "", _slug(domains.pop())) if len(domains) == 1 else ""
    is_good = 2 <= len(prefix) <= 12 and prefix not in (*RESERVED_PREFIXES, "nomad", "nomadlab")
    return prefix if is_good else DEFAULT_PREFIX


def _domain(host: str) -> str:
    """`example` of `nomad.example.org`; empty for this machine and for addresses of numbers."""
    labels = host.split(".")
    if len(labels) == 1:
        return "" if host == "localhost" or ":" in host else host
    if labels[-1].isdecimal():
        return ""
    return labels[-3] if len(labels) > 2 and labels[-2] in _SECOND_LEVEL else labels[-2]


def _slug(text: str) -> str:
    """In lower case, with hyphens for whatever a site's name cannot have."""
    return re.sub(r"^[^a-z]+", "", re.sub(r"[^a-z0-9]+", "-", text.lower())).strip("-")[:40]


def _free(name: str, taken: Collection[str]) -> str:
    number, found = 2, name
    while found in taken:
        number, found = number + 1, f"{name}-{number}"
    return found
