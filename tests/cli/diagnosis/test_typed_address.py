"""Addresses as people type them."""

import pytest

from gateway.cli.diagnosis.typed_address import is_public_nomad, read_typed


@pytest.mark.parametrize(
    ("typed", "urls"),
    [
        ("https://a.example/gui", ["https://a.example/api/v1", "https://a.example/nomad-oasis/api/v1"]),
        ("https://a.example:443/x/gui/", ["https://a.example/x/api/v1", "https://a.example/api/v1",
                                          "https://a.example/nomad-oasis/api/v1"]),
        ("https://[2001:db8::1]:8443/", ["https://[2001:db8::1]:8443/api/v1",
                                         "https://[2001:db8::1]:8443/nomad-oasis/api/v1"]),
        ("https://nomad-lab.eu/prod/v1/gui/search", ["https://nomad-lab.eu/prod/v1/api/v1",
            "https://nomad-lab.eu/api/v1", "https://nomad-lab.eu/nomad-oasis/api/v1"]),
        ("nomad-lab.eu", ["https://nomad-lab.eu/api/v1", "https://nomad-lab.eu/prod/v1/api/v1",
                          "https://nomad-lab.eu/nomad-oasis/api/v1"]),
    ],
)  # fmt: skip
def test_places(typed: str, urls: list[str]) -> None:
    """Where the API may be, likeliest first."""
    address = read_typed(typed)
    assert [address.url(address.schemes[0], path) for path in address.paths] == urls


@pytest.mark.parametrize(
    ("typed", "schemes"),
    [
        ("a.example", ("https", "http")),
        ("http://a.example", ("http", "https")),
        ("HTTPS://a.example", ("https", "http")),
        ("127.0.0.1:9001", ("http", "https")),
        ("localhost:8000", ("http", "https")),
        ("oasis", ("http", "https")),  # a service in a container's network
        ("10.1.2.3", ("http", "https")),
        ("8.8.8.8", ("https", "http")),
    ],
)
def test_schemes(typed: str, schemes: tuple[str, str]) -> None:
    """Without a scheme, https goes first, but for machines nearby."""
    assert read_typed(typed).schemes == schemes


@pytest.mark.parametrize(
    "typed",
    ["", " ", "two words", "ftp://a.example", "file:///etc", "https://", "https://a.example:99999",
     "https://a.example:x", "https://[::1", "user:secret@a.example", "https://user:secret@a.example",
     "https://ä.example", "javascript:alert(1)"],
)  # fmt: skip
def test_no_address(typed: str) -> None:
    """What is none is refused, and no password is repeated."""
    with pytest.raises(ValueError, match=r".") as refused:
        read_typed(typed)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "is_public"),
    [("nomad-lab.eu", True), ("www.nomad-lab.eu", True), ("my-nomad-lab.eu", False), (None, False)],
)
def test_public_nomad(host: str | None, is_public: bool) -> None:
    """The central NOMAD is known by its domain."""
    assert is_public_nomad(host) is is_public
