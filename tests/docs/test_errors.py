"""docs/reference/errors.md tells every error class, every status, every code of a warning."""

import ast
import inspect
from collections.abc import Iterator

import pytest

from gateway import errors
from gateway.errors import GatewayError
from gateway.serve.response.errors import STATUS
from tests.docs.pages import ROOT, code_of, only_code, read_page

PAGE = read_page("reference/errors.md")
BEFORE_WARNINGS = PAGE.headings.index("Warnings")
CLASSES = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, GatewayError)
}
SHOWN = [
    kind for kind in CLASSES.values() if kind.__name__ not in ("SiteNeededError", "ConfigError")
]


def test_classes() -> None:
    """Each class has its heading, with the status that it is answered with."""
    documented = [
        only_code(heading) for heading in PAGE.headings[:BEFORE_WARNINGS] if "`" in heading
    ]
    assert sorted(documented) == sorted(CLASSES)


@pytest.mark.parametrize("kind", SHOWN)
def test_statuses(kind: type[GatewayError]) -> None:
    """The heading and the table have the status of the class."""
    status = next(STATUS[one] for one in kind.__mro__ if one in STATUS)
    assert f"`{kind.__name__}` ({status})" in PAGE.headings
    documented = {row[0]: code_of(row[2]) for row in PAGE.rows if row[0].isdigit()}
    assert kind.__name__ in documented[str(status)] or status == 400


def test_status_table() -> None:
    """The table has all statuses that errors are answered with."""
    documented = [int(row[0]) for row in PAGE.rows if row[0].isdigit()]
    assert documented == sorted(set(STATUS.values()))


def test_warnings() -> None:
    """Each code of a warning has its heading."""
    documented = [only_code(heading) for heading in PAGE.headings[BEFORE_WARNINGS + 1 :]]
    assert sorted(documented) == sorted(set(codes_in_source()))


def codes_in_source() -> Iterator[str]:
    for path in (ROOT / "src/gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Notice":
                yield code_of_call(node)


def code_of_call(call: ast.Call) -> str:
    """The code that a Notice is made with: a text, `f"_{prefix}_code"`, or `rules.own("code")`."""
    named = {word.arg: word.value for word in call.keywords}
    code = named.get("code") or call.args[2]
    match code:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr([*_, ast.Constant(str(text))]):
            return text.removeprefix("_")
        case ast.Call(args=[ast.Constant(str(text))]):
            return text
    raise AssertionError(f"this test cannot read the code {ast.unparse(code)}")
