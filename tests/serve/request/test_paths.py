"""Which view, version and endpoint a path means."""

import pytest

from gateway.errors import NotFoundError, VersionError
from gateway.serve.request.paths import RequestTarget, read_target

SITES = ("berlin", "munich")


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/structures", RequestTarget("", "", "/structures")),
        ("/structures/", RequestTarget("", "", "/structures")),
        ("//structures//", RequestTarget("", "", "/structures")),
        ("/v1/structures", RequestTarget("", "v1", "/structures")),
        ("/v1//structures", RequestTarget("", "v1", "/structures")),
        ("/v1.3/structures/a~b", RequestTarget("", "v1.3", "/structures/a~b")),
        ("/v1.3.0/info/", RequestTarget("", "v1.3.0", "/info")),
        ("/", RequestTarget("", "", "/")),
        ("", RequestTarget("", "", "/")),
        ("/v1", RequestTarget("", "v1", "/")),
        ("/v1/", RequestTarget("", "v1", "/")),
        ("/versions", RequestTarget("", "", "/versions")),
        (
            "/sites/berlin/v1/structures",
            RequestTarget("/sites/berlin", "v1", "/structures", "berlin"),
        ),
        ("/sites/munich/info", RequestTarget("/sites/munich", "", "/info", "munich")),
        ("/sites/munich", RequestTarget("/sites/munich", "", "/", "munich")),
        ("/sites/munich/versions/", RequestTarget("/sites/munich", "", "/versions", "munich")),
        ("/index/v1/links", RequestTarget("/index", "v1", "/links")),
        ("/index", RequestTarget("/index", "", "/")),
        ("/V1/info", RequestTarget("", "", "/V1/info")),
        ("/version", RequestTarget("", "", "/version")),
        ("/vasp", RequestTarget("", "", "/vasp")),
    ],
)
def test_places(path: str, target: RequestTarget) -> None:
    """Views and versions are taken off the path; needless slashes are no difference."""
    assert read_target(path, sites=SITES) == target


@pytest.mark.parametrize(
    "path",
    ["/v0/info", "/v2", "/v1.2/info", "/v1.3.1/info", "/v123123/info", "/v1x/info", "/v10",
     "/sites/berlin/v2/info", "/index/v0/info"],
)  # fmt: skip
def test_other_versions(path: str) -> None:
    """A version that is not served is told with those that are (section "Versioned base URLs")."""
    with pytest.raises(VersionError, match=r"/v1, /v1\.3, /v1\.3\.0"):
        read_target(path, sites=SITES)


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
        assert read_target(path, sites=SITES).endpoint == "/sites/berlin/info"
        return
    with pytest.raises(NotFoundError, match=says):
        read_target(path, sites=SITES)


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
    target = read_target(path, sites=SITES)
    assert (target.inner_path, target.versioned) == (inner, versioned)


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
    assert read_target(path, sites=SITES).label == label
