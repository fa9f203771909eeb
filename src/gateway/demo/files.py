"""What a demo Oasis has besides searches: raw files, whole archives, uploads, datasets."""

from collections.abc import Awaitable, Callable

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.demo.elasticsearch.elastic import Match, both
from gateway.demo.request.required_archive import project_archive
from gateway.demo.search import OWNERS, Oasis
from gateway.demo.store import Entry

RAW = "text/plain; charset=utf-8"
Endpoint = Callable[[Request], Awaitable[Response]]


def service_routes(oasis: Oasis) -> list[Route]:
    """Routes of files, uploads and datasets; those of searches stand elsewhere."""

    def route(path: str, answer: Callable[[Oasis, Request], Response]) -> Route:
        async def endpoint(request: Request) -> Response:
            return answer(oasis, request)

        return Route(path, endpoint)

    return [
        route("/entries/{entry_id}/archive/download", _archive_file),
        route("/entries/{entry_id}/rawdir", _rawdir),
        route("/entries/{entry_id}/raw/{path:path}", _raw_file),
        route("/uploads/{upload_id}/archive/{entry_id}", _archive_of_upload),
        route("/uploads/{upload_id}", _upload),
        route("/datasets", _datasets),
        route("/datasets/{dataset_id}", _dataset),
        route("/users/me", _nobody),
    ]


def _json(content: object, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def _visible(oasis: Oasis, **wanted: str) -> list[Entry]:
    query = OWNERS["visible"]
    for name, value in wanted.items():
        query = both(Match(name, value), query)
    selected = oasis.index.select(query)
    return [entry for row, entry in enumerate(oasis.entries) if selected >> row & 1]


def _entry(oasis: Oasis, request: Request) -> Entry | None:
    found = _visible(oasis, entry_id=request.path_params["entry_id"])
    return found[0] if found else None


def _no_entry() -> Response:
    detail = "The entry with the given id does not exist or is not visible to you."
    return _json({"detail": detail}, 404)


def _archive_file(oasis: Oasis, request: Request) -> Response:
    entry = _entry(oasis, request)
    if entry is None:
        return _no_entry()
    response = _json(project_archive(entry.archive, "*"))
    name = f'attachment; filename="{entry.entry_id}.archive.json"'
    response.headers["Content-Disposition"] = name
    return response


def _rawdir(oasis: Oasis, request: Request) -> Response:
    entry = _entry(oasis, request)
    if entry is None:
        return _no_entry()
    document = entry.document
    files = [{"path": document["mainfile"], "size": len(_text(entry))}]
    data = {name: document[name] for name in ("entry_id", "upload_id", "mainfile")}
    return _json({"entry_id": entry.entry_id, "data": {**data, "files": files}})


def _raw_file(oasis: Oasis, request: Request) -> Response:
    """The file of the entry, by its path below the directory of the mainfile."""
    entry = _entry(oasis, request)
    if entry is None:
        return _no_entry()
    mainfile = str(entry.document["mainfile"])
    if request.path_params["path"] != mainfile.rpartition("/")[2]:
        return _json({"detail": "The requested file does not exist."}, 404)
    return Response(_text(entry), media_type=RAW)


def _text(entry: Entry) -> bytes:
    return f"mainfile of {entry.entry_id}\n".encode() * 100


def _archive_of_upload(oasis: Oasis, request: Request) -> Response:
    entry = _entry(oasis, request)
    if entry is None or entry.document["upload_id"] != request.path_params["upload_id"]:
        return _no_entry()
    names = ("entry_id", "upload_id", "parser_name")
    data = {name: entry.document[name] for name in names}
    data["archive"] = project_archive(entry.archive, "*")
    return _json({"entry_id": entry.entry_id, "required": "*", "data": data})


def _upload(oasis: Oasis, request: Request) -> Response:
    upload_id = request.path_params["upload_id"]
    entries = _visible(oasis, upload_id=upload_id)
    if not entries:
        return _json({"detail": "The specified upload_id was not found."}, 404)
    data = {"upload_id": upload_id, "published": True, "entries": len(entries)}
    return _json({"upload_id": upload_id, "data": data})


def _all_datasets(oasis: Oasis) -> dict[str, object]:
    found: dict[str, object] = {}
    for entry in oasis.entries:
        datasets = entry.document.get("datasets")
        for one in datasets if isinstance(datasets, list) else []:
            found.setdefault(str(one["dataset_id"]), one)
    return found


def _datasets(oasis: Oasis, request: Request) -> Response:
    size = int(request.query_params.get("page_size", 10))
    found = [*_all_datasets(oasis).values()]
    pagination = {"page_size": size, "order": "asc", "page": 1, "total": len(found)}
    return _json({"pagination": pagination, "data": found[:size]})


def _dataset(oasis: Oasis, request: Request) -> Response:
    dataset_id = request.path_params["dataset_id"]
    found = _all_datasets(oasis).get(dataset_id)
    if found is None:
        return _json({"detail": "The dataset with the given id does not exist."}, 404)
    return _json({"dataset_id": dataset_id, "data": found})


def _nobody(oasis: Oasis, request: Request) -> Response:
    del oasis, request
    return _json({"detail": "Authentication required."}, 401)
