"""What an answer is: a NOMAD's, or something else's that stands in its way."""

import re
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

import orjson

from gateway.fetch.http.reachability import Reached
from gateway.model import Json

AnswerKind: TypeAlias = Literal[
    "nomad", "denied", "login", "missing", "limited", "unhealthy", "redirect", "no_tls_expected",
    "page", "gateway", "optimade", "other",
]  # fmt: skip
"""`no_tls_expected`: plain HTTP was sent to a port that wants TLS; `gateway`: another one of these,
with NOMAD's own API over its sites."""

_LOGIN_PATH = re.compile(r"log-?in|sign-?in|/auth\b|/realms/|sso|saml|oauth|openid|/idp\b|shib")
_LOGIN_PAGE = re.compile(
    rb"type\s*=\s*[\"']?password|/realms/|SAMLRequest|log[ -]?in|sign[ -]?in", re.IGNORECASE
)
_HTML = re.compile(rb"\s*(<!doctype html|<html)", re.IGNORECASE)
_LOOKED_AT = 64 * 1024
_WANTS_TLS = b"HTTP request was sent to HTTPS port"
_HTTP_TO_HTTPS = b"HTTP request to an HTTPS server"


def kind_of(answer: Reached) -> AnswerKind:
    """What kind of answer this is, to a request that a NOMAD answers with its JSON."""
    beginning = answer.body[:_LOOKED_AT]
    if _WANTS_TLS in beginning or _HTTP_TO_HTTPS in beginning:
        return "no_tls_expected"
    if answer.location is not None:
        return "login" if is_login(answer.location) else "redirect"
    if answer.status in (401, 403):
        return "denied"
    if answer.status in (404, 405, 410):
        return "missing"
    if answer.status in (429, 503):
        return "limited"
    if answer.status >= 500:
        return "unhealthy"
    return _kind_of_content(answer, beginning)


def is_login(address: str) -> bool:
    """Whether an address looks like that of a login page."""
    parts = urlsplit(address)
    return bool(_LOGIN_PATH.search(f"{parts.hostname}{parts.path}".lower()))


def json_of(answer: Reached) -> dict[str, Json]:
    """The answer as a JSON object; empty: it is none."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _kind_of_content(answer: Reached, beginning: bytes) -> AnswerKind:
    if "html" in answer.media_type or _HTML.match(beginning):
        return "login" if _LOGIN_PAGE.search(beginning) else "page"
    found = json_of(answer)
    if isinstance(found.get("gateway"), dict):
        return "gateway"
    if "parsers" in found or "metainfo_packages" in found or "pagination" in found:
        return "nomad"
    meta = found.get("meta")
    if isinstance(meta, dict) and "api_version" in meta:
        return "optimade"
    return "other"
