"""What every JSON:API document of the server has, around its data, errors or neither."""

from collections.abc import Mapping

import orjson

from gateway.model import JsonObject
from gateway.serve.request.context import RequestContext
from gateway.serve.request.paths import API_VERSION

_JSONAPI = orjson.Fragment(
    orjson.dumps({"version": "1.1", "meta": {"api": "OPTIMADE", "api-version": API_VERSION}})
)


def dump_document(document: Mapping[str, object]) -> bytes:
    """Some clients fail on null or empty members (`errors`, `included`), so there are none."""
    filled = {key: value for key, value in document.items() if value}
    return orjson.dumps({"jsonapi": _JSONAPI, **filled})


def with_base_url(links: JsonObject, context: RequestContext) -> JsonObject:
    """The links of a document, and the base URL that all of them have."""
    return {**links, "base_url": context.base_url}
