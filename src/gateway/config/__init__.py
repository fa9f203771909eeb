"""The configuration: one YAML file and `GATEWAY_..` environment variables become a frozen `Config`.

`keys` and `settings` say what can be configured, `yaml_file` reads the file, `complaints` words
what is wrong with it.
"""

from gateway.config.keys import (
    AdmissionKeys,
    CacheKeys,
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
