"""`api_hint`: which version a client would like under the unversioned base URL."""

import re

from gateway.errors import ParameterError, VersionError
from gateway.model import Notice
from gateway.serve.request.paths import API_VERSION

_HINT = re.compile(r"v(\d{1,9})(?:\.(\d{1,9}))?")
_EXACT_SINCE = 2
"""The minor version that has brought property definitions."""
_MAJOR, _MINOR, _ = (int(part) for part in API_VERSION.split("."))


def check_hint(hint: str, *, prefix: str) -> Notice | None:
    """A warning where the hint cannot be met fully; another major version is an error (553)."""
    if not hint:
        return None
    match = _HINT.fullmatch(hint)
    if match is None:
        raise ParameterError(
            f"api_hint must look like v{_MAJOR} or v{_MAJOR}.{_MINOR}, not {hint[:40]!r}.",
            parameter="api_hint",
        )
    major, minor = int(match[1]), int(match[2] or 0)
    if major != _MAJOR:
        raise VersionError(
            f"api_hint asks for version {hint}; served is version {API_VERSION}.",
            parameter="api_hint",
        )
    if minor <= _MINOR:
        return None
    return Notice(
        "Version",
        f"api_hint asks for version {hint}; this is the answer of version {API_VERSION}.",
        f"_{prefix}_api_hint",
    )


def is_exact(version: str, hint: str) -> bool:
    """Whether the client has asked for OPTIMADE 1.2 or later by name, not for any version 1."""
    match = _HINT.match(version or hint)
    return match is not None and int(match[2] or 0) >= _EXACT_SINCE
