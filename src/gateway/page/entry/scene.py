"""What the 3D viewer draws, as JSON in an attribute of the page; `static/entry.js` reads it."""

import orjson

from gateway.model import Json, JsonObject
from gateway.page.entry.atoms import Atoms, Species
from gateway.page.entry.cell import Cell
from gateway.page.entry.element_styles import NON_METALS, style_of

MAX_DRAWN = 20_000
"""Sites in a picture; a browser turns that many smoothly with a graphics card."""
_CROWD = 16
"""Sites of a metal from which bonds are not drawn unless asked for."""


def why_not_drawn(atoms: Atoms | None) -> str | None:
    """A sentence for people, or None where there is a picture."""
    if atoms is None:
        return (
            "There is no picture: the Oasis does not say where the atoms are. "
            "Composition and formula are all that is known."
        )
    if len(atoms.positions) > MAX_DRAWN:
        return (
            f"There is no picture: with {len(atoms.positions):,} sites the structure is too large "
            "to be drawn here. The downloads hold all of it."
        )
    return None


def write_scene(atoms: Atoms, cell: Cell | None) -> str:
    """The picture as JSON: numbers for the most part, so that escaping hardly makes it longer."""
    scene: JsonObject = {
        "species": [_species(one) for one in atoms.species],
        "kinds": list(atoms.kinds),
        "positions": [list(one) for one in atoms.positions],
        "cell": None if cell is None else _cell(cell),
    }
    return orjson.dumps(scene).decode()


def is_crowded(atoms: Atoms) -> bool:
    """Whether bonds would hide the atoms: in a metal each has a dozen of them."""
    is_metal = all(_is_metal(one) for one in atoms.species)
    return is_metal and len(atoms.positions) > _CROWD


def _is_metal(species: Species) -> bool:
    return not any(symbol in NON_METALS for symbol, _ in species.parts)


def _species(species: Species) -> Json:
    main = style_of(species.parts[0][0])
    return {
        "label": species.label,
        "radius": max(style_of(symbol).radius for symbol, _ in species.parts),
        "colour": main.colour,
        "isMetal": _is_metal(species),
        "parts": [
            {"symbol": symbol, "part": part, "colour": style_of(symbol).colour}
            for symbol, part in species.parts
        ],
    }


def _cell(cell: Cell) -> Json:
    return {
        "vectors": [list(one) for one in cell.filled],
        "known": [one is not None for one in cell.vectors],
        "periodic": list(cell.is_periodic),
    }
