"""The properties that NOMAD's `optimade_filter` knows, and the index fields that hold them."""

from dataclasses import dataclass
from functools import lru_cache

from gateway.demo.quantities import RATIOS, Catalogue

RELATED = ("references", "structures")
OWN_PREFIX = "_nmd_"


class UntranslatableError(Exception):
    """A filter that parses, but that NOMAD's transformer does not take."""


@dataclass(frozen=True, slots=True)
class Field:
    """A property that a filter names: its field, and what else NOMAD knows of it."""

    name: str
    field: str
    kind: str
    length: str | None = None  # the property that holds a list's length
    zipped: bool = False


def find_property(name: str, catalogue: Catalogue) -> Field | str:
    """A property, or the bare name where it is another provider's or a relationship."""
    if name in RELATED:
        return name
    try:
        return find_field(name, catalogue)
    except KeyError:
        if name.startswith("_") and not name.startswith(OWN_PREFIX):
            return name
        raise UntranslatableError(f"'{name}' is not a known or searchable quantity") from None


def find_field(name: str, catalogue: Catalogue) -> Field:
    """The field of a property's name; KeyError if there is none."""
    return _fields(catalogue)[name]


@lru_cache(maxsize=4)
def _fields(catalogue: Catalogue) -> dict[str, Field]:
    quantities = tuple(catalogue.quantities.values())
    own = [quantity for quantity in quantities if quantity.name.startswith("optimade.")]
    fields = {q.name[9:]: Field(q.name[9:], q.field, q.kind) for q in own}
    fields["elements"] = Field("elements", "optimade.elements", "keyword", "nelements", True)
    fields["elements_ratios"] = Field("elements_ratios", RATIOS, "nested", None, True)
    fields["id"] = Field("id", "entry_id", "keyword")
    fields["immutable_id"] = Field("immutable_id", "entry_id", "keyword")
    fields["last_modified"] = Field("last_modified", "upload_create_time", "date")
    for quantity in quantities:
        if quantity.kind != "ref" and (
            "." not in quantity.name or quantity.name.startswith("results.")
        ):
            name = quantity.name.replace(".", "_")
            for known_as in (OWN_PREFIX + name, name):
                fields.setdefault(known_as, Field(known_as, quantity.field, quantity.kind))
    return fields


def path_of(field: Field | str) -> str:
    """Where the index has the property."""
    if field in RELATED:
        raise UntranslatableError(f"Unable to filter on relationships with type {field!r}")
    return field if isinstance(field, str) else field.field
