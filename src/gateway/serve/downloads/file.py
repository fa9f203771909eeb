"""One entry as a file, or 404 with the reason why there is none."""

import asyncio
import hashlib
from http import HTTPStatus

from starlette.responses import Response

from gateway.errors import NoFileError, NotFoundError
from gateway.model import Resource, SearchAnswer
from gateway.serve.downloads.completeness import check_archives
from gateway.serve.downloads.table import columns_for, row_writer
from gateway.serve.request.context import RequestContext
from gateway.serve.response.envelope import caching_headers
from gateway.serve.response.piecewise import PiecewiseResponse
from gateway.serve.state import AppState
from gateway.write import CSV, FORMATS, file_stem, write_file, write_header

_LARGE = 2_000
"""Positions; writing them takes ten milliseconds."""


def file_of(resource: Resource, name: str) -> str:
    """The file of an entry in CIF, XYZ or POSCAR; NoFileError if there is none."""
    if resource.missing:
        raise NoFileError("Its Oasis cannot read its archive.")
    return write_file(name, resource.id, resource.attributes)


def is_large(resource: Resource) -> bool:
    """Whether its file is better made in a thread, so that the event loop goes on."""
    positions = resource.attributes.get("cartesian_site_positions")
    return isinstance(positions, list) and len(positions) > _LARGE


async def file_response(
    answer: SearchAnswer,
    name: str,
    *,
    fields: tuple[str, ...],
    context: RequestContext,
    app_state: AppState,
) -> Response:
    """The file of the one entry of an answer; 404 where there is no entry, or no file of it."""
    if not answer.resources:
        raise NotFoundError("There is no entry with this id.")
    (resource,) = answer.resources
    check_archives(answer)
    body = (await _text_of(resource, name, fields)).encode()
    form = FORMATS[name]
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {
        **caching_headers(answer, context=context, config=app_state.config),
        "ETag": tag,
        "Content-Disposition": disposition(f"{file_stem(resource.id)}.{form.suffix}"),
    }
    if tag in context.known_tags:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return PiecewiseResponse(body, headers=headers, media_type=form.media_type, hold=context.hold)


def disposition(file_name: str) -> str:
    """The header that names a download."""
    return f'attachment; filename="{file_name}"'


async def _text_of(resource: Resource, name: str, fields: tuple[str, ...]) -> str:
    if name == CSV:
        columns = columns_for(fields)
        return write_header(columns) + row_writer(columns)(resource).decode()
    try:
        if is_large(resource):
            return await asyncio.to_thread(file_of, resource, name)
        return file_of(resource, name)
    except NoFileError as error:
        raise NoFileError(
            f"There is no {FORMATS[name].title} of {resource.id}. {error.detail}",
            parameter="response_format",
        ) from error
