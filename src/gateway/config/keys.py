"""Every section of the configuration: its keys, their types, defaults, and what they are for.

`config/gateway.yaml` shows them all; a test compares that file with this module.
"""

import logging
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    EmailStr,
    Field,
    model_validator,
)
from pydantic_settings import NoDecode

from gateway.config import checks
from gateway.config.secrets import read_secret

logger = logging.getLogger(__name__)

MIB = 1024 * 1024
LEAST_BUDGET_S = 0.2
"""Below this, a site that hangs would not have the time (`fetch.http.client.BLAMED_S`) after which
it is found to be ill."""

Address = Annotated[str, AfterValidator(checks.web_address)]
PublicAddress = Annotated[str, AfterValidator(checks.public_address)]
ApiAddress = Annotated[str, AfterValidator(checks.api_address)]
SiteName = Annotated[str, AfterValidator(checks.site_name)]
Prefix = Annotated[str, AfterValidator(checks.provider_prefix)]
Network = Annotated[str, AfterValidator(checks.network)]
ExistingFile = Annotated[str, AfterValidator(checks.existing_file)]
CacheAddress = Annotated[str, AfterValidator(checks.redis_address)]
Text = Annotated[str, Field(min_length=1)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Count = Annotated[int, Field(ge=1)]


def _split_list(value: object) -> object:
    """A list in the environment may be written with commas."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProviderKeys(_Keys):
    """Who publishes this gateway; every answer contains it under `meta.provider`."""

    prefix: Prefix = Field(
        description="Prefix of the gateway's own properties and parameters, e.g. `fed` for "
        "`_fed_site`; register it at providers.optimade.org before going public."
    )
    name: Text = Field(description="Short name of the provider.")
    description: Text = Field(description="One or two sentences about the provider.")
    homepage: Address | None = Field(default=None, description="Its home page.")
    license: Address = Field(
        default="https://creativecommons.org/licenses/by/4.0/",
        description="Web page with the licence that covers all entries.",
    )


class SiteKeys(_Keys):
    """One NOMAD Oasis, or the central NOMAD."""

    name: SiteName = Field(
        description="Name in entry ids (`<name>~<entry_id>`) and URLs: [a-z][a-z0-9-]*. "
        "Never change it: it is part of published ids."
    )
    url: ApiAddress = Field(description="Base of the site's API, ending in /api/v1.")
    title: Text | None = Field(
        default=None, description="Name shown to users; the name above unless set."
    )
    description: str = Field(default="", description="One sentence about the site.")
    homepage: Address | None = Field(default=None, description="Its home page.")
    connect_s: Seconds | None = Field(default=None, description="Instead of `timeouts.connect_s`.")
    site_s: Seconds | None = Field(default=None, description="Instead of `timeouts.site_s`.")
    concurrency: Count | None = Field(
        default=None, description="Instead of `site_defaults.concurrency`."
    )
    rate_per_s: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="Instead of `site_defaults.rate_per_s`."
    )
    attempts: Count | None = Field(default=None, description="Instead of `site_defaults.attempts`.")
    max_answer_bytes: Count | None = Field(
        default=None, description="Instead of `site_defaults.max_answer_bytes`."
    )
    token_env: Text | None = Field(
        default=None,
        description="Environment variable with a bearer token that the gateway sends to this site; "
        "it is used to read public entries only.",
    )
    token_file: Text | None = Field(
        default=None,
        description="File with such a token; relative to the configuration, or absolute.",
    )
    forward_token: bool = Field(
        default=False, description="Whether the caller's own bearer token is sent to this site."
    )
    ca_file: ExistingFile | None = Field(
        default=None,
        description="Certificates (PEM) to trust for this site instead of the usual ones.",
    )
    proxy: PublicAddress | None = Field(
        default=None, description="HTTP proxy through which this site is reached."
    )

    @model_validator(mode="before")
    @classmethod
    def _no_secrets(cls, data: object) -> object:
        data = without_former(data, section="sites")
        if isinstance(data, dict) and "token" in data:
            raise ValueError(
                "a token must not stand in the configuration; name an environment variable "
                "in token_env or a file in token_file"
            )
        return data

    @model_validator(mode="after")
    def _one_token(self) -> Self:
        if self.token_env and self.token_file:
            raise ValueError("give either token_env or token_file, not both")
        self.token()  # a secret that cannot be read is an error at start, not at night
        return self

    def token(self) -> str | None:
        """The gateway's own bearer token at this site; None: requests are anonymous."""
        return read_secret(variable=self.token_env, file=self.token_file)


class ServerKeys(_Keys):
    """How clients reach the gateway, and whom they can contact."""

    public_url: PublicAddress | None = Field(
        default=None,
        description="The address under which clients see the gateway, path included; links begin "
        "with it. Unset: it is read from each request.",
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_split_list)] = Field(
        default=(),
        description="Addresses or networks of proxies whose X-Forwarded-Proto, -Host and -Prefix "
        "are used; from other addresses these headers are ignored.",
    )
    maintainer_email: EmailStr | None = Field(
        default=None, description="E-mail address of the maintainer."
    )
    issue_tracker: Address | None = Field(default=None, description="Where to report problems.")
    source_url: Address | None = Field(
        default=None, description="Where the source of the gateway is."
    )
    drain_s: Annotated[float, Field(ge=0, le=600)] = Field(
        default=0.0,
        description="On SIGTERM, how long to go on serving while /ready says 503, so that a load "
        "balancer can take the gateway out first.",
    )


