"""Imports under src/gateway -> graphs of what imports what; `make_diagrams` draws them.

An arrow means "imports". Arrows that follow from others are left out, and so are the modules that
every folder imports.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.docs.pages import ROOT

SOURCE = ROOT / "src/gateway"
EVERYWHERE = ("model", "errors", "__init__", "__main__")
"""The words and errors of all steps; the package itself."""

Graph = dict[str, set[str]]


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
