"""Accept, Content-Type and api_hint."""

import pytest

from gateway.errors import MediaTypeError, NotAcceptableError, ParameterError, VersionError
from gateway.serve.request.api_hint import check_hint, is_exact
from gateway.serve.request.negotiation import check_accept, check_form

API = "application/vnd.api+json"


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        API,
        f"{API}; q=0.5",
        f"{API}; charset=utf-8, {API}",
        f'{API}; profile="http://example.org/p"',
        "application/json",
        "application/json; charset=utf-8",
        "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
        "text/csv",
        "nonsense",
        ",,;",
    ],
)
def test_accepted(accept: str) -> None:
    """Whatever clients accept, they are served, but for what JSON:API forbids."""
    check_accept(accept)


@pytest.mark.parametrize(
    "accept",
    [
        f"{API}; charset=utf-8",
        f"{API};ext=bulk",
        f'{API}; ext="https://jsonapi.org/ext/atomic"',
        f"{API}; charset=utf-8, text/html",
        f"{API.upper()}; version=1",
    ],
)
def test_not_acceptable(accept: str) -> None:
    """406 when each JSON:API type has a parameter other than profile (JSON:API 1.1, "Server")."""
    with pytest.raises(NotAcceptableError, match="without parameters"):
        check_accept(accept)


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-Urlencoded",
    ],
)
def test_forms(content_type: str) -> None:
    """A POST is a form."""
    check_form(content_type)


@pytest.mark.parametrize(
    "content_type", ["application/json", API, "multipart/form-data; boundary=x", "text/plain"]
)
def test_no_forms(content_type: str) -> None:
    """Any other body is refused with what is allowed."""
    with pytest.raises(MediaTypeError, match="allowed is application/x-www-form-urlencoded"):
        check_form(content_type)


@pytest.mark.parametrize("hint", ["", "v1", "v1.0", "v1.1", "v1.3"])
def test_hints(hint: str) -> None:
    """Our version, or an older one of the same major version, is served."""
    assert check_hint(hint, prefix="fed") is None


@pytest.mark.parametrize("hint", ["v1.4", "v1.999999999"])
def test_later_hints(hint: str) -> None:
    """A later minor version is served as well as we can, with a warning."""
    notice = check_hint(hint, prefix="fed")
    assert notice is not None
    assert hint in notice.detail


@pytest.mark.parametrize("hint", ["v0", "v0.10", "v2", "v2.0", "v123456789"])
def test_other_majors(hint: str) -> None:
    """Another major version is 553 (section "Version Negotiation")."""
    with pytest.raises(VersionError, match=r"1\.3\.0"):
        check_hint(hint, prefix="fed")


@pytest.mark.parametrize("hint", ["1", "1.0", "v", "v1.3.0", "v1.", "latest", "V1", "v1 ", "v-1"])
def test_bad_hints(hint: str) -> None:
    """What is no version is 400 with the form that is wanted."""
    with pytest.raises(ParameterError, match=r"v1\.3"):
        check_hint(hint, prefix="fed")


@pytest.mark.parametrize(
    ("version", "hint", "exact"),
    [
        ("", "", False),
        ("v1", "", False),
        ("v1", "v1.3", False),
        ("v1.3", "", True),
        ("v1.3.0", "", True),
        ("", "v1", False),
        ("", "v1.1", False),
        ("", "v1.2", True),
    ],
)
def test_exact(version: str, hint: str, exact: bool) -> None:
    """Who names 1.2 or later gets property definitions to the letter."""
    assert is_exact(version, hint) == exact
