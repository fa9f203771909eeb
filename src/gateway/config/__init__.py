"""The configuration: one YAML file and `GATEWAY_..` environment variables become a frozen `Config`.

In: the path of a file, the environment. Out: `Config`, or a ConfigError that names file, line and
key. `search`, `serve` and `cli` import it; the steps get what they need as arguments.

`keys` and `settings` say what can be configured, `yaml_file` reads the file, `complaints` describes
what is wrong with it.
"""

from gateway.config.keys import (
    AdmissionKeys,
    CacheKeys,
    ConnectionKeys,
    FilterKeys,
    LoggingKeys,
    PagingKeys,
    ProviderKeys,
    ServerKeys,
    SiteDefaultKeys,
    SiteKeys,
    TimeoutKeys,
)
from gateway.config.loading import CONFIG_VARIABLE, load_config, path_from_environment
from gateway.config.settings import Config

__all__ = [
    "CONFIG_VARIABLE",
    "AdmissionKeys",
    "CacheKeys",
    "Config",
    "ConnectionKeys",
    "FilterKeys",
    "LoggingKeys",
    "PagingKeys",
    "ProviderKeys",
    "ServerKeys",
    "SiteDefaultKeys",
    "SiteKeys",
    "TimeoutKeys",
    "load_config",
    "path_from_environment",
]
