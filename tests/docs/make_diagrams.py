"""Text for Graphviz -> the pictures of docs/assets/diagrams/.

    PYTHONPATH=src python -m tests.docs.make_diagrams     (Debian: graphviz)

A picture says in its last line from which text it was drawn; without Graphviz the tests compare
that. Nothing is loaded from elsewhere when a page is read.
"""

import re
import subprocess
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from tests.docs.imports import graph_of, reduced
from tests.docs.pages import DOCS

FOLDER = DOCS / "assets/diagrams"
HOUSE = {"gateway": "house", "fetch": "house-fetch", "serve": "house-serve"}
"""Folders under src/ whose imports are drawn, and the name of the picture."""
STYLE = """  graph [nodesep=0.25, ranksep=0.4, bgcolor=transparent, pad=0.1]
  node [shape=box, style="rounded,filled", fillcolor="#eef1fb", color="#4051b5", height=0.35]
  node [fontname="Helvetica,Arial,sans-serif", fontsize=13, margin="0.12,0.05"]
  edge [color="#5c6370", arrowsize=0.7, fontname="Helvetica,Arial,sans-serif", fontsize=12]
"""


def main() -> None:
    """Write the texts that are made from the source, and draw those that have changed."""
    for folder, name in HOUSE.items():
        (FOLDER / f"{name}.dot").write_text(dot_of(reduced(graph_of(folder))), "utf-8")
    for path in sources():
        if not is_current(path):
            picture_of(path).write_text(drawn(path), "utf-8")
            print(f"drew {picture_of(path).name}")


def sources() -> Sequence[Path]:
    """The texts, each of which has a picture."""
    return sorted(FOLDER.glob("*.dot"))


def picture_of(path: Path) -> Path:
    """Where the picture of a text is."""
    return path.with_suffix(".svg")


def dot_of(graph: Mapping[str, set[str]]) -> str:
    """What imports what, as text for Graphviz, always in the same sequence."""
    lines = [f'  "{part}"' for part in sorted(graph)]
    lines += [
        f'  "{part}" -> "{other}"'
        for part, others in sorted(graph.items())
        for other in sorted(others & graph.keys())
    ]
    return "digraph {\n" + STYLE + "\n".join(lines) + "\n}\n"


def drawn(path: Path) -> str:
    """The picture: it keeps its size where there is space, and shrinks where there is none."""
    done = subprocess.run(["dot", "-Tsvg", str(path)], capture_output=True, text=True, check=True)
    svg = re.sub(r"<!--.*?-->\n?", "", done.stdout, flags=re.DOTALL)
    svg = re.sub(r'(width|height)="(\d+)pt"', r'\1="\2"', svg[svg.index("<svg") :])
    return f"{svg}<!-- {digest_of(path)} -->\n"


def is_current(path: Path) -> bool:
    """Whether the picture was drawn from the text as it is now."""
    picture = picture_of(path)
    return picture.exists() and picture.read_text("utf-8").endswith(f"<!-- {digest_of(path)} -->\n")


def digest_of(path: Path) -> str:
    """Tells one state of a text from another."""
    return sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
