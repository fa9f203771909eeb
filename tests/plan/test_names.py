"""Which property a name means, whose it is, and what there is at a site."""

import pytest

from gateway.catalogue.quantities import Lifetime
from gateway.errors import NotImplementedFilterError, SiteNeededError, UnknownPropertyError
from gateway.parse.tree import Name
from gateway.plan.names import Scope, is_foreign, resolve
from gateway.properties import Property, structures_catalogue
from gateway.properties.native_query import Exists

SCOPE = Scope("structures", structures_catalogue("fed"), "fed")


def name(text: str, column: int = 0) -> Name:
    return Name(tuple(text.split(".")), column)


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("_exmpl_x", True),
        ("_2dm_x", True),
        ("_exmpl_x.y", True),
        ("species._exmpl_x", True),
        ("_fedora_x", True),
        ("_fed_x", False),
        ("_nmd_x", False),
        ("nelements", False),
        ("species.name", False),
        ("_x", False),
        ("__x", False),
        ("_", False),
    ],
)
def test_other_providers_are_told_by_their_prefix(text: str, foreign: bool) -> None:
    """NOMAD's names count as ours; without a prefix of letters and digits it is nobody's."""
    assert is_foreign(name(text), SCOPE) is foreign


@pytest.mark.parametrize("text", ["nelements", "species.name", "_fed_site", "_nmd_upload_id"])
def test_known_names_have_a_property(text: str) -> None:
    """Of the standard, of the provider, of NOMAD, and keys of dictionaries."""
    found = resolve(name(text), SCOPE)
    assert found is not None
    assert found.name == text.split(".", maxsplit=1)[0]


def test_names_of_others_have_none() -> None:
    """They are unknown values, never errors."""
    assert resolve(name("_exmpl_x"), SCOPE) is None
    assert resolve(name("species._exmpl_x"), SCOPE) is None


@pytest.mark.parametrize(
    "text", ["nelement", "_fed_x", "_nmd_x", "__x", "species.x", "species.name.x", "elements.x"]
)
def test_other_names_are_errors(text: str) -> None:
    """Which name the property and its place."""
    with pytest.raises(UnknownPropertyError) as caught:
        resolve(name(text, column=5), SCOPE)
    assert repr(text) in str(caught.value)
    assert caught.value.column == 5


def test_related_entries_are_refused() -> None:
    """OPTIMADE lets a filter speak of them; it is optional."""
    with pytest.raises(NotImplementedFilterError):
        resolve(name("calculations.id"), SCOPE)


@pytest.mark.parametrize(
    ("version", "reach", "known"),
    [("2.0.0", "indexed", Exists("x")), ("1.3.17", "absent", False)],
)
def test_what_a_site_does_not_have_is_unknown_there(
    version: str, reach: str, known: object
) -> None:
    """Versions of NOMAD differ in what they index."""
    one = Property("_nmd_new", "string", "indexed", known=Exists("x"),
                   lifetime=Lifetime(since=(1, 4)))  # fmt: skip
    found = resolve(name("_nmd_new"), Scope("structures", {one.name: one}, "fed", version))
    assert found is not None
    assert (found.reach, found.known) == (reach, known)


def test_what_not_every_site_has_needs_a_site() -> None:
    """Without a version it cannot be said what it means."""
    one = Property("_nmd_new", "string", "indexed", lifetime=Lifetime(since=(1, 4)))
    with pytest.raises(SiteNeededError):
        resolve(name("_nmd_new"), Scope("structures", {one.name: one}, "fed"))
