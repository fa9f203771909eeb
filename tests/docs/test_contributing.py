"""What contributors are given: hooks, templates, rules for editors, policies."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT, code_of, read_page

TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
FORMS = [path for path in TEMPLATES if path.name != "config.yml"]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
WRITTEN = (".cff", ".css", ".dot", ".html", ".js", ".md", ".py", ".toml", ".yaml", ".yml")
OF_OTHERS = ("/vendor/", "/lecture/", "/node_modules/", "/.venv/", "/site/", "/.hypothesis/")


def test_hooks_resolve_nothing() -> None:
    """Every hook is local, and calls a locked tool of .venv or a target of make."""
    assert [repo["repo"] for repo in HOOKS] == ["local"]
    for hook in HOOKS[0]["hooks"]:
        assert hook["language"] == "system"
        assert "additional_dependencies" not in hook
        tools = re.findall(r"\.venv/bin/([\w-]+)", hook["entry"])
        targets = re.findall(r"^make (\w+)", hook["entry"])
        assert all(f"$(BIN)/{tool}" in MAKEFILE for tool in tools)
        assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in targets)
        assert tools or targets


def test_hooks_find_what_make_check_finds() -> None:
    """Each tool of `make check` has its hook."""
    (check,) = re.findall(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    tools = set(re.findall(r"\$\(BIN\)/([\w-]+)", check))
    hooks = {
        tool for one in HOOKS[0]["hooks"] for tool in re.findall(r"bin/([\w-]+)", one["entry"])
    }
    assert tools == hooks


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_form(path: Path) -> None:
    """A form says what it is for; each field has a label and a name of its own."""
    form = yaml.safe_load(path.read_text("utf-8"))
    assert form["name"]
    assert form["description"]
    names = [field["id"] for field in form["body"]]
    assert len(set(names)) == len(names)
    for field in form["body"]:
        assert field["type"] in ("input", "textarea", "dropdown", "checkboxes")
        assert field["attributes"]["label"]
    assert any(field.get("validations", {}).get("required") for field in form["body"])


def test_no_address_is_invented() -> None:
    """Nothing claims an address of the project; docs/how-to/release.md says where it goes."""
    config = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text("utf-8"))
    assert "contact_links" not in config
    places = {code_of(row[0])[0] for row in read_page("how-to/release.md").under(
        "Once the project has an address"
    )}  # fmt: skip
    assert all((ROOT / place).exists() for place in places)


def test_security_policy() -> None:
    """It says how to report and what is promised, and leads to the promises with their tests."""
    page = read_page(ROOT / "SECURITY.md")
    assert {"Report a weakness", "What is promised"} <= set(page.headings)
    assert "docs/explanation/security.md" in page.links


@pytest.mark.parametrize("heading", ["property", "native operator", "format", "kind of site"])
def test_additions(heading: str) -> None:
    """CONTRIBUTING names the files of each addition, tests and documents among them."""
    rows = read_page(ROOT / "CONTRIBUTING.md").under(f"Add a {heading}")
    files = [word for row in rows for word in code_of(row[0])]
    for folder in ("src/", "tests/", "docs/"):
        assert any(file.startswith(folder) for file in files), folder
    assert all((ROOT / file).exists() for file in files)


@pytest.mark.parametrize("folder", ["src", "tests", "docs", "config", "deploy", ".github", "."])
def test_editors_agree(folder: str) -> None:
    """Files end with one newline, and no line ends with a space, as .editorconfig says."""
    for path in written(ROOT / folder, deep=folder != "."):
        text = path.read_bytes().decode("utf-8")
        assert "\r" not in text, path
        assert not re.search(r"[ \t]$", text, re.MULTILINE), path
        assert text.endswith("\n") and not text.endswith("\n\n") if text else True, path


def written(folder: Path, *, deep: bool) -> Iterator[Path]:
    """The texts that people write there."""
    for path in folder.rglob("*") if deep else folder.glob("*"):
        if path.suffix in WRITTEN and not any(one in f"{path}" for one in OF_OTHERS):
            yield path
