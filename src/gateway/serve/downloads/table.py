"""Resources as a table: the whole result as CSV, or one entry of it."""

from collections.abc import Callable, Sequence

from gateway.errors import GatewayError
from gateway.model import Json, PageLink, Resource, SearchAnswer
from gateway.serve.downloads.completeness import check_archives
from gateway.serve.state import AppState
from gateway.write import write_header, write_row


class Table:
    """One stream of CSV while it goes out; it has no closing line, so it is whole or breaks off."""

    def __init__(self, fields: tuple[str, ...], *, app_state: AppState) -> None:
        self._columns = columns_for(fields)
        self._app_state = app_state

    def check(self, answer: SearchAnswer) -> None:
        """No cell is empty because an archive came too late."""
        check_archives(answer)

    async def begin(self, first: SearchAnswer) -> Sequence[bytes]:
        """The header line."""
        del first
        return [write_header(self._columns).encode()]

    async def page(self, answer: SearchAnswer) -> Sequence[bytes]:
        """One line an entry."""
        return await self._app_state.slices.map(row_writer(self._columns), answer.resources)

    async def end(self) -> Sequence[bytes]:
        """Nothing."""
        return []

    async def broken_off(self, error: GatewayError, link: PageLink) -> Sequence[bytes]:
        """Nothing in a table can say so."""
        del link
        raise error


def columns_for(fields: tuple[str, ...]) -> tuple[str, ...]:
    """The id, then what was asked for."""
    return ("id", *(name for name in fields if name != "id"))


def row_writer(columns: tuple[str, ...]) -> Callable[[Resource], bytes]:
    """Writes the line of a resource; of related entries it has the ids."""

    def write(resource: Resource) -> bytes:
        return write_row(_value(resource, name) for name in columns).encode()

    return write


def _value(resource: Resource, name: str) -> Json:
    match name:
        case "id":
            return resource.id
        case "type":
            return resource.type
    if name in resource.attributes:
        return resource.attributes[name]
    related = (resource.relationships or {}).get(name)
    data = related.get("data") if isinstance(related, dict) else None
    return [one["id"] for one in data if isinstance(one, dict)] if isinstance(data, list) else None
