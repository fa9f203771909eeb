"""Which stream a listing's `response_format` asks for, and what it is called as a file."""

from dataclasses import replace

from starlette.responses import StreamingResponse

from gateway.model import SearchRequest
from gateway.serve.downloads.archive import Archive
from gateway.serve.downloads.file import disposition
from gateway.serve.downloads.json_lines import JsonLines
from gateway.serve.downloads.table import Table
from gateway.serve.downloads.whole_result import Writer, stream_response
from gateway.serve.request.context import RequestContext
from gateway.serve.request.formats import JSONL
from gateway.serve.request.negotiation import JSON_LINES, ZIP
from gateway.serve.state import AppState
from gateway.write import CSV, FORMATS


async def download_response(
    search: SearchRequest, form: str, *, context: RequestContext, app_state: AppState
) -> StreamingResponse:
    """The whole result in that format.

    Of JSON Lines the last line tells what is missing. The others cannot say so: they have all sites
    or end with their connection.
    """
    stem = f"{app_state.config.provider.prefix}-{search.entry_type}"
    writer: Writer
    if form == JSONL:
        writer, media_type, headers = (
            JsonLines(context=context, app_state=app_state),
            JSON_LINES,
            {},
        )
    else:
        search = replace(search, include=(), partial="forbid")
        if form == CSV:
            writer = Table(search.response_fields or (), app_state=app_state)
            media_type, name = FORMATS[form].media_type, f"{stem}.csv"
        else:
            writer = Archive(form, context=context, app_state=app_state)
            media_type, name = ZIP, f"{stem}-{form}.zip"
        headers = {"Content-Disposition": disposition(name)}
    return await stream_response(
        search,
        writer,
        media_type=media_type,
        headers=headers,
        context=context,
        app_state=app_state,
    )
