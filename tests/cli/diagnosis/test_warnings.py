"""What to know of sites that can be used."""

import pytest

from gateway.cli.diagnosis.warnings import clock_warnings, site_warnings, version_warnings
from gateway.model import Site

PUBLIC = "https://nomad-lab.eu/prod/v1/api/v1"


@pytest.mark.parametrize(
    ("url", "limits", "is_warned"),
    [
        (PUBLIC, {}, True),
        (PUBLIC, {"concurrency": 8, "rate_per_s": 20.0}, False),
        (PUBLIC, {"concurrency": 8}, True),
        (PUBLIC, {"concurrency": 10, "rate_per_s": 20.0}, True),
        (PUBLIC, {"concurrency": 8, "rate_per_s": 30.0}, True),
        ("https://nomad.example.org/api/v1", {}, False),
    ],
)
def test_limits(url: str, limits: dict[str, float], is_warned: bool) -> None:
    """Public NOMAD limits its callers, and the sample keeps below it."""
    site = Site("nomad", url, "NOMAD", **limits)  # type: ignore[arg-type]
    assert ["`rate_per_s: 20`" in one for one in site_warnings(site, "2.0.0")] == [True] * is_warned


@pytest.mark.parametrize(
    ("version", "answer"),
    [("2.0.0", None), ("1.3.17", None), ("1.2.1", "older"), ("0.10", "older"), (None, "taken for"),
     ("devel", None)],
)  # fmt: skip
def test_version(version: str | None, answer: str | None) -> None:
    """A version that is too old, or not known."""
    reported = list(site_warnings(Site("a", "https://a.example/api/v1", "A"), version))
    assert len(reported) == (answer is not None)
    assert all(str(answer) in one for one in reported)


@pytest.mark.parametrize(
    ("ahead_s", "warned"),
    [
        ({}, set()),
        ({"a": 1, "b": -1}, set()),
        ({"a": 300}, {"a"}),
        ({"a": -7200, "b": 0, "c": 1}, {"a"}),
        ({"a": 300, "b": 301}, {None}),
        ({"a": 300, "b": 301, "c": 0}, {None}),
        ({"a": 300, "b": -300}, {"a", "b"}),
    ],
)
def test_clocks(ahead_s: dict[str, float], warned: set[str | None]) -> None:
    """A wrong clock is the site's own, unless most sites agree that it is ours."""
    assert set(clock_warnings(ahead_s)) == warned


def test_clock_in_words() -> None:
    """Which way, and how far."""
    assert "5 min ahead of" in clock_warnings({"a": 300})["a"]
    assert "2 h behind" in clock_warnings({"a": -7200})["a"]
    assert (
        "this machine's clock is 5 min behind that of 2 sites"
        in (clock_warnings({"a": 300, "b": 300})[None])
    )


@pytest.mark.parametrize(
    ("versions", "is_warned"),
    [
        ({}, False),
        ({"a": "2.0.0", "b": "2.0.0"}, False),
        ({"a": "2.0.0", "b": "1.3.17"}, True),
        ({"a": "2.0.0", "b": None}, True),
    ],
)
def test_versions(versions: dict[str, str | None], is_warned: bool) -> None:
    """Different versions matter where properties are not in all of them."""
    assert len(list(version_warnings(versions))) == is_warned
