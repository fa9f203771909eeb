"""The configuration as `gateway init` writes it: what is needed, and comments on what comes next.

Pure. A test loads what it writes.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.cli.diagnosis.typed_address import is_public_nomad

PUBLIC_CONCURRENCY, PUBLIC_RATE_PER_S = 8, 20
"""For public NOMAD, which answers 503 beyond 10 at a time or 30 a second."""


@dataclass(frozen=True, slots=True)
class NewProvider:
    """Who publishes the gateway."""

    prefix: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class NewSite:
    """A site as it is written."""

    name: str
    url: str
    title: str
    answer: str
    """What it answered, for the comment above it."""
    needs_token: bool = False
    ca_file: str | None = None
    """Certificates that vouch for it; None: those that this machine trusts anyway."""


def write_config(provider: NewProvider, sites: Sequence[NewSite], *, path: str) -> str:
    """The file's text."""
    return "\n".join([*_head(provider, path), *_sites(sites), *_foot()]) + "\n"


def variable_of(site: str) -> str:
    """The environment variable that is proposed for a site's token."""
    return f"{site.upper().replace('-', '_')}_TOKEN"


def _head(provider: NewProvider, path: str) -> Iterator[str]:
    yield "# Written by `gateway init`. Keys that are not here have their defaults; all keys are in"
    yield "# docs/reference/configuration.md, and docs/how-to/own-oases.md goes on from here."
    yield f"# After each change: gateway check --config {path}"
    yield ""
    yield "# Who publishes this gateway; every answer contains it."
    yield "provider:"
    yield f"  # In front of all that is this gateway's own, such as _{provider.prefix}_site."
    yield "  # Register it at https://providers.optimade.org before going public, and do not"
    yield "  # change it then: it is part of the names of published properties."
    yield f"  prefix: {_quoted(provider.prefix)}"
    yield f"  name: {_quoted(provider.name)}"
    yield f"  description: {_quoted(provider.description)}"
    yield "  # Your home page."
    yield "  homepage: null"
    yield ""


def _sites(sites: Sequence[NewSite]) -> Iterator[str]:
    yield "# The Oases. A name is part of every id (`<name>~<entry_id>`): do not change it once"
    yield "# ids have been published."
    yield "sites:"
    for site in sites:
        yield from _site(site)


def _site(site: NewSite) -> Iterator[str]:
    yield f"  # {site.answer}"
    yield f"  - name: {_quoted(site.name)}"
    yield f"    url: {_quoted(site.url)}"
    yield f"    title: {_quoted(site.title)}"
    if site.ca_file and site.url.startswith("https:"):
        yield f"    ca_file: {_quoted(site.ca_file)}"
    if is_public_nomad(urlsplit(site.url).hostname):
        yield "    # Public NOMAD answers 503 to more than about 30 requests a second, or 10 at a"
        yield "    # time, from one address. These two hold for each worker."
        yield f"    concurrency: {PUBLIC_CONCURRENCY}"
        yield f"    rate_per_s: {PUBLIC_RATE_PER_S}"
    if site.needs_token:
        yield "    # It answers nobody without a login: put a token of the gateway's own account"
        yield "    # into this variable, and remove the # in front."
        yield f"    # token_env: {variable_of(site.name)}"


def _foot() -> Iterator[str]:
    yield ""
    yield "# Next steps, each explained in docs/how-to/:"
    yield "# server:"
    yield "#   # The address under which clients see the gateway, if a proxy is in front of it."
    yield "#   public_url: https://example.org/optimade"
    yield "#   maintainer_email: you@example.org"
    yield "# cache:"
    yield "#   # One cache for all workers and replicas."
    yield "#   backend: redis"
    yield "#   url: redis://localhost:6379/0"


def _quoted(text: str) -> str:
    """A YAML string in double quotes, which JSON's are."""
    return json.dumps("".join(filter(str.isprintable, text)), ensure_ascii=False)
