"""Names for sites and the provider."""

import pytest

from gateway.cli.init.names import provider_prefix, site_name
from gateway.config import checks


@pytest.mark.parametrize(
    ("url", "deployment", "taken", "name"),
    [
        ("https://nomad.example.org/api/v1", None, (), "example"),
        ("https://nomad.example.org/api/v1", "oasis", (), "example"),
        ("https://nomad.example.org/api/v1", "My Oasis (test)", (), "my-oasis-test"),
        ("https://nomad.example.ac.uk/api/v1", None, (), "example"),
        ("https://nomad-lab.eu/prod/v1/api/v1", "prod-v1", (), "nomad"),
        ("http://127.0.0.1:9001/api/v1", "oasis1", (), "oasis1"),
        ("http://127.0.0.1:9001/api/v1", None, (), "oasis"),
        ("http://[::1]:9001/api/v1", "devel", (), "oasis"),
        ("http://localhost/api/v1", "", (), "oasis"),
        ("http://berlin/api/v1", None, (), "berlin"),
        ("https://4d.example/api/v1", "42", (), "d"),
        ("https://a.example/api/v1", None, ("a", "a-2"), "a-3"),
        ("https://a.example/api/v1", "ß" * 99, (), "a"),
    ],
)
def test_site_name(url: str, deployment: str | None, taken: tuple[str, ...], name: str) -> None:
    """What the Oasis calls itself, or its domain; always a name, and always a free one."""
    found = site_name(url, deployment=deployment, taken=taken)
    assert found == name
    assert checks.site_name(found) == found


@pytest.mark.parametrize(
    ("urls", "prefix"),
    [
        (("https://a.example.org/api/v1", "https://b.example.org/api/v1"), "example"),
        (("https://a.example.org/api/v1", "https://b.other.org/api/v1"), "fed"),
        (("https://nomad-lab.eu/prod/v1/api/v1",), "fed"),
        (("https://oasis.tu-x.de/api/v1",), "tux"),
        (("http://127.0.0.1:1/api/v1",), "fed"),
        (("https://a.avery-long-name-of-a-group.org/api/v1",), "fed"),
        (("https://nomad.nmd.org/api/v1",), "fed"),
    ],
)
def test_prefix(urls: tuple[str, ...], prefix: str) -> None:
    """The domain that all sites share, if it can be a prefix."""
    found = provider_prefix(urls)
    assert found == prefix
    assert checks.provider_prefix(found) == found
