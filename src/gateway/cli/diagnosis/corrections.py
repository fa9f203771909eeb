"""What was made of an address that was typed, for whoever typed it. Pure."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from gateway.cli.diagnosis.typed_address import TypedAddress
from gateway.config.checks import API_PATH

_NO_TLS = (
    "there is no HTTPS, so the address begins with http://: whatever is sent there, tokens too, "
    "can be read on the way"
)


def corrections(typed: TypedAddress, url: str) -> tuple[str, ...]:
    """How the address of the API differs from what was typed."""
    return tuple(_differences(typed, url))


def _differences(typed: TypedAddress, url: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme != typed.schemes[0]:
        yield _NO_TLS if parts.scheme == "http" else "it wants HTTPS, so it begins with https://"
    elif not typed.has_scheme:
        yield f"{parts.scheme}:// was added at its beginning"
    usual = {typed.url(parts.scheme, path) for path in typed.paths}
    if url not in usual:
        yield f"it leads on to {url}, which is asked directly"
        return
    typed_path = typed.text.partition("://")[2] if typed.has_scheme else typed.text
    typed_path = "/" + typed_path.partition("/")[2].rstrip("/")
    if typed_path == parts.path:
        return
    if typed_path.startswith(parts.path):
        yield f"what follows {API_PATH} was removed"
    elif "/gui" in typed_path:
        yield f"this is the address of its web page; its API is at {url}"
    else:
        yield f"its API is at {url}"
