"""The OpenAPI document of NOMAD's own API: bodies, parameters and answers as NOMAD has them."""

from gateway.model import Json, JsonObject

JSON = "application/json"
_TEXT: JsonObject = {"type": "string"}
_WHOLE: JsonObject = {"type": "integer", "minimum": 0}
_PAGINATION: dict[str, JsonObject] = {
    "page_size": {"type": "integer", "minimum": 0, "maximum": 10_000},
    "order_by": _TEXT,
    "order": {"type": "string", "enum": ["asc", "desc"]},
    "page_after_value": _TEXT,
    "page": {"type": "integer", "minimum": 1},
    "page_offset": _WHOLE,
}
_OWNER: JsonObject = {
    "type": "string",
    "enum": ["public", "visible", "user", "shared", "staging", "all", "admin"],
}
_REFUSALS = {
    "400": "Elasticsearch refuses the query, or the answer would be too large.",
    "401": "A token is needed.",
    "403": "owner=all is not answered.",
    "404": "No site has it.",
    "413": "The body is too large.",
    "422": "The request is malformed, or too much; `detail` says what and where.",
    "429": "Too many requests at a time; see Retry-After.",
    "500": "An internal error, which has been logged, or one of the site's.",
    "501": "Not answered over several sites; `detail` says what to ask instead.",
    "502": "A site does not answer, and no other can for it; see Retry-After.",
}
_SEARCHES = ("/entries/query", "/entries/archive/query")
_LISTS = ("/entries", "/entries/archive", "/datasets")
_SUMMARIES = {
    "/entries": "Search entries, get their metadata",
    "/entries/archive": "Search entries, get their archives",
    "/entries/archive/download": "Search entries, download their archives",
    "/entries/export": "Search entries, download their metadata",
    "/entries/raw": "Search entries, download their raw files",
    "/entries/rawdir": "Search entries, list their raw files",
    "/entries/{entry_id}": "Metadata of an entry",
    "/entries/{entry_id}/archive": "Archive of an entry",
    "/entries/{entry_id}/archive/download": "Archive of an entry, as a plain file",
    "/entries/{entry_id}/raw": "Raw files of an entry",
    "/entries/{entry_id}/raw/{path}": "One raw file of an entry",
    "/entries/{entry_id}/rawdir": "List of the raw files of an entry",
    "/uploads/{upload_id}": "An upload",
    "/uploads/{upload_id}/{path}": "What belongs to an upload",
    "/datasets": "Search datasets",
    "/datasets/{dataset_id}": "A dataset",
    "/info": "Version and sites",
    "/auth/token": "A token of one site",
    "/users/me": "The account of a token",
}


def native_docs(path: str, method: str) -> JsonObject:
    """What one endpoint takes and gives."""
    shown = path.removesuffix("/query").replace(":anything", "")
    docs: JsonObject = {"summary": _SUMMARIES[shown], "responses": _responses(path)}
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT}
        for name in ("entry_id", "upload_id", "dataset_id", "path")
        if f"{{{name}" in path
    ]
    if path in _LISTS:
        parameters += [
            {"name": name, "in": "query", "required": False, "schema": schema}
            for name, schema in _PAGINATION.items()
        ]
    if path in ("/entries", "/entries/archive"):
        parameters.append({"name": "owner", "in": "query", "required": False, "schema": _OWNER})
        described = "`<quantity>[__<op>]__<value>`; may stand several times."
        listed: JsonObject = {"type": "array", "items": _TEXT}
        parameters.append({"name": "q", "in": "query", "description": described, "schema": listed})
    if parameters:
        docs["parameters"] = parameters
    if method == "POST" and path != "/auth/token":
        docs["requestBody"] = {"required": True, "content": {JSON: {"schema": _body(path)}}}
    return docs


def _body(path: str) -> JsonObject:
    if path not in _SEARCHES:
        return {"type": "object"}
    required: JsonObject = {"type": "object"}
    properties: JsonObject = {
        "owner": _OWNER,
        "query": {"type": "object"},
        "pagination": {"type": "object", "properties": {**_PAGINATION}},
        "required": required,
    }
    if path == "/entries/query":
        properties["aggregations"] = {"type": "object"}
    else:
        properties["required"] = {"anyOf": [_TEXT, required]}
    return {"type": "object", "properties": properties}


def _responses(path: str) -> JsonObject:
    is_json = path in (*_SEARCHES, *_LISTS, "/info")
    any_json: JsonObject = {JSON: {"schema": {"type": "object"}}}
    whole: JsonObject = any_json if is_json else {"*/*": {"schema": {}}}
    described: JsonObject = {"200": {"description": "As NOMAD answers it.", "content": whole}}
    for status, words in _REFUSALS.items():
        described[status] = {"description": words, "content": any_json}
    return described
