"""What can be configured of the server: its address, what clients may take, what is logged.

A test compares `config/gateway.yaml` with it.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, EmailStr, Field
from pydantic_settings import NoDecode

from gateway.config.values import (
    MIB,
    Address,
    Count,
    Keys,
    Network,
    Number,
    PublicAddress,
    Seconds,
    SiteName,
    Whole,
    split_list,
)


class ServerKeys(Keys):
    """How clients reach the gateway, and whom they can contact."""

    public_url: PublicAddress | None = Field(
        default=None,
        description="The address under which clients see the gateway, path included; links begin "
        "with it. Unset: it is read from each request.",
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(split_list)] = Field(
        default=(),
        description="Addresses or networks of proxies whose X-Forwarded-Proto, -Host, -Prefix and "
        "-For are used; from other addresses these headers are ignored.",
    )
    maintainer_email: EmailStr | None = Field(
        default=None, description="E-mail address of the maintainer."
    )
    issue_tracker: Address | None = Field(default=None, description="Where to report problems.")
    source_url: Address | None = Field(
        default=None, description="Where the source of the gateway is."
    )
    drain_s: Annotated[Number, Field(ge=0, le=600)] = Field(
        default=0.0,
        description="On SIGTERM, how long to go on serving while /ready says 503, so that a load "
        "balancer can take the gateway out first.",
    )


class AdmissionKeys(Keys):
    """How many requests one worker processes at a time."""

    max_requests: Count = Field(
        default=64, description="Largest number of requests in progress; others wait in a queue."
    )
    queue_s: Annotated[Number, Field(ge=0)] = Field(
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


class ConnectionKeys(Keys):
    """What clients may take of one worker: connections, memory and time."""

    max_connections: Count = Field(
        default=1000,
        description="Connections at most, and not more than open files allow. The one that has "
        "been idle longest makes way for a new one; if none is idle, the new one gets 503.",
    )
    max_held_bytes: Annotated[Whole, Field(ge=MIB)] = Field(
        default=64 * MIB,
        description="Bytes of requests not yet whole and of answers not yet sent, all together; "
        "beyond it the client that has been waited for longest is cut off.",
    )
    head_s: Seconds = Field(
        default=10.0, description="How long the first line and headers of a request may take."
    )
    body_s: Seconds = Field(default=120.0, description="How long the body of a request may take.")
    write_s: Seconds = Field(
        default=20.0,
        description="A client that takes less than 16 kB of a waiting answer in so many seconds is "
        "cut off.",
    )


class NativeKeys(Keys):
    """NOMAD's own API over all sites, under /api/v1."""

    enabled: bool = Field(
        default=True, description="Whether it is served. false: nothing is under /api/v1."
    )
    auth_site: SiteName | None = Field(
        default=None,
        description="The site that answers /auth/token and /users/me; it needs forward_token. "
        "null: nobody does, and callers bring a token of their own.",
    )


class LoggingKeys(Keys):
    """What is logged to stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning or error."
    )
    as_json: bool = Field(
        default=False, alias="json", description="One JSON object per line instead of text."
    )
