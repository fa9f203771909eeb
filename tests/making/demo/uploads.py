"""Which samples each demo site holds: uploads with dates, authors, datasets, and odd entries."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from tests.making.demo.optimade import make_optimade
from tests.making.demo.results import make_id, make_results
from tests.making.demo.sample import UNKNOWN, Occupants, Sample

Line = dict[str, object]
OPTIONAL = (
    "lattice_vectors",
    "species",
    "chemical_formula_descriptive",
    "chemical_formula_hill",
    "structure_features",
    "species_at_sites",
    "cartesian_site_positions",
    "dimension_types",
)
COMMENTS = (
    None,
    None,
    "aus der Literatur übernommen, Zelle unverändert",
    "座標は文献値のまま",
    'positions "as published", ε < 10⁻⁵ Å',
    "проверено 2023 – größer als erwartet ⚛",
)
PEOPLE = (
    {"user_id": "6f0c2a52-0b5e-4c1e-9d1c-4f1f0a3c9e01", "name": "Ines Weißmüller"},
    {"user_id": "0d6a6c1e-8a57-4a53-9b66-6b1d3c1f7a02", "name": "José O'Neill-Álvarez"},
    {"user_id": "b2e4f7a0-3a1d-4c36-8f0e-2d9f5e6c8b03", "name": "田中 美咲"},
)
STRANGERS = ("Mg", "Fe", "Zr", "Se", "Ga")


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload as it is on one site."""

    name: str
    created: datetime
    samples: tuple[Sample, ...] = ()
    author: int = 0
    dataset: str | None = None  # a name; the DOI is the samples' source's
    state: str = "public"  # or embargo, staging
    notebooks: int = 0  # entries without a structure
    failed: int = 0  # entries that could not be processed
    odd: bool = False  # whether some entries lack a field, are disordered, or hold unknown atoms
    seed: str = field(default="")

    @property
    def upload_id(self) -> str:
        """The same wherever the upload is copied to."""
        return make_id("upload", self.name, length=22)


def make_lines(upload: Upload) -> list[Line]:
    """The upload's entries."""
    rng = random.Random(f"upload {upload.name}")  # the same data each time
    lines = [
        _structure_line(upload, number, sample, rng) for number, sample in enumerate(upload.samples)
    ]
    count = len(lines)
    lines += [_notebook_line(upload, count + n, rng) for n in range(upload.notebooks)]
    count = len(lines)
    return lines + [_failed_line(upload, count + n, rng) for n in range(upload.failed)]


def _structure_line(upload: Upload, number: int, sample: Sample, rng: random.Random) -> Line:
    draw, drop = rng.random(), rng.choice(OPTIONAL)
    if upload.odd and draw < 0.05:
        sample = _with_disorder(sample, rng)
    elif upload.odd and draw < 0.06:
        sample = _with_unknown_atom(sample, rng)
    optimade = make_optimade(sample)
    line = _line(upload, number, f"{sample.key}.{_ending(sample)}", rng)
    metadata = line["metadata"]
    assert isinstance(metadata, dict)
    metadata |= {
        "entry_name": f"{optimade['chemical_formula_reduced']} {sample.title}",
        "entry_type": "CrystalStructure" if any(sample.periodic) else "Molecule",
        "parser_name": f"parsers/{_ending(sample)}",
        "domain": "dft" if sample.source.method != "XRD" else "nexus",
        "external_id": sample.key,
        "references": list(sample.references),
        "datasets": _datasets(upload, sample) if number % 2 == 0 else [],
    }
    note = sample.note or rng.choice(COMMENTS)
    if note:
        metadata["comment"] = note
    line["results"] = make_results(sample, optimade)
    if upload.odd and 0.06 <= draw < 0.12:
        optimade.pop(drop, None)
    metadata["optimade"] = optimade
    return line


def _ending(sample: Sample) -> str:
    return "cif" if any(sample.periodic) else "xyz"


