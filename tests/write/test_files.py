"""Awkward structures as files: read back as they are, or refused in a sentence."""

import re
from typing import Any

import gemmi
import numpy as np
import pytest
from ase.io import read as read_by_ase

from gateway.errors import NoFileError
from gateway.write import FORMATS, fields_of, file_stem, why_not, write_file
from tests.write.reading_back import check_file, cif_by_gemmi, expected
from tests.write.structures import (
    ALL_FORMATS,
    LEFT_HANDED,
    MOLECULE,
    MOLECULE_OF_NULLS,
    NAN_ROW,
    ODD_TEXTS,
    SHARED,
    SLAB,
    SLAB_OF_NULLS,
    VACANT,
    Attributes,
    mixed,
    pure,
    structure,
)

ID = "berlin~a_B-1"
FILES = ("cif", "xyz", "poscar")
CRYSTAL = ("cif", "poscar")
ORDERED = ("xyz", "poscar")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("which", ALL_FORMATS)
def test_read_back(which: str, name: str) -> None:
    """gemmi, ASE and pymatgen read the same atoms, cell and handedness."""
    attributes = ALL_FORMATS[which]
    assert why_not(attributes, name) is None
    check_file(name, write_file(name, ID, attributes), attributes)


@pytest.mark.parametrize(
    ("attributes", "name"),
    [(SHARED, "cif"), (MOLECULE, "xyz"), (MOLECULE_OF_NULLS, "xyz"), (SLAB_OF_NULLS, "xyz")],
)
def test_read_back_in_one_format(attributes: Attributes, name: str) -> None:
    """Shared positions in CIF; what has no cell in XYZ."""
    check_file(name, write_file(name, ID, attributes), attributes)


def test_the_check_sees_a_mirror_image() -> None:
    """It has the same lengths, angles and fractions, and is another crystal."""
    plain = structure()
    mirrored = {
        name: [[x, y, -z] for x, y, z in plain[name]]  # type: ignore[union-attr,misc]
        for name in ("lattice_vectors", "cartesian_site_positions")
    }
    check_file("cif", write_file("cif", ID, structure(**mirrored)), structure(**mirrored))
    with pytest.raises(AssertionError, match="positions differ"):
        check_file("cif", write_file("cif", ID, plain), structure(**mirrored))


