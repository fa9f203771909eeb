"""A published structure as it was found: sites with their occupants, cell, and where it is from."""

from dataclasses import dataclass

Vector = tuple[float, float, float]
UNKNOWN = "X"


@dataclass(frozen=True, slots=True)
class Source:
    """A collection of structures: what to cite and under which licence it came."""

    name: str
    package: str
    licence: str
    doi: str | None
    method: str


@dataclass(frozen=True, slots=True)
class Occupants:
    """What sits on a site: (element, share) pairs; shares below one in all leave a vacancy."""

    label: str
    shares: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """One structure; `key` is its name in the source, lengths are in Å."""

    key: str
    title: str
    source: Source
    sites: tuple[Occupants, ...]
    positions: tuple[Vector, ...]
    cell: tuple[Vector, Vector, Vector] | None
    periodic: tuple[int, int, int]
    material: str | None = None  # a mineral's or molecule's name
    references: tuple[str, ...] = ()
    note: str | None = None  # what was done to the published structure here, if anything
    bulk_modulus: float | None = None  # GPa
    band_gap: tuple[float, str] | None = None  # eV, direct or indirect


def pure(element: str) -> Occupants:
    """A site that one element fills."""
    return Occupants(element, ((element, 1.0),))
