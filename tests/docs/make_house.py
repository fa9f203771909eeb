"""Imports under src/gateway -> the diagrams of docs/explanation/house.md.

    PYTHONPATH=src python -m tests.docs.make_house

An arrow means "imports". Arrows that follow from others are left out, and so are the modules that
every folder imports.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.docs.pages import DOCS, ROOT

PAGE = DOCS / "explanation/house.md"
SOURCE = ROOT / "src/gateway"
EVERYWHERE = ("model", "errors", "__init__", "__main__")
"""The words and errors of all steps; the package itself."""
_BLOCK = re.compile(r"(<!-- (\w+) -->\n)```mermaid\n.*?\n```", re.DOTALL)

Graph = dict[str, set[str]]


def main() -> None:
    """Write the diagrams into the page."""
    PAGE.write_text(drawn(PAGE.read_text("utf-8")), "utf-8")


def drawn(text: str) -> str:
    """The text of the page with diagrams that are current."""
    return _BLOCK.sub(lambda block: block[1] + mermaid(reduced(graph_of(block[2]))), text)


def graph_of(folder: str) -> Graph:
    """What imports what among the parts of a folder; `gateway` is the whole."""
    root = SOURCE if folder == "gateway" else SOURCE / folder
    prefix = ("gateway",) if folder == "gateway" else ("gateway", folder)
    graph: Graph = {}
    for path in sorted(root.rglob("*.py")):
        part = path.relative_to(root).parts[0].removesuffix(".py")
        if part in EVERYWHERE:
            continue
        parts = {one[len(prefix)] for one in imports_of(path) if _is_below(one, prefix)}
        graph.setdefault(part, set()).update(parts - {part, *EVERYWHERE})
    return graph


def imports_of(path: Path) -> Iterator[tuple[str, ...]]:
    """The modules that a file imports, as their parts, wherever in the file it does so."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                yield (*node.module.split("."), name.name)
        elif isinstance(node, ast.Import):
            for name in node.names:
                yield tuple(name.name.split("."))


def _is_below(module: tuple[str, ...], prefix: tuple[str, ...]) -> bool:
    return len(module) > len(prefix) and module[: len(prefix)] == prefix


def reduced(graph: Graph) -> Graph:
    """The graph without arrows that are also a way over other arrows."""
    return {
        part: {
            other for other in others
            if not any(other in _reached(graph, third) for third in others - {other})
        }
        for part, others in graph.items()
    }  # fmt: skip


def _reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        for other in graph.get(waiting.pop(), set()) - found:
            found.add(other)
            waiting.append(other)
    return found


def mermaid(graph: Graph) -> str:
    """The diagram as text, always in the same sequence; keywords of Mermaid are no names."""
    lines = [f"  {part}[{part}]" for part in sorted(graph)]
    lines += [
        f"  {part} --> {other}"
        for part, others in sorted(graph.items())
        for other in sorted(others & graph.keys())
    ]
    return "```mermaid\nflowchart TD\n" + "\n".join(lines) + "\n```"


if __name__ == "__main__":
    main()
