"""The configuration: one YAML file and `GATEWAY_..` environment variables become a frozen `Config`.

In: the path of a file, the environment. Out: `Config`, or a ConfigError that names file, line and
key. `search`, `serve` and `cli` import it; the steps get what they need as arguments.

`keys`, `site_keys`, `server_keys` and `settings` say what can be configured, `values` and `checks`
what a value looks like; `yaml_file` reads the file; `complaints`, `wording` and `environment`
describe what is wrong.
"""

from gateway.config.keys import (
    CacheKeys,
    FilterKeys,
    PagingKeys,
    ProviderKeys,
    TimeoutKeys,
)
from gateway.config.loading import CONFIG_VARIABLE, load_config, path_from_environment
from gateway.config.server_keys import (
    AdmissionKeys,
    ConnectionKeys,
    LoggingKeys,
    NativeKeys,
    ServerKeys,
)
from gateway.config.settings import Config
from gateway.config.site_keys import CopyKeys, SiteDefaultKeys, SiteKeys

__all__ = [
    "CONFIG_VARIABLE",
    "AdmissionKeys",
    "CacheKeys",
    "Config",
    "ConnectionKeys",
    "CopyKeys",
    "FilterKeys",
    "LoggingKeys",
    "NativeKeys",
    "PagingKeys",
    "ProviderKeys",
    "ServerKeys",
    "SiteDefaultKeys",
    "SiteKeys",
    "TimeoutKeys",
    "load_config",
    "path_from_environment",
]
