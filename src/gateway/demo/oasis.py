"""One demo Oasis: an ASGI app that answers NOMAD's API over the entries of a JSON-lines file."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import orjson
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from gateway.demo.aggregations.aggregate import read_aggregations, run_aggregation
from gateway.demo.elasticsearch.elastic import Match, both
from gateway.demo.files import service_routes
from gateway.demo.quantities import is_old
from gateway.demo.query.native import echo
from gateway.demo.refusals import RefusalError, model_refusal
from gateway.demo.request.pagination import read_pagination
from gateway.demo.request.required import Required, project_document, read_required
from gateway.demo.request.required_archive import project_archive, read_required_archive
from gateway.demo.search import OWNERS, Oasis, open_oasis, search
from gateway.demo.store import Entry

CLIENT_GONE = 499
"""As nginx logs it."""
NO_ENTRY = "The entry with the given id does not exist or is not visible to you."
NO_ARCHIVE = "The entry does not exist or is not visible to you."
NOT_ALL = (
    "The owner=all is not allowed for this operation as it will search for entries\n"
    "that you might now be allowed to access."
)


def create_demo_oasis(
    source: str | Path | Sequence[Mapping[str, object]],
    *,
    version: str = "2.0.0",
    path: str = "/nomad-oasis",
) -> Starlette:
    """An app that serves `<path>/api/v1` over a demo site's, a JSON-lines file's or given lines."""
    oasis = open_oasis(source, version=version)
    api = [
        Route("/info", _endpoint(_info, oasis)),
        Route("/entries/query", _endpoint(_entries_query, oasis), methods=["POST"]),
        Route("/entries/archive/query", _endpoint(_archive_query, oasis), methods=["POST"]),
        *service_routes(oasis),
        Route("/entries/{entry_id}", _endpoint(_entry, oasis)),
        Route("/entries/{entry_id}/archive", _endpoint(_entry_archive, oasis)),
        Route(
            "/entries/{entry_id}/archive/query",
            _endpoint(_entry_archive_query, oasis),
            methods=["POST"],
        ),
    ]
    inside = [Mount("/api/v1", routes=api), Route("/alive", _endpoint(_alive, oasis))]
    routes = [Mount(path, routes=inside)] if path.strip("/") else inside
    return Starlette(routes=routes, exception_handlers={404: _not_found, 405: _not_allowed})


Answer = Callable[[Oasis, Request], Awaitable[object]]


def _endpoint(answer: Answer, oasis: Oasis) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            return _json(await answer(oasis, request))
        except RefusalError as refusal:
            return _json({"detail": refusal.detail}, refusal.status)
        except ClientDisconnect:  # nobody reads this; it is no error of ours
            return Response(status_code=CLIENT_GONE)

    return endpoint


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


async def _not_found(_request: Request, _error: Exception) -> Response:
    return _json({"detail": "Not Found"}, 404)


async def _not_allowed(_request: Request, _error: Exception) -> Response:
    return _json({"detail": "Method Not Allowed"}, 405)


async def _alive(_oasis: Oasis, _request: Request) -> object:
    return "I am, alive!"


async def _info(oasis: Oasis, _request: Request) -> object:
    info: dict[str, object] = {
        "parsers": ["archive"],
        "metainfo_packages": ["general"],
        "codes": [],
        "normalizers": ["OptimadeNormalizer", "ResultsNormalizer"],
        "version": oasis.version,
        "deployment": oasis.deployment,
        "oasis": True,
        "git": {},
    }
    if oasis.version.startswith("1."):
        uploads = {entry.document["upload_id"] for entry in oasis.entries}
        info["statistics"] = {"n_entries": len(oasis.entries), "n_uploads": len(uploads)}
    if is_old(oasis.version):
        info["search_quantities"] = {
            name: {"name": name, "many": not quantity.scalar}
            for name, quantity in oasis.catalogue.quantities.items()
        }
    return info


async def _entries_query(oasis: Oasis, request: Request) -> object:
    body = await _body(request)
    pagination = read_pagination(body.get("pagination"))
    found = search(oasis, body, pagination)
    required = read_required(
        body.get("required"), order_by=pagination.order_by, catalogue=oasis.catalogue
    )
    answer = {"owner": None, "query": echo(found.query, plain=False), **found.head}
    if required is not None:
        answer["required"] = required.dump()
    aggregations = read_aggregations(body.get("aggregations"), oasis.catalogue)
    if aggregations:
        answer["aggregations"] = {
            one.name: run_aggregation(oasis.index, found.selected, one) for one in aggregations
        }
    answer["data"] = [
        project_document(oasis.entries[row].document, required) for row in found.page.rows
    ]
    return answer


async def _archive_query(oasis: Oasis, request: Request) -> object:
    body = await _body(request)
    pagination = read_pagination(body.get("pagination"))
    required = read_required_archive(body.get("required"))
    if body.get("owner") == "all":
        raise RefusalError(401 if is_old(oasis.version) else 403, NOT_ALL)
    found = search(oasis, body, pagination)
    data = [_archive_item(oasis.entries[row], required) for row in found.page.rows]
    query = echo(found.query, plain=True)
    head = {"owner": None, "query": query, **found.head}
    return {**head, "required": required, "data": data}


def _archive_item(entry: Entry, required: object) -> dict[str, object]:
    names = ("entry_id", "upload_id", "parser_name")
    item = {name: entry.document[name] for name in names}
    return {**item, "archive": project_archive(entry.archive, required)}


async def _entry(oasis: Oasis, request: Request) -> object:
    row = _find(oasis, request, owner="all", missing=NO_ENTRY)
    include = request.query_params.getlist("include") or None
    exclude = request.query_params.getlist("exclude") or None
    patterns = {"include": include, "exclude": exclude}
    required = read_required(patterns, order_by="entry_id", catalogue=oasis.catalogue) or Required()
    document = project_document(oasis.entries[row].document, required)
    return {"entry_id": document["entry_id"], "required": required.dump(), "data": document}


async def _entry_archive(oasis: Oasis, request: Request) -> object:
    entry = oasis.entries[_find(oasis, request, owner="visible", missing=NO_ARCHIVE)]
    return {"entry_id": entry.entry_id, "required": "*", "data": _archive_item(entry, "*")}


async def _entry_archive_query(oasis: Oasis, request: Request) -> object:
    required = read_required_archive((await _body(request)).get("required"))
    entry = oasis.entries[_find(oasis, request, owner="visible", missing=NO_ARCHIVE)]
    data = _archive_item(entry, required)
    return {"entry_id": entry.entry_id, "required": required, "data": data}


def _find(oasis: Oasis, request: Request, *, owner: str, missing: str) -> int:
    query = both(Match("entry_id", request.path_params["entry_id"]), OWNERS[owner])
    selected = oasis.index.select(query)
    if not selected:
        raise RefusalError(404, missing)
    return selected.bit_length() - 1


async def _body(request: Request) -> Mapping[str, object]:
    raw = await request.body()
    try:
        body: object = orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError as error:
        raise model_refusal("json_invalid", loc=("1",), message="JSON decode error") from error
    if body is None:
        raise model_refusal("missing", loc=(), message="Field required")
    if not isinstance(body, Mapping):
        raise model_refusal(
            "model_attributes_type",
            loc=(),
            message="Input should be a valid dictionary or object to extract fields from",
            given=body,
        )
    return body
