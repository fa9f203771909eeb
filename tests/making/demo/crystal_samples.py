"""Crystals from data files of nomad-lab, pymatgen, crystals and ASE as samples."""

import gzip
import importlib.util
import json
import runpy
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pymatgen.analysis.prototypes
import pymatgen.util
from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifParser
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from tests.making.demo.gaps import find_gap
from tests.making.demo.rounding import round_cell, round_vectors
from tests.making.demo.sample import Occupants, Sample, Source, pure
from tests.making.demo.sources import AFLOW, AFLOW_PRIMITIVE, COD, PYMATGEN

MAX_SITES = 130


def aflow_prototypes() -> Iterator[Sample]:
    """Conventional cells, with the mineral's or compound's own lattice constants."""
    folder = importlib.util.find_spec("nomad")
    assert folder is not None
    assert folder.origin is not None
    module = runpy.run_path(str(Path(folder.origin).parent / "aflow_prototypes.py"))
    groups = module["aflow_prototypes"]["prototypes_by_spacegroup"]
    for number in sorted(groups):
        for data in groups[number]:
            labels = data["atom_labels"]
            if len(labels) <= MAX_SITES:
                yield Sample(
                    key=data["aflow_prototype_id"],
                    title=f"{data['Prototype']} ({data['Pearsons Symbol']})",
                    source=AFLOW,
                    sites=tuple(map(pure, labels)),
                    positions=round_vectors(json.loads(str(data["atom_positions"]))),
                    cell=round_cell(data["lattice_vectors"]),
                    periodic=(1, 1, 1),
                    material=_plain_text(data["Notes"]),
                    references=(data["aflow_prototype_url"],),
                    band_gap=find_gap(labels, number),
                )


def _plain_text(text: str) -> str:
    for markup in ("<sub>", "</sub>", "<i>", "</i>", "<sup>", "</sup>"):
        text = text.replace(markup, "")
    return text.removesuffix(" Structure")


def aflow_primitive() -> Iterator[Sample]:
    """The same library as pymatgen holds it, in primitive cells and with mineral names."""
    folder = Path(pymatgen.analysis.prototypes.__file__).parent
    for data in _read_gzipped(folder / "aflow_prototypes.json.gz"):
        structure = Structure.from_dict(data["snl"])
        tags = data["tags"]
        if len(structure) <= MAX_SITES:
            yield _crystal(
                AFLOW_PRIMITIVE,
                key=tags["aflow"],
                title=f"{tags['mineral']} (primitive cell)",
                structure=structure,
                material=tags["mineral"],
                references=(f"https://aflow.org/p/{tags['aflow']}",),
            )


def _read_gzipped(path: Path) -> list[dict[str, dict[str, str]]]:
    data: list[dict[str, dict[str, str]]] = json.loads(gzip.decompress(path.read_bytes()))
    return data


def cod_files() -> Iterator[Sample]:
    """Crystals from CIF files, some with partly occupied sites."""
    paths = [
        *_folder("crystals", "cifs").glob("*.cif"),
        *_folder("crystals", "tests/data").glob("*.cif"),
        *_folder("ase", "test/testdata/minerals").glob("*.cif"),
    ]
    for path in sorted(paths, key=lambda path: path.name):
        structure = CifParser(path, occupancy_tolerance=1.05).parse_structures(primitive=False)[0]
        if len(structure) <= MAX_SITES:
            number = _cod_number(path)
            yield _crystal(
                COD,
                key=path.stem,
                title=f"{path.stem} ({structure.composition.reduced_formula})",
                structure=structure,
                references=(f"http://www.crystallography.net/cod/{number}.html",) if number else (),
            )


def _cod_number(path: Path) -> str | None:
    for line in path.read_text("utf-8", "replace").splitlines():
        if line.startswith("#$URL:"):
            return line.rsplit("/", 1)[1].split(".")[0]
        if line.startswith("_cod_database_code"):
            return line.split()[1]
    return None


def pymatgen_examples() -> Iterator[Sample]:
    """Battery materials and others, one of them disordered."""
    folder = Path(pymatgen.util.__file__).parent / "structures"
    for path in sorted(folder.glob("*.json")):
        yield _crystal(
            PYMATGEN,
            key=path.stem,
            title=f"{path.stem} example",
            structure=Structure.from_file(path),
        )


def _folder(package: str, path: str) -> Path:
    return Path(str(files(package).joinpath(path)))


def _crystal(
    source: Source,
    *,
    key: str,
    title: str,
    structure: Structure,
    material: str | None = None,
    references: tuple[str, ...] = (),
) -> Sample:
    symbols = [site.species.elements[0].symbol for site in structure]
    return Sample(
        key=key,
        title=title,
        source=source,
        sites=_occupants(structure),
        positions=round_vectors(structure.cart_coords.tolist()),
        cell=round_cell(structure.lattice.matrix.tolist()),
        periodic=(1, 1, 1),
        material=material,
        references=references,
        band_gap=find_gap(symbols, _space_group(structure)) if structure.is_ordered else None,
    )


def _space_group(structure: Structure) -> int:
    return int(SpacegroupAnalyzer(structure, symprec=0.01).get_space_group_number())


def _occupants(structure: Structure) -> tuple[Occupants, ...]:
    """A label per kind of site: the element, numbered where its occupation is partial."""
    labels: dict[tuple[tuple[str, float], ...], str] = {}
    sites = []
    for site in structure:
        shares: dict[str, float] = {}
        for species, share in sorted(site.species.items(), key=str):
            shares[species.symbol] = round(shares.get(species.symbol, 0) + float(share), 6)
        pairs = tuple(shares.items())
        full = len(pairs) == 1 and pairs[0][1] > 0.9999
        if full:
            sites.append(pure(pairs[0][0]))
        else:
            labels.setdefault(pairs, f"{pairs[0][0]}{len(labels) + 1}")
            sites.append(Occupants(labels[pairs], pairs))
    return tuple(sites)
