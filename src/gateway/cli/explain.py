"""`gateway explain`: the filter's tree, its normal form, and what each site is asked."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from gateway.cli.tables import write_json
from gateway.config import Config, FilterKeys
from gateway.demo import DEMO_SITES
from gateway.model import STRUCTURES, JsonObject
from gateway.parse import FilterLimits, normal_form, read_filter, write_filter
from gateway.parse.tree import And, Node, Not, Or
from gateway.plan import Plan, Scope, plan_sites
from gateway.properties import structures_catalogue

DEMO_PREFIX = "demo"
_STEP = "  "
_JSON_LINE = re.compile(r'\s*([\[{"}\]]|-?\d|true|false|null).*[\[{}\]",\dle]')
"""One line of a native query."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A filter on its way to the sites."""

    text: str
    tree: Node
    normal: Node
    plan: Plan


def explain_filter(text: str, config: Config | None, *, version: str) -> Explanation:
    """How a filter is understood, and planned for sites of this NOMAD `version`.

    Without a configuration the sites are the demo's.
    """
    keys = config.filters if config else FilterKeys()
    limits = FilterLimits(
        length=keys.length, depth=keys.depth, terms=keys.terms, values=keys.values
    )
    tree = read_filter(text, limits)
    return Explanation(text, tree, normal_form(tree), _plan(tree, config, version))


def explanation_text(explained: Explanation, *, counted: Iterable[str] = ()) -> str:
    """For people; `counted` are lines on what the filter finds."""
    lines = ["filter", f"{_STEP}{explained.text}", "tree", *_tree_lines(explained.tree, 1)]
    lines += ["normal form", f"{_STEP}{write_filter(explained.normal)}"]
    for queries, sites in _grouped(explained.plan):
        lines += [f"{', '.join(sites)} asked", *_indented(queries)]
    for one in explained.plan.sites:
        if one.query is None:
            lines.append(f"{one.site} skipped: {one.reason}")
    lines += [f"warning: {notice.detail}" for notice in explained.plan.notices]
    return "\n".join([*lines, *counted])


def print_lines(text: str) -> None:
    """On a terminal in colours: headings, JSON, what is skipped or warned of."""
    console = Console(highlight=False, soft_wrap=True)
    for line in text.splitlines():
        console.print(_coloured(line))


def _coloured(line: str) -> Text:
    shown = Text(line)
    if line.startswith("warning: ") or " skipped: " in line:
        shown.stylize("yellow", 0, line.index(": ") + 1)
    elif not line.startswith(_STEP):
        shown.stylize("bold cyan")
    elif _JSON_LINE.fullmatch(line):
        JSONHighlighter().highlight(shown)
    return shown


def explanation_json(explained: Explanation, *, counted: JsonObject | None = None) -> str:
    """For programs; `counted` is what the filter finds."""
    return write_json(
        {
            "filter": explained.text,
            "tree": _tree_object(explained.tree),
            "normal_form": write_filter(explained.normal),
            "sites": [
                {"site": one.site, "query": one.query, "reason": one.reason}
                for one in explained.plan.sites
            ],
            "warnings": [notice.detail for notice in explained.plan.notices],
            **(counted or {}),
        }
    )


def _plan(tree: Node, config: Config | None, version: str) -> Plan:
    prefix = config.provider.prefix if config else DEMO_PREFIX
    sites = config.sites if config else DEMO_SITES
    scope = Scope(STRUCTURES, structures_catalogue(prefix), prefix)
    names = [site.name for site in sites]
    return plan_sites(tree, sites=names, scope=scope, versions=dict.fromkeys(names, version))


def _grouped(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """Equal queries once, with the sites that get them."""
    groups: dict[str, list[str]] = {}
    for one in plan.sites:
        if one.query is not None:
            groups.setdefault(write_json(one.query), []).append(one.site)
    yield from groups.items()


def _indented(text: str) -> list[str]:
    return [_STEP + line for line in text.splitlines()]


def _tree_lines(node: Node, depth: int) -> Iterator[str]:
    match node:
        case And(parts) | Or(parts):
            yield f"{_STEP * depth}{type(node).__name__.upper()}"
            for part in parts:
                yield from _tree_lines(part, depth + 1)
        case Not(part):
            yield f"{_STEP * depth}NOT"
            yield from _tree_lines(part, depth + 1)
        case _:
            yield _STEP * depth + write_filter(node)


def _tree_object(node: Node) -> JsonObject | str:
    match node:
        case And(parts):
            return {"and": [_tree_object(part) for part in parts]}
        case Or(parts):
            return {"or": [_tree_object(part) for part in parts]}
        case Not(part):
            return {"not": _tree_object(part)}
        case _:
            return write_filter(node)