class PagingKeys(_Keys):
    """Sizes and depth of pages."""

    default_limit: Count = Field(
        default=20, description="Entries per page without page_limit; web clients expect 20."
    )
    max_limit: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=500, description="Largest page_limit; beyond it the answer is 403."
    )
    max_offset: Annotated[int, Field(ge=0)] = Field(
        default=100_000,
        description="Largest page_offset, counted from the nearer end; cursors have no limit.",
    )

    @model_validator(mode="after")
    def _default_is_allowed(self) -> Self:
        if self.default_limit > self.max_limit:
            raise ValueError(
                f"default_limit ({self.default_limit}) is above max_limit ({self.max_limit})"
            )
        return self


class FilterKeys(_Keys):
    """How large a filter may be; beyond it the answer is 400.

    What a filter of this size is rewritten to for the sites is bounded as well, and not here.
    """

    length: Count = Field(default=16_384, description="Characters of a filter.")
    depth: Count = Field(
        default=200,
        description="AND, OR and NOT within one another; 100 nested parentheses with AND and OR in "
        "each are 200.",
    )
    terms: Count = Field(default=1_000, description="Comparisons in one filter.")
    values: Count = Field(default=1_000, description="Values in all lists of one filter.")


FORMER_TIMEOUTS = ("first_byte_s", "total_s")
"""Keys up to version 0.1: one deadline of the whole request has taken their place."""


def without_former(data: object, *, section: str) -> object:
    """The section without keys that mean nothing any more, of which the log warns."""
    if not isinstance(data, dict):
        return data
    for name in FORMER_TIMEOUTS:
        if name in data:
            logger.warning(
                "the configuration key %s.%s has no effect any more; see timeouts.site_s",
                section,
                name,
            )
    return {name: value for name, value in data.items() if name not in FORMER_TIMEOUTS}


class TimeoutKeys(_Keys):
    """How long the gateway waits, in seconds."""

    budget_s: Annotated[float, Field(ge=LEAST_BUDGET_S, le=3600)] = Field(
        default=4.0,
        description="For a whole request, unless its caller asks for another time; some clients "
        "give up after 5 seconds.",
    )
    longest_s: Seconds = Field(
        default=60.0, description="The longest time that a caller may ask for."
    )
    connect_s: Seconds = Field(default=2.0, description="For a connection to a site.")
    site_s: Seconds = Field(
        default=20.0,
        description="For one answer of a site. One that comes too late for its request is cached "
        "for the next one. Streams wait this long for each answer.",
    )

    @model_validator(mode="before")
    @classmethod
    def _former_keys(cls, data: object) -> object:
        return without_former(data, section="timeouts")

    @model_validator(mode="after")
    def _they_fit(self) -> Self:
        """Longer limits are never below the budget: by default they grow with it."""
        for name in ("longest_s", "site_s"):
            limit = getattr(self, name)
            if limit >= self.budget_s:
                continue
            if name in self.model_fields_set:
                raise ValueError(f"budget_s ({self.budget_s:g}) is above {name} ({limit:g})")
            object.__setattr__(self, name, self.budget_s)  # frozen for everybody else
        return self