def _line(upload: Upload, number: int, file: str, rng: random.Random) -> Line:
    folder = "größe" if number % 11 == 0 else "structures"
    mainfile = f"{folder}/{number:03d}/{file}"
    processed = upload.created + timedelta(days=1, microseconds=rng.randrange(300 * 86_400_000_000))
    public = upload.state != "staging"
    metadata: Line = {
        "upload_id": upload.upload_id,
        "upload_name": upload.name,
        "upload_create_time": _write_time(upload.created),
        "entry_id": make_id("entry", upload.upload_id, mainfile, length=28),
        "entry_create_time": _write_time(upload.created + timedelta(seconds=number)),
        "last_processing_time": _write_time(processed),
        "mainfile": mainfile,
        "nomad_version": "2.0.0",
        "processed": True,
        "published": public,
        "with_embargo": upload.state == "embargo",
        "license": "CC BY 4.0",
        "main_author": PEOPLE[upload.author],
        "coauthors": [PEOPLE[(upload.author + 1) % 3]] if upload.author != 2 else [],
    }
    if public:
        metadata["publish_time"] = _write_time(upload.created + timedelta(hours=5))
    return {"metadata": metadata}


def _write_time(moment: datetime) -> str:
    return moment.isoformat()


def _datasets(upload: Upload, sample: Sample) -> list[Line]:
    if upload.dataset is None:
        return []
    dataset: Line = {
        "dataset_id": make_id("dataset", upload.dataset, length=22),
        "dataset_name": upload.dataset,
        "dataset_type": "owned",
        "dataset_create_time": "2021-01-01T00:00:00+00:00",
        "dataset_modified_time": "2021-01-02T00:00:00+00:00",
    }
    return [dataset | ({"doi": sample.source.doi} if sample.source.doi else {})]


def _notebook_line(upload: Upload, number: int, rng: random.Random) -> Line:
    line = _line(upload, number, f"sample {number}.archive.json", rng)
    name = f"Probe №{number}"
    metadata = line["metadata"]
    assert isinstance(metadata, dict)
    metadata |= {"entry_name": name, "entry_type": "ELNSample", "parser_name": "parsers/archive"}
    elements = sorted(rng.sample(["Ti", "O", "Fe", "Cu"], 2))
    material: Line = {
        "elements": elements,
        "n_elements": 2,
        "elements_exclusive": " ".join(elements),
        "structural_type": "not processed",
    }
    line["results"] = {"material": material}
    line["data"] = {"name": name, "description": "<p>grown by hand</p>"}
    return line


def _failed_line(upload: Upload, number: int, rng: random.Random) -> Line:
    line = _line(upload, number, "broken.cif", rng)
    metadata = line["metadata"]
    assert isinstance(metadata, dict)
    metadata |= {"processed": False, "parser_name": "parsers/cif", "domain": "dft"}
    metadata["processing_errors"] = ["parser failed"]
    return line


def _with_disorder(sample: Sample, rng: random.Random) -> Sample:
    """One kind of site shared with a stranger and partly empty: a made-up solid solution."""
    first = sample.sites[0].label
    if sample.periodic != (1, 1, 1) or len(sample.sites[0].shares) > 1:
        return sample
    stranger = rng.choice([e for e in STRANGERS if all(e != s.label for s in sample.sites)])
    mixed = Occupants(f"{first}1", ((first, 0.5), (stranger, 0.25)))
    sites = tuple(mixed if site.label == first else site for site in sample.sites)
    note = (
        f"demo: {first} sites set by hand to half {first}, a quarter {stranger}, a quarter vacancy"
    )
    return replace(sample, sites=sites, note=note, band_gap=None, bulk_modulus=None)


def _with_unknown_atom(sample: Sample, rng: random.Random) -> Sample:
    """One site whose element is withheld: `X`, or a label that is no element."""
    at = rng.randrange(len(sample.sites))
    unknown = Occupants(rng.choice((UNKNOWN, "Q1")), ((UNKNOWN, 1.0),))
    sites = (*sample.sites[:at], unknown, *sample.sites[at + 1 :])
    note = "demo: one site's element withheld by hand"
    return replace(sample, sites=sites, note=note, band_gap=None, bulk_modulus=None)


def every(samples: Sequence[Sample], step: int, start: int) -> tuple[Sample, ...]:
    """Every step-th sample."""
    return tuple(samples[start::step])


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
