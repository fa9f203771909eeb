"""What can be configured of a site, and for all sites.

A test compares `config/gateway.yaml` with it.
"""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from gateway.config.secrets import read_secret
from gateway.config.values import (
    MIB,
    Address,
    AnswerBytes,
    ApiAddress,
    Certificates,
    Count,
    Keys,
    ProxyAddress,
    Rate,
    Seconds,
    SiteName,
    Text,
    split_list,
    without_former,
)


class SiteKeys(Keys):
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
    rate_per_s: Rate | None = Field(
        default=None, description="Instead of `site_defaults.rate_per_s`."
    )
    attempts: Count | None = Field(default=None, description="Instead of `site_defaults.attempts`.")
    max_answer_bytes: AnswerBytes | None = Field(
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
    ca_file: Certificates | None = Field(
        default=None,
        description="Certificates (PEM) to trust for this site instead of the usual ones.",
    )
    proxy: ProxyAddress | None = Field(
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

    @model_validator(mode="after")
    def _certificates_are_of_use(self) -> Self:
        if self.ca_file and not any(
            address and address.startswith("https:") for address in (self.url, self.proxy)
        ):
            raise ValueError("ca_file has no effect, as url begins with http:// (without TLS)")
        return self

    def token(self) -> str | None:
        """The gateway's own bearer token at this site; None: requests are anonymous."""
        return read_secret(variable=self.token_env, file=self.token_file)


class SiteDefaultKeys(Keys):
    """Settings for every site, unless its own entry says otherwise."""

    concurrency: Count = Field(
        default=10, description="Largest number of requests in flight to one site."
    )
    rate_per_s: Rate | None = Field(
        default=None,
        description="Largest number of requests per second to one site; null: no limit.",
    )
    attempts: Count = Field(
        default=3, description="Largest number of attempts for one request, the first included."
    )
    max_answer_bytes: AnswerBytes = Field(
        default=64 * MIB,
        description="Largest answer accepted from a site, in bytes after decompression.",
    )


class CopyKeys(Keys):
    """Entries that several sites hold copies of, which are served once."""

    enabled: bool = Field(
        default=True,
        description="Whether an entry that several sites hold is served once, by one of them; "
        "false: once for each of them.",
    )
    prefer: Annotated[tuple[SiteName, ...], NoDecode, BeforeValidator(split_list)] = Field(
        default=(),
        description="Names of sites, the first of which serves what several hold. Other sites "
        "follow by the number of entries that they have of the upload, then by its newest "
        "processing, then in the order of `sites`.",
    )
    refresh_s: Seconds = Field(
        default=60.0,
        description="How often each site is looked at for uploads that are new or have changed.",
    )
