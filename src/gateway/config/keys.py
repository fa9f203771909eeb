"""The sections of the configuration that say what is answered, and how soon.

Those of sites and server are in `site_keys` and `server_keys`. `config/gateway.yaml` shows them
all; a test compares that file with these modules.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.config.checks import needs_package
from gateway.config.values import (
    MIB,
    Address,
    CacheAddress,
    Count,
    Keys,
    Number,
    Prefix,
    Seconds,
    Text,
    Whole,
    without_former,
)

LEAST_BUDGET_S = 0.2
"""Below this, a site that hangs would not have the time (`fetch.http.coalescing.BLAMED_S`) after
which it is found to be unhealthy."""


CHARACTER_BYTES = 12
"""What one character of a filter takes at most in a request: four bytes, each written %XX."""


class ProviderKeys(Keys):
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


class PagingKeys(Keys):
    """Sizes and depth of pages."""

    default_limit: Count = Field(
        default=20, description="Entries per page without page_limit; web clients expect 20."
    )
    max_limit: Annotated[Whole, Field(ge=1, le=10_000)] = Field(
        default=500, description="Largest page_limit; beyond it the answer is 403."
    )
    max_offset: Annotated[Whole, Field(ge=0)] = Field(
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


class FilterKeys(Keys):
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


class TimeoutKeys(Keys):
    """How long the gateway waits, in seconds."""

    budget_s: Annotated[Number, Field(ge=LEAST_BUDGET_S, le=3600)] = Field(
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

    def allowed_s(self, asked_s: float | None) -> float:
        """How long a request may take whose caller asks for so long; None: it does not say."""
        return self.budget_s if asked_s is None else min(asked_s, self.longest_s)


class CacheKeys(Keys):
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
    max_bytes: Annotated[Whole, Field(ge=0)] = Field(
        default=16 * MIB, description="Size of a cache in memory."
    )
    answers_s: Annotated[Number, Field(ge=0)] = Field(
        default=10.0, description="How long a site's answer is used again, in seconds; 0: never."
    )
    bodies_s: Annotated[Number, Field(ge=0)] = Field(
        default=86_400.0,
        description="How long the body of an unchanged entry is cached, in seconds.",
    )
    stale_s: Annotated[Number, Field(ge=0)] = Field(
        default=0.0,
        description="How much longer an answer may be used when its site does not answer, in "
        "seconds; such answers carry a warning.",
    )

    @model_validator(mode="after")
    def _redis_alone_has_an_address(self) -> Self:
        if self.backend == "redis" and self.url is None:
            raise ValueError("the redis backend needs url (or GATEWAY_CACHE__URL)")
        if self.backend == "redis":
            needs_package("redis", requirement="redis>=5.2", what="the redis backend")
        if self.backend != "redis" and self.url is not None:
            raise ValueError(
                f"url has no effect with backend {self.backend}: give backend: redis, or no url"
            )
        return self
