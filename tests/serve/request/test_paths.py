"""Which view, version and endpoint a path means."""

import pytest

from gateway.errors import NotFoundError, VersionError
from gateway.serve.request.paths import Place, read_place

SITES = ("berlin", "munich")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/structures", Place("", "", "/structures")),
        ("/structures/", Place("", "", "/structures")),
        ("//structures//", Place("", "", "/structures")),
        ("/v1/structures", Place("", "v1", "/structures")),
        ("/v1//structures", Place("", "v1", "/structures")),
        ("/v1.3/structures/a~b", Place("", "v1.3", "/structures/a~b")),
        ("/v1.3.0/info/", Place("", "v1.3.0", "/info")),
        ("/", Place("", "", "/")),
        ("", Place("", "", "/")),
        ("/v1", Place("", "v1", "/")),
        ("/v1/", Place("", "v1", "/")),
        ("/versions", Place("", "", "/versions")),
        ("/sites/berlin/v1/structures", Place("/sites/berlin", "v1", "/structures", "berlin")),
        ("/sites/munich/info", Place("/sites/munich", "", "/info", "munich")),
        ("/sites/munich", Place("/sites/munich", "", "/", "munich")),
        ("/sites/munich/versions/", Place("/sites/munich", "", "/versions", "munich")),
        ("/index/v1/links", Place("/index", "v1", "/links")),
        ("/index", Place("/index", "", "/")),
        ("/V1/info", Place("", "", "/V1/info")),
        ("/version", Place("", "", "/version")),
        ("/vasp", Place("", "", "/vasp")),
    ],
)
def test_places(path: str, place: Place) -> None:
    """Views and versions are taken off the path; needless slashes are no difference."""
    assert read_place(path, sites=SITES) == place


@pytest.mark.parametrize(
    "path",
    ["/v0/info", "/v2", "/v1.2/info", "/v1.3.1/info", "/v123123/info", "/v1x/info", "/v10",
     "/sites/berlin/v2/info", "/index/v0/info"],
)  # fmt: skip
def test_other_versions(path: str) -> None:
    """A version that is not served is told with those that are (section "Versioned base URLs")."""
    with pytest.raises(VersionError, match=r"/v1, /v1\.3, /v1\.3\.0"):
        read_place(path, sites=SITES)


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/v1/versions", "unversioned"),
        ("/sites/berlin/v1/versions", "unversioned"),
        ("/v1/health", "unversioned"),
        ("/sites/berlin/health", "root of this server"),
        ("/index/metrics", "root of this server"),
        ("/sites/rome/v1/info", "the sites are berlin, munich"),
        ("/sites", "/sites/berlin, /sites/munich"),
        ("/v1/sites/berlin/info", None),
    ],
)
def test_nowhere(path: str, says: str | None) -> None:
    """`/versions` is at unversioned base URLs only, the server's own endpoints at its root."""
    if says is None:  # an ordinary endpoint that happens not to exist
        assert read_place(path, sites=SITES).endpoint == "/sites/berlin/info"
        return
    with pytest.raises(NotFoundError, match=says):
        read_place(path, sites=SITES)


@pytest.mark.parametrize(
    ("path", "inner", "versioned"),
    [
        ("/v1/info", "/info", "/v1"),
        ("/index/v1/info", "/index/info", "/index/v1"),
        ("/index/", "/index", "/index"),
        ("/sites/berlin/v1.3/info", "/info", "/sites/berlin/v1.3"),
        ("/", "/", ""),
    ],
)
def test_paths(path: str, inner: str, versioned: str) -> None:
    """Routes know the endpoint alone; links begin with the base URL as it was used."""
    place = read_place(path, sites=SITES)
    assert (place.inner_path, place.versioned) == (inner, versioned)


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/v1/structures", "/structures"),
        ("/v1/structures/berlin~abc", "/structures/.."),
        ("/info/structures", "/info/.."),
        ("/", "/"),
        ("/wp-login.php", "other"),
        ("/structuresx", "other"),
    ],
)
def test_labels(path: str, label: str) -> None:
    """Requests are counted under few labels, whatever paths are tried."""
    assert read_place(path, sites=SITES).label == label
