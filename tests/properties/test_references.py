"""The catalogue of references is the standard's, and ours."""

from optimade.models import ReferenceResourceAttributes

from gateway.properties import references_catalogue


def test_names_and_types() -> None:
    """Every standard property is there under the type that the standard gives it."""
    catalogue = references_catalogue("fed")
    standard = {name for name in catalogue if not name.startswith("_")}
    assert standard == {"id", "type", *ReferenceResourceAttributes.model_fields}
    lists = {name for name in standard if catalogue[name].type == "list"}
    assert lists == {"authors", "editors"}
    assert {name for name in standard - lists if catalogue[name].type != "string"} == {
        "last_modified"
    }


def test_own_names() -> None:
    """Ours stand under the provider's prefix, and come only when asked for."""
    own = {n: one for n, one in references_catalogue("x").items() if n.startswith("_")}
    assert set(own) == {"_x_sites", "_x_structures"}
    assert not any(one.by_default for one in own.values())


def test_sortable() -> None:
    """Only what the id alone decides: the order must not hang on which sites answer."""
    catalogue = references_catalogue("fed")
    sortable = {name for name, one in catalogue.items() if one.sortable}
    assert sortable == {"id", "immutable_id", "doi", "url", "note"}
