"""The kinds of values in the configuration, and what all of its sections share."""

import json
import logging
from contextlib import suppress
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from gateway.config import checks

logger = logging.getLogger(__name__)

MIB = 1024 * 1024
LEAST_WAIT_S = 0.1
"""Nothing that goes over a network is done in less, and a site that had less time would never be
found to be unhealthy (`fetch.http.coalescing.BLAMED_S`)."""

Address = Annotated[str, AfterValidator(checks.web_address)]
PublicAddress = Annotated[str, AfterValidator(checks.public_address)]
ApiAddress = Annotated[str, AfterValidator(checks.api_address)]
ProxyAddress = Annotated[str, AfterValidator(checks.proxy_address)]
CacheAddress = Annotated[str, AfterValidator(checks.cache_address)]
SiteName = Annotated[str, AfterValidator(checks.site_name)]
Prefix = Annotated[str, AfterValidator(checks.provider_prefix)]
Network = Annotated[str, AfterValidator(checks.network)]
Certificates = Annotated[str, AfterValidator(checks.certificates)]
Text = Annotated[str, Field(min_length=1)]
Whole = Annotated[int, BeforeValidator(checks.no_switch)]
Number = Annotated[float, BeforeValidator(checks.no_switch), Field(allow_inf_nan=False)]
Seconds = Annotated[Number, Field(ge=LEAST_WAIT_S, le=3600)]
Count = Annotated[Whole, Field(ge=1)]
Rate = Annotated[Number, Field(gt=0)]
AnswerBytes = Annotated[Whole, Field(ge=1000)]
"""An answer that only counts has some hundred."""


class Keys(BaseModel):
    """A section of the configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def split_list(value: object) -> object:
    """A list in the environment may be written with commas, or as JSON like all others."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        with suppress(ValueError):
            return json.loads(value)
    return value.replace(",", " ").split()


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
