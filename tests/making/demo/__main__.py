"""`python -m tests.making.demo`: writes the demo sites' data anew, the same each time.

Needs the `data` dependencies, and one file of `nomad-lab` (installed with `--no-deps`).
"""

import gzip
import sys
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import orjson

from tests.making.demo.sample import Sample, Source
from tests.making.demo.samples import all_samples
from tests.making.demo.sites import plan_sites
from tests.making.demo.uploads import Line, make_lines

DATA = Path(__file__).parents[3] / "src/gateway/demo/data"


def main() -> None:
    """Writes `data/<site>.jsonl.gz` and `data/SOURCES.md`."""
    warnings.simplefilter("ignore")  # of the packages that read the structures
    samples = all_samples()
    held: Counter[str] = Counter()
    for name, uploads in plan_sites(samples).items():
        lines = [line for upload in uploads for line in make_lines(upload)]
        held.update(sample.source.name for upload in uploads for sample in upload.samples)
        size = _write(DATA / f"{name}.jsonl.gz", lines)
        sys.stdout.write(f"{name}: {len(lines)} entries, {size // 1000} kB\n")
    text = _write_sources([sample for group in samples.values() for sample in group], held)
    (DATA / "SOURCES.md").write_text(text, "utf-8")


def _write(path: Path, lines: Iterable[Line]) -> int:
    raw = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    packed = gzip.compress(raw, 9, mtime=0)
    path.write_bytes(packed)
    return len(packed)


def _write_sources(samples: list[Sample], held: Counter[str]) -> str:
    sources = {sample.source.name: sample.source for sample in samples}
    counts = Counter(sample.source.name for sample in samples)
    rows = [_row(source, counts[name], held[name]) for name, source in sources.items()]
    return SOURCES.format(rows="\n".join(rows))


def _row(source: Source, structures: int, entries: int) -> str:
    cite = f"https://doi.org/{source.doi}" if source.doi else "–"
    cells = (source.name, source.package, source.licence, cite, str(structures), str(entries))
    return f"| {' | '.join(cells)} |"


SOURCES = """# Where the demo data come from

Written by `python -m tests.making.demo`. Every entry names its structure's key in the source
as `external_id`; its dataset has the DOI to cite. What was changed by hand (mixed or withheld
occupants) says so in the entry's `comment`. Band gaps: Kittel, Introduction to Solid State Physics,
8th edition, chapter 8, table 1. Bulk moduli: Delta project (WIEN2k). People, uploads, dates and
comments are made up. `quantities.txt` lists the names of the quantities that NOMAD indexes
(nomad-lab 2.0.0, Apache-2.0).

Each entry is in the data once, at the site at which its upload was made; what other sites have
copied of it, and how, is described in `gateway/demo/copies.py`.

| source | package | licence | cite | structures | entries |
|---|---|---|---|---|---|
{rows}

The structures are facts taken from these collections; the licence is that of the package (for COD
files: of the database) that carries them.
"""

if __name__ == "__main__":
    main()
