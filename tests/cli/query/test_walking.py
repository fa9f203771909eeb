"""Documents as pages, and the links between them."""

import pytest

from gateway.cli.query.walking import read_page
from gateway.errors import GatewayError
from gateway.model import Json

HERE = "https://a.test:8443/opt/v1/structures?filter=x"


@pytest.mark.parametrize(
    ("link", "following"),
    [
        ("https://a.test:8443/opt/v1/structures?p=2", "https://a.test:8443/opt/v1/structures?p=2"),
        ({"href": "https://b.test/v1/structures?p=2"}, "https://b.test/v1/structures?p=2"),
        ("http://a.test/opt/v1/structures?p=2", "https://a.test:8443/opt/v1/structures?p=2"),
        ("?p=2", "https://a.test:8443/opt/v1/structures?p=2"),
        (None, None),
        ("", None),
        ({}, None),
        (3, None),
    ],
)
def test_links(link: Json, following: str | None) -> None:
    """A text, an object, a part of an address; on the same host, the way by which it was reached
    stays, since proxies often hide their port and scheme from the server behind them."""
    assert read_page({"data": [{}], "links": {"next": link}}, HERE).next == following


def test_empty_pages() -> None:
    """A page without entries is the last one, unless it says that there are more."""
    empty = {"data": [], "links": {"next": "?p=2"}}
    assert read_page({**empty}, HERE).next is None
    assert read_page({**empty, "meta": {"more_data_available": True}}, HERE).next is not None


def test_no_entries() -> None:
    """A document of another kind is refused."""
    with pytest.raises(GatewayError, match="a document without entries"):
        read_page({"data": {"type": "info"}}, HERE)
