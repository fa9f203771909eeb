"""The OpenAPI document of what `params` reads by hand: parameters, examples, answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Response

from gateway.model import REFERENCES, STRUCTURES, Json, JsonObject
from gateway.serve.request.formats import entry_formats, listing_formats
from gateway.serve.request.negotiation import FORM, JSON_API, JSON_LINES, ZIP
from gateway.serve.request.params import INCLUDES
from gateway.write import CSV, FORMATS, formats_of

DESCRIPTION = """
An [OPTIMADE](https://www.optimade.org) API over several NOMAD installations: one filter is sent to
all of them, and their answers come back as one page in one order.

Every path is served unversioned and under `/v1`, `/v1.3` and `/v1.3.0`; the same API restricted to
one site is found under `/sites/<name>`, an index meta-database under `/index`.
"""
_STRING: JsonObject = {"type": "string"}
_TEXT = "string"
_WHOLE: JsonObject = {"type": "integer", "minimum": 0}
_DOCUMENT: JsonObject = {
    "type": "object",
    "required": ["meta"],
    "properties": {
        "jsonapi": {"type": "object"},
        "data": {"description": "A resource, a list of resources, or null."},
        "included": {"type": "array", "items": {"type": "object"}},
        "links": {"type": "object"},
        "meta": {
            "type": "object",
            "required": ["api_version", "query", "more_data_available"],
        },
        "errors": {"type": "array", "items": {"type": "object", "required": ["detail"]}},
    },
}
_REFUSALS = {
    "400": "The request cannot be understood; `errors[].detail` says why and what is allowed.",
    "403": "`page_limit` is above the maximum.",
    "406": "No media type that is served is accepted.",
    "429": "Too many requests at a time; see Retry-After.",
    "500": "An internal error, which has been logged.",
    "501": "Valid OPTIMADE that is not answered here; the detail says why.",
    "503": "Sites that hold the answer do not answer now; see Retry-After.",
    "553": "An API version that is not served.",
}
_NO_FILE = "There is no file of this entry in this format; the detail says why."
VERSIONS_RESPONSE: dict[int | str, dict[str, object]] = {
    200: {
        "description": "A header line, then one major version a line.",
        "content": {"text/csv": {"schema": {"type": "string"}, "example": "version\n1\n"}},
    }
}


class JsonApiResponse(Response):
    """Names the media type in the document; the endpoints make their own responses."""

    media_type = JSON_API


@dataclass(frozen=True, slots=True)
class Examples:
    """What parameters may say at one entry type."""

    filter: str
    sort: str
    response_fields: str
    facets: str | None
    id_form: str


_EXAMPLES: Mapping[str, Examples] = {
    STRUCTURES: Examples(
        filter='elements HAS ALL "Si","O" AND nelements=2',
        sort="-nelements,chemical_formula_reduced",
        response_fields="chemical_formula_reduced,nsites",
        facets="elements,nelements",
        id_form="`<site>~<entry_id>`, as in `id`.",
    ),
    REFERENCES: Examples(
        filter='doi STARTS WITH "10." OR title IS KNOWN',
        sort="-doi,url",
        response_fields="doi,title",
        facets=None,
        id_form="`doi.` or `ref.` and the DOI or text itself, escaped, as in `id`.",
    ),
}


def listing_docs(entry_type: str, prefix: str) -> JsonObject:
    """What a listing takes and gives."""
    parameters: list[Json] = [*_listing(entry_type, prefix)]
    return {"parameters": parameters, "responses": _responses(streams=_stream_types(entry_type))}


def form_docs(entry_type: str, prefix: str) -> JsonObject:
    """The same parameters as a form."""
    listing = _listing(entry_type, prefix)
    parameters = {str(one["name"]): one["schema"] for one in listing}
    form: JsonObject = {"schema": {"type": "object", "properties": parameters}}
    refusals = {"413": "The body is too large.", "415": "The body is no form."}
    return {
        "requestBody": {"content": {FORM: form}},
        "responses": _responses(streams=_stream_types(entry_type), **refusals),
    }


def entry_docs(entry_type: str, prefix: str) -> JsonObject:
    """What a single entry takes and gives."""
    examples = _EXAMPLES[entry_type]
    path: JsonObject = {
        "name": "entry_id",
        "in": "path",
        "required": True,
        "description": examples.id_form,
        "schema": _STRING,
    }
    return {
        "parameters": [path, *_common(examples, prefix, formats=entry_formats(entry_type, prefix))],
        "responses": _responses(streams=_file_types(entry_type), **{"404": _NO_FILE}),
    }


def about_docs() -> JsonObject:
    """What an endpoint about the server takes and gives."""
    return {"parameters": [_hint()], "responses": _responses()}


def _listing(entry_type: str, prefix: str) -> list[JsonObject]:
    examples = _EXAMPLES[entry_type]
    return [
        _parameter(
            "filter",
            "Which entries: an OPTIMADE filter.",
            example=examples.filter,
        ),
        _parameter(
            "sort",
            "Properties to sort by, separated by commas; a minus before one descends.",
            example=examples.sort,
        ),
        _parameter("page_limit", "How many entries.", {"type": "integer", "minimum": 1}),
        _parameter(
            "page_cursor", "Where to go on, as given by `links.next`; it wins over the others."
        ),
        _parameter("page_offset", "How many entries to skip.", _WHOLE),
        _parameter("page_number", "Which page, from 1.", {"type": "integer", "minimum": 1}),
        *_common(examples, prefix, formats=listing_formats(entry_type, prefix)),
        _parameter(f"_{prefix}_sites", "Sites to ask, separated by commas; all unless given."),
        _parameter(
            f"_{prefix}_partial",
            "`forbid`: answer 503 rather than without a site that fails.",
            {"type": "string", "enum": ["allow", "forbid"]},
        ),
        _parameter(
            f"_{prefix}_copies",
            "`all`: an entry that several sites hold once for each of them; `merge`: once.",
            {"type": "string", "enum": ["merge", "all"]},
        ),
        _parameter(
            f"_{prefix}_facets",
            "Properties whose values are counted over the whole result, separated by commas.",
            example=examples.facets,
        ),
    ]


def _common(examples: Examples, prefix: str, *, formats: tuple[str, ...]) -> list[JsonObject]:
    return [
        _parameter(
            "response_fields",
            "Which properties to return, separated by commas.",
            example=examples.response_fields,
        ),
        _parameter(
            "response_format",
            "The format of the answer.",
            {"type": "string", "enum": [*formats]},
        ),
        _parameter(
            "include",
            f"Related entries to include: {', '.join(INCLUDES)} unless given; empty: none.",
            {"type": "string", "enum": [*INCLUDES, ""]},
        ),
        _parameter(
            "email_address",
            "Whom to write to about the request.",
            {"type": "string", "format": "email"},
        ),
        _hint(),
        _parameter(
            f"_{prefix}_timeout",
            "How many seconds the gateway may take.",
            {"type": "number", "exclusiveMinimum": 0},
        ),
    ]


def _hint() -> JsonObject:
    return _parameter(
        "api_hint", "The API version that is wanted, at unversioned URLs.", example="v1"
    )


def _parameter(
    name: str, description: str, schema: JsonObject = _STRING, *, example: str | None = None
) -> JsonObject:
    written: JsonObject = {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }
    return written if example is None else {**written, "example": example}


def _file_types(entry_type: str) -> tuple[str, ...]:
    return tuple(map(_bare_type, formats_of(entry_type)))


def _stream_types(entry_type: str) -> tuple[str, ...]:
    archives = (ZIP,) if entry_type == STRUCTURES else ()
    return (JSON_LINES, _bare_type(CSV), *archives)


def _bare_type(name: str) -> str:
    return FORMATS[name].media_type.partition(";")[0]


def _responses(*, streams: tuple[str, ...] = (), **more: str) -> JsonObject:
    document: JsonObject = {JSON_API: {"schema": _DOCUMENT}}
    described = {"200": "An OPTIMADE document.", **_REFUSALS, **more}
    responses: JsonObject = {
        status: {"description": words, "content": document} for status, words in described.items()
    }
    if streams:
        content: JsonObject = {**document, **{one: {"schema": _STRING} for one in streams}}
        words = "An OPTIMADE document, or a file in the format that is asked for."
        responses["200"] = {"description": words, "content": content}
    return responses
