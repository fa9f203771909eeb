"""A Markdown page as the tests read it: headings, rows of tables, blocks of code, links."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = tuple(sorted([*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "deploy").rglob("*.md")]))
SHELL = ("sh", "bash", "shell", "console")

_FENCE = re.compile(r"\s*```(\w*)")
_HEADING = re.compile(r"(#+) +(.*)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of code and the heading that it stands under."""

    language: str
    text: str
    heading: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, without its head, and the heading that it stands under."""

    cells: tuple[str, ...]
    heading: str

    def __getitem__(self, column: int) -> str:
        return self.cells[column]


@dataclass(frozen=True, slots=True)
class Page:
    """One page, taken apart."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    blocks: tuple[Block, ...]
    links: tuple[str, ...]
    prose: str
    """All text outside of blocks."""

    def under(self, heading: str) -> list[Row]:
        """The rows below that heading, before the next one."""
        found = [row for row in self.rows if row.heading == heading]
        assert found, f"no rows under {heading!r}"
        return found

    def in_language(self, *languages: str) -> list[Block]:
        """The blocks in one of these languages."""
        return [block for block in self.blocks if block.language in languages]


def read_page(path: Path | str) -> Page:
    """The page at a path, or of that name below docs/."""
    lines = (DOCS / path).read_text("utf-8").splitlines()
    headings, rows, blocks, prose = [""], [], [], []
    table = False
    rest = iter(lines)
    for line in rest:
        if fence := _FENCE.match(line):
            blocks.append(Block(fence[1], _fenced(rest), headings[-1]))
            continue
        prose.append(line)
        if heading := _HEADING.fullmatch(line):
            headings.append(heading[2])
        is_row = line.startswith("|")
        if is_row and table and not set(line) <= set("|-: "):
            cells = line.strip().strip("|").split("|")
            rows.append(Row(tuple(cell.strip() for cell in cells), headings[-1]))
        table = is_row
    text = "\n".join(prose)
    links = tuple(_LINK.findall(re.sub(_CODE, "", text)))
    return Page(tuple(headings[1:]), tuple(rows), tuple(blocks), links, text)


def code_of(text: str) -> list[str]:
    """What stands between backticks."""
    return _CODE.findall(text)


def only_code(text: str) -> str:
    """The one word between backticks of a cell or heading."""
    (word,) = code_of(text)
    return word


def shell_lines(block: Block) -> Iterator[str]:
    """The commands of a block, each on one line."""
    yield from filter(None, block.text.replace("\\\n", " ").splitlines())


def _fenced(rest: Iterator[str]) -> str:
    inside = []
    for line in rest:
        if _FENCE.match(line):
            break
        inside.append(line)
    indent = min((len(one) - len(one.lstrip()) for one in inside if one.strip()), default=0)
    return "\n".join(one[indent:] for one in inside)