REFUSED: list[tuple[str, tuple[str, ...], dict[str, Any]]] = [
    ("positions of the atoms", FILES, {"cartesian_site_positions": None}),
    ("no atoms", FILES, {"cartesian_site_positions": [], "species_at_sites": []}),
    ("which atoms", FILES, {"species_at_sites": None}),
    ("which atoms", FILES, {"species": None}),
    ("which atoms", FILES, {"species": [pure("O"), pure("Ti")]}),
    ("3 positions, but 2 atoms", FILES, {"species_at_sites": ["O", "Ti"]}),
    ("unknown atom", FILES, {"species": [pure("X", "O"), pure("Ti"), pure("Ba")]}),
    ("unknown atom", FILES, {"species": [mixed("O", X=0.5, O=0.5), pure("Ti"), pure("Ba")]}),
    ("add up to 1.2", FILES, {"species": [mixed("O", O=0.6, S=0.6), pure("Ti"), pure("Ba")]}),
    ("add up to 0.5", FILES, {"species": [mixed("O", O=0.5), pure("Ti"), pure("Ba")]}),
    ("add up to 1", FILES, {"species": [mixed("O", O=1.5, S=-0.5), pure("Ti"), pure("Ba")]}),
    ("which directions", FILES, {"dimension_types": None}),
    ("which directions", FILES, {"dimension_types": None, "lattice_vectors": None}),
    ("no usable lattice vectors", FILES, {"lattice_vectors": None}),
    (
        "no usable lattice vectors",
        FILES,
        {"dimension_types": [1, 1, 0], "lattice_vectors": [NAN_ROW, [0, 1, 0], [0, 0, 1]]},
    ),
    ("do not span", FILES, {"lattice_vectors": [[1, 2, 3], [2, 4, 6], [0, 0, 1]]}),
    ("do not span", FILES, {"lattice_vectors": [[0, 0, 0], [0, 4, 0], [0, 0, 1]]}),
    (
        "do not span",
        FILES,
        {"dimension_types": [1, 1, 0], "lattice_vectors": [[1, 2, 3], [2, 4, 6], NAN_ROW]},
    ),
    ("go up to 1e+300", FILES, {"lattice_vectors": [[1e300, 0, 0], [0, 1, 0], [0, 0, 1]]}),
    ("coordinates go up to 2e+06", FILES, {"cartesian_site_positions": [[2e6, 0, 0]] * 3}),
    ("without positions (implicit_atoms)", FILES, {"structure_features": ["implicit_atoms"]}),
    ("(site_attachments)", FILES, {"structure_features": ["disorder", "site_attachments"]}),
    ("(assemblies)", FILES, {"structure_features": ["assemblies"]}),
    ("attached", FILES, {"species": [{**pure("O"), "attached": ["H"]}, pure("Ti"), pure("Ba")]}),
    ("100001 atoms", FILES, {"cartesian_site_positions": [[0, 0, 0]] * 100_001}),
    ("same position", CRYSTAL, {"cartesian_site_positions": [[1, 1, 1], [1, 1, 1], [2, 2, 2]]}),
    ("same position", CRYSTAL, {"cartesian_site_positions": [[0, 0, 0], [4, 0.1, 0.2], [2, 2, 2]]}),
    ("molecule", CRYSTAL, {"dimension_types": [0, 0, 0], "lattice_vectors": None}),
    ("molecule", CRYSTAL, {"dimension_types": [0, 0, 0], "lattice_vectors": [NAN_ROW] * 3}),
    ("along c", CRYSTAL, {**SLAB_OF_NULLS}),
    (
        "along b and c",
        CRYSTAL,
        {"dimension_types": [1, 0, 0], "lattice_vectors": [[4, 0, 0], NAN_ROW, NAN_ROW]},
    ),
    (
        "no gap",
        CRYSTAL,
        {"dimension_types": [1, 1, 0], "lattice_vectors": [[4, 0, 0], [0, 5, 0], [0, 0, 5]]},
    ),
    ("several elements share", ORDERED, {**SHARED}),
]  # fmt: skip


@pytest.mark.parametrize(("words", "names", "changes"), REFUSED)
def test_refused(words: str, names: tuple[str, ...], changes: dict[str, Any]) -> None:
    """What a format cannot hold, or nobody knows, is refused; the other formats can be had."""
    attributes = structure(**changes)
    for name in FILES:
        reason = why_not(attributes, name)
        if name not in names:
            assert reason is None
            continue
        assert reason is not None
        assert words in reason
        assert re.fullmatch(r"[A-Z].*\.", reason)
        with pytest.raises(NoFileError, match=re.escape(reason)):
            write_file(name, ID, attributes)


@pytest.mark.parametrize("name", FORMATS)
def test_unknown_attributes(name: str) -> None:
    """An entry of which nothing is known has no file, but a line in a table."""
    assert (why_not({}, name) is None) == (name == "csv")
    assert (why_not(dict.fromkeys(fields_of(name, "fed")), name) is None) == (name == "csv")


def test_left_handed_cell() -> None:
    """Lengths and angles are those of the Oasis; the fractions are turned, not the crystal."""
    seen, want = cif_by_gemmi(write_file("cif", ID, LEFT_HANDED)), expected(LEFT_HANDED)
    lengths = np.linalg.norm(want.cell, axis=1)
    assert np.linalg.det(want.cell) < 0
    assert np.allclose(np.linalg.norm(seen.cell, axis=1), lengths)
    assert np.allclose(seen.cell @ seen.cell.T, want.cell @ want.cell.T)
    assert np.allclose(
        seen.positions @ np.linalg.inv(seen.cell), -want.positions @ np.linalg.inv(want.cell)
    )


