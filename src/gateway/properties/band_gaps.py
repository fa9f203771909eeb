"""Band gaps in electronvolts, under the gateway's own prefix.

NOMAD has a list of them for each entry, one for each spin channel, in joules.
"""

from gateway.properties.conversion import joule_to_electronvolt
from gateway.properties.native_query import Member, NativeNode, Range
from gateway.properties.property import Least, Property

_SECTION = "results.properties.electronic.band_gap"
_VALUE = "value"
_PATH = f"{_SECTION}.{_VALUE}"
_ROUNDED = "In electronvolts, rounded to 0.000001 eV."
_UNSORTED = "It cannot be sorted by: NOMAD orders by no value of a repeated section."
_ZERO = "0 is a vanishing gap."


def band_gap_properties(prefix: str) -> tuple[Property, ...]:
    """The smallest gap, the smallest of either kind, and the list of all."""
    name = f"_{prefix}_band_gap"
    return (
        _least(name, f"The band gap; the smallest one where there are several (spin channels). "
                     f"{_ROUNDED} {_ZERO} {_UNSORTED}"),
        _least(f"{name}_direct", f"The smallest band gap that is direct. {_ROUNDED} Unknown where "
                                 f"NOMAD calls none direct. {_UNSORTED}", kind="direct"),
        _least(f"{name}_indirect", f"The smallest band gap that is indirect. {_ROUNDED} Unknown "
                                   f"where NOMAD calls none indirect. {_UNSORTED}",
               kind="indirect"),
        Property(
            f"{name}s",
            "list",
            "indexed",
            items="float",
            quantity=_PATH,
            known=_exists(()),
            fields=(f"{_SECTION}.*",),
            nested=_SECTION,
            path=_PATH,
            unit="eV",
            conversion=joule_to_electronvolt(),
            description=f"All band gaps, one for each spin channel. {_ROUNDED} {_ZERO}",
            by_default=False,
        ),
    )  # fmt: skip


def _least(name: str, description: str, *, kind: str | None = None) -> Property:
    where = () if kind is None else (("type", kind),)
    return Property(
        name,
        "float",
        "indexed",
        known=_exists(where),
        fields=(f"{_SECTION}.*",),
        path=_PATH,
        least=Least(_SECTION, _VALUE, where),
        unit="eV",
        conversion=joule_to_electronvolt(),
        description=description,
        by_default=False,
    )


def _exists(where: tuple[tuple[str, str], ...]) -> NativeNode:
    """Holds where there is a value that can be served."""
    conversion = joule_to_electronvolt()
    first, last = conversion.least(None, closed=True), conversion.greatest(None, closed=True)
    assert first is not None
    assert last is not None
    bounds = (("gte", first), ("lte", last))
    return Member(_SECTION, ((_VALUE, bounds), *where)) if where else Range(_PATH, bounds)
