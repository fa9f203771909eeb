"""What a value of the configuration must look like, beyond its type: addresses, names, networks.

Each check gives the value back in its one spelling, or raises ValueError with a sentence.
"""

import ipaddress
import re
import ssl
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

SITE_NAME = re.compile(r"[a-z][a-z0-9-]*")
PREFIX = re.compile(r"[a-z][a-z0-9]*")
HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.%]+")
RESERVED_PREFIXES = ("nmd",)
API_PATH = "/api/v1"
CACHE_SCHEMES = ("redis", "rediss", "valkey", "valkeys")
DEFAULT_PORTS = {"http": 80, "https": 443}
_VERSION = r"v\d+(?:\.\d+){0,2}"
_ENDPOINT = (
    "(?:structures|references|info|links|versions|health|ready|metrics|docs|redoc|openapi.json)"
)
_OWN_PATH = re.compile(
    rf"(?:(?:/sites/[^/]+|/partial)?{API_PATH}|(?:/sites/[^/]+|/index)?/{_VERSION}(?:/{_ENDPOINT}(?:/[^/]+)?)?|/{_ENDPOINT}|/sites|/index)$"
)
"""Paths that the gateway itself appends to its address."""
IPV4_MAPPED_BITS = 96
"""What stands before the IPv4 address in `::ffff:10.0.0.5`."""


def web_address(value: str) -> str:
    """An http(s) address of anything, e.g. a homepage, as it was written."""
    _split(value)
    return value


def public_address(value: str) -> str:
    """Where clients reach the gateway: an http(s) address without query, no slash at its end."""
    address = _plain(value)
    own = own_path(urlsplit(address).path)
    if own:
        raise ValueError(
            f"{value!r} ends in {own!r}, which the gateway adds itself; "
            f"give what stands before it: {address.removesuffix(own)!r}"
        )
    return address


def own_path(path: str) -> str:
    """The end of a path that the gateway itself appends to its address; empty: there is none."""
    own = _OWN_PATH.search(path)
    return own.group() if own else ""


def proxy_address(value: str) -> str:
    """An HTTP proxy: scheme, host and port."""
    address = _plain(value, instead="a proxy that wants them cannot be used")
    if urlsplit(address).path:
        raise ValueError(f"{value!r} must have no path: a proxy is like 'http://proxy:3128'")
    return address


def api_address(value: str) -> str:
    """The base of a site's NOMAD API, ending in `/api/v1` without a trailing slash."""
    address = _plain(value)
    if not address.endswith(API_PATH):
        raise ValueError(
            f"{value!r} is not the base of a NOMAD API, which ends in {API_PATH}; "
            f"perhaps it is {_guess_api(address)!r}"
        )
    return address


def site_name(value: str) -> str:
    """A site's name, which is part of its entries' ids."""
    if not SITE_NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a site name: lower-case letters, digits and hyphens are allowed, "
            "and it begins with a letter"
        )
    return value


def provider_prefix(value: str) -> str:
    """The provider's prefix, without underscores."""
    if not PREFIX.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a prefix: lower-case letters and digits are allowed, it begins with "
            "a letter and has no underscores"
        )
    if value in RESERVED_PREFIXES:
        raise ValueError(
            f"{value!r} is reserved: names such as _{value}_results belong to NOMAD itself; "
            "choose a prefix of your own"
        )
    return value


def network(value: str) -> str:
    """An address or a network in CIDR notation; IPv4 written as IPv6 (`::ffff:..`) as IPv4."""
    try:
        found = ipaddress.ip_network(value.strip(), strict=False)
    except ValueError as error:
        raise ValueError(
            f"{value!r} is neither an IP address nor a network such as 10.0.0.0/8"
        ) from error
    mapped = getattr(found.network_address, "ipv4_mapped", None)
    if mapped is None or found.prefixlen < IPV4_MAPPED_BITS:
        return str(found)
    return str(ipaddress.ip_network((mapped, found.prefixlen - IPV4_MAPPED_BITS)))


def certificates(value: str) -> str:
    """The path of a file with certificates that can be read."""
    if not Path(value).is_file():
        raise ValueError(f"there is no file {value!r}")
    try:
        ssl.create_default_context(cafile=value)
    except OSError as error:  # ssl.SSLError is one
        raise ValueError(
            f"the file {value!r} cannot be read as certificates in PEM form "
            "(-----BEGIN CERTIFICATE-----)"
        ) from error
    return value


def cache_address(value: str) -> str:
    """The address of a Valkey or Redis server, as far as `fetch.cache.redis` can use it."""
    try:
        parts = urlsplit(value)
        is_good = parts.port != 0 and (not parts.path.strip("/") or int(parts.path.strip("/")) >= 0)
    except ValueError:
        is_good = False
    if is_good and parts.scheme in CACHE_SCHEMES and parts.hostname and "?" not in value:
        return value
    # the value itself stays out of the message: it may hold a password
    raise ValueError(
        "this is not the address of a cache server, e.g. redis://localhost:6379/0: one of "
        f"{', '.join(f'{scheme}://' for scheme in CACHE_SCHEMES)} (redis, with TLS; valkey, with "
        "TLS), a host, perhaps a port, and the number of a database; sockets in the file system "
        "(unix://) and parameters (?..) are not supported"
    )


def needs_package(name: str, *, requirement: str, what: str) -> None:
    """Nothing, if the package that this needs is installed; else what installs it."""
    if find_spec(name) is None:
        raise ValueError(
            f"{what} needs a package that is not installed: pip install '{requirement}'"
        )


def no_switch(value: object) -> object:
    """Anything but true and false, which would pass for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError(f"expected a number, not {'true' if value else 'false'}")
    return value


def _plain(value: str, *, instead: str = "use token_env or token_file") -> str:
    """The address in one spelling: host in lower case, no default port, no slash at its end."""
    parts = _split(value, instead=instead)
    if parts.query or parts.fragment:
        raise ValueError(f"{value!r} must have neither a query nor a fragment")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    is_usual = parts.port in (None, DEFAULT_PORTS[parts.scheme])
    port = "" if is_usual else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def _split(value: str, *, instead: str = "leave them out") -> SplitResult:
    parts = _parts(value)
    if "@" in parts.netloc:  # the value itself stays out of the message: it holds a secret
        raise ValueError(f"an address must not contain a user name or password; {instead}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{value!r} is not an address that begins with http:// or https://")
    if not HOST.fullmatch(parts.hostname):
        raise ValueError(f"{value!r} has no proper host name")
    return parts


def _parts(value: str) -> SplitResult:
    try:
        parts = urlsplit(value.strip())
    except ValueError as error:  # brackets of an IPv6 address that is none
        raise ValueError(f"{value!r} is not an address: its host cannot be read") from error
    try:
        is_good = parts.port != 0
    except ValueError:
        is_good = False
    if not is_good and "@" not in parts.netloc:
        raise ValueError(
            f"{value!r} is not an address: its port must be a whole number from 1 to 65535"
        )
    return parts


def _guess_api(address: str) -> str:
    if API_PATH in address:
        return address[: address.index(API_PATH)] + API_PATH
    for end in ("/gui", "/api", "/optimade"):
        address = address.split(end + "/", maxsplit=1)[0].removesuffix(end)
    return address + API_PATH