class SiteDefaultKeys(_Keys):
    """Settings for every site, unless its own entry says otherwise."""

    concurrency: Count = Field(
        default=10, description="Largest number of requests in flight to one site."
    )
    rate_per_s: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="Largest number of requests per second to one site; null: no limit.",
    )
    attempts: Count = Field(
        default=3, description="Largest number of attempts for one request, the first included."
    )
    max_answer_bytes: Count = Field(
        default=64 * MIB,
        description="Largest answer accepted from a site, in bytes after decompression.",
    )


class CacheKeys(_Keys):
    """What is cached between requests; without a cache the gateway is only slower."""

    backend: Literal["memory", "redis", "none"] = Field(
        default="memory",
        description="memory: in each worker; redis: shared (Valkey or Redis); none.",
    )
    url: CacheAddress | None = Field(
        default=None,
        repr=False,
        description="Address of the cache server, for redis; a password belongs into the "
        "environment: GATEWAY_CACHE__URL.",
    )
    namespace: Text = Field(
        default="gateway", description="Beginning of all keys in a shared cache."
    )
    max_bytes: Annotated[int, Field(ge=0)] = Field(
        default=16 * MIB, description="Size of a cache in memory."
    )
    answers_s: Annotated[float, Field(ge=0)] = Field(
        default=10.0, description="How long a site's answer is used again, in seconds; 0: never."
    )
    bodies_s: Annotated[float, Field(ge=0)] = Field(
        default=86_400.0,
        description="How long the body of an unchanged entry is cached, in seconds.",
    )
    stale_s: Annotated[float, Field(ge=0)] = Field(
        default=0.0,
        description="How much longer an answer may be used when its site does not answer, in "
        "seconds; such answers carry a warning.",
    )

    @model_validator(mode="after")
    def _redis_has_an_address(self) -> Self:
        if self.backend == "redis" and self.url is None:
            raise ValueError("the redis backend needs url (or GATEWAY_CACHE__URL)")
        return self


class AdmissionKeys(_Keys):
    """How many requests one worker processes at a time."""

    max_requests: Count = Field(
        default=64, description="Largest number of requests in progress; others wait in a queue."
    )
    queue_s: Annotated[float, Field(ge=0)] = Field(
        default=2.0,
        description="How long a request waits in the queue before it is answered with 429.",
    )

    max_large: Count = Field(
        default=8,
        description="Of these, pages of more than 100 entries at most.",
    )
    max_streams: Count = Field(
        default=16,
        description="Whole results (JSON Lines, CSV, archives) being sent at most; more are "
        "answered with 429.",
    )


class ConnectionKeys(_Keys):
    """What clients may take of one worker: connections, memory and time."""

    max_connections: Count = Field(
        default=1000,
        description="Connections at most, and not more than open files allow. The one that has "
        "been idle longest makes way for a new one; if none is idle, the new one gets 503.",
    )
    max_held_bytes: Count = Field(
        default=64 * MIB,
        description="Bytes of requests not yet whole and of answers not yet sent, all together; "
        "beyond it the client that has been waited for longest is cut off.",
    )
    head_s: Seconds = Field(
        default=10.0, description="How long the first line and headers of a request may take."
    )
    body_s: Seconds = Field(default=30.0, description="How long the body of a request may take.")
    write_s: Seconds = Field(
        default=20.0,
        description="A client that takes less than 16 kB of a waiting answer in so many seconds is "
        "cut off.",
    )


class LoggingKeys(_Keys):
    """What is logged to stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning or error."
    )
    as_json: bool = Field(
        default=False, alias="json", description="One JSON object per line instead of text."
    )