def test_what_a_cif_says() -> None:
    """Id, formula, P1, where it comes from: all read back, in ASCII, on short lines."""
    text = write_file("cif", ID, structure())
    block = gemmi.cif.read_string(text).sole_block()
    answer = {tag: gemmi.cif.as_string(block.find_value(tag) or "") for tag in (
        "_audit_block_code", "_chemical_formula_sum", "_space_group_name_H-M_alt",
        "_nomad_entry_page", "_nomad_license",
    )}  # fmt: skip
    assert block.name == ID
    assert list(answer.values()) == [
        ID, "Ba O Ti", "P 1", "https://oasis.example/gui/entry/id/abc", "CC BY 4.0"
    ]  # fmt: skip
    assert [*block.find_values("_nomad_dataset_doi")] == ["10.17172/NOMAD/2024.01.01-1"]
    authors = [gemmi.cif.as_string(one) for one in block.find_values("_publ_author_name")]
    assert authors == ["J&#252;rgen O'Neill", 'Ada "Countess" L\'s']


def test_odd_texts() -> None:
    """No text of an Oasis ends a value, begins a loop, or leaves ASCII and short lines."""
    text = write_file("cif", ID, ODD_TEXTS)
    assert text.isascii()
    assert max(map(len, text.splitlines())) < 2048
    block = gemmi.cif.read_string(text).sole_block()
    assert len([*block.find_loop("_atom_site_label")]) == 3
    datasets = [gemmi.cif.as_string(one) for one in block.find_values("_nomad_dataset_name")]
    assert datasets == ["data_evil", "Gr&#246;&#223;e &#8240; &#8212; &#20320;&#22909;",
                        "$dollar #hash [b] _tag ?"]  # fmt: skip
    frame = write_file("xyz", ID, ODD_TEXTS)
    assert len(frame.splitlines()) == len(frame.split("\n")) - 1 == 5


def test_what_a_frame_says(tmp_path: Any) -> None:
    """ASE reads the id and where it comes from."""
    path = tmp_path / "x.xyz"
    path.write_text(write_file("xyz", ID, ODD_TEXTS) + write_file("xyz", "munich~2", SLAB), "utf-8")
    first, second = read_by_ase(path, ":", format="extxyz")
    assert first.info["id"] == ID
    assert first.info["formula"].startswith("$\\beta$&ndash;V2N")
    assert second.info["doi"] == "10.17172/NOMAD/2024.01.01-1"


def test_slab_in_a_cif() -> None:
    """A file that repeats in three directions says in which the structure does not."""
    assert "Not periodic along c" in write_file("cif", ID, SLAB)
    assert "Not periodic" not in write_file("cif", ID, structure())


def test_formula_of_the_cell() -> None:
    """In Hill's order, with the occupancies, without vacancies."""
    assert "_chemical_formula_sum 'Ba Fe0.25 Ni0.75 O0.5'\n" in write_file("cif", ID, SHARED)
    assert "_chemical_formula_sum Ti2\n" in write_file("cif", ID, VACANT)
    organic = structure(species=[pure("H", "O"), pure("C", "Ti"), pure("Br", "Ba")])
    assert "_chemical_formula_sum 'C H Br'\n" in write_file("cif", ID, organic)


@pytest.mark.parametrize(
    ("id_", "stem"),
    [
        ("berlin~a_B-1", "berlin~a_B-1"),
        ('x"\r\nSet-Cookie: y', "x___Set-Cookie__y"),
        ("../../etc/passwd", "______etc_passwd"),
        ("größe", "gr__e"),
    ],
)
def test_file_names(id_: str, stem: str) -> None:
    """A name holds nothing that a header, a path or a shell would read."""
    assert file_stem(id_) == stem
