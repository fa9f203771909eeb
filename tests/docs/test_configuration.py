"""docs/reference/configuration.md tells every key; configurations on any page are valid."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gateway.config import Config, ServerKeys, SiteKeys, load_config
from tests.docs.pages import PAGES, ROOT, Block, code_of, only_code, read_page

PAGE = read_page("reference/configuration.md")
LISTS = {"GATEWAY_COPIES__PREFER": "", "GATEWAY_SERVER__TRUSTED_PROXIES": "10.0.0.0/8, 127.0.0.1"}
"""Values for variables that take lists, which are not written as in YAML."""
YAML = [
    pytest.param(block, id=f"{path.relative_to(ROOT)}-{block.heading}")
    for path in PAGES
    for block in read_page(path).in_language("yaml")
]


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Config.model_fields.items():
        inner = (field.annotation, *get_args(field.annotation))
        model = next(t for t in inner if isinstance(t, type) and issubclass(t, BaseModel))
        yield field.alias or name, model


def written(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    value = field.default
    if value == ():
        return "`[]`"
    if isinstance(value, str):
        return f"`{value}`" if value else '`""`'
    return f"`{json.dumps(value).removesuffix('.0')}`"


def variable(section: str, key: str) -> tuple[str, ...]:
    """The sites have one for the whole list."""
    return () if section == "sites" else (f"`GATEWAY_{section}__{key}`".upper(),)


@pytest.mark.parametrize(("section", "model"), list(sections()))
def test_keys(section: str, model: type[BaseModel]) -> None:
    """Each key has its row: what it means, its default, its variable in the environment."""
    documented = {row[0]: row for row in PAGE.under(f"`{section}`")}
    keys = {field.alias or name: field for name, field in model.model_fields.items()}
    assert list(documented) == [f"`{section}.{key}`" for key in keys]
    for key, field in keys.items():
        row = documented[f"`{section}.{key}`"]
        assert row[1]
        assert row.cells[2:] == (written(field), *variable(section, key)), key


def test_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variables of the page are read: an unknown one would be an error."""
    path = tmp_path / "gateway.yaml"
    path.write_text((ROOT / "config/demo.yaml").read_text("utf-8"), "utf-8")
    for row in PAGE.rows:
        if row.heading != "`sites`" and (values := code_of(row[2])):
            name = only_code(row[3])
            monkeypatch.setenv(name, LISTS.get(name, values[0]))
    config = load_config(path)
    assert config.server.trusted_proxies == ("10.0.0.0/8", "127.0.0.1/32")
    assert config.model_copy(update={"server": ServerKeys()}) == load_plain(path, monkeypatch)


def load_plain(path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.undo()
    return load_config(path)


@pytest.mark.parametrize("block", YAML)
def test_samples(block: Block, tmp_path: Path) -> None:
    """A configuration on a page can be loaded; a part of one has keys that exist."""
    content = yaml.safe_load(block.text)
    if isinstance(content, dict) and {"provider", "sites"} <= content.keys():
        path = tmp_path / "gateway.yaml"
        path.write_text(block.text, "utf-8")
        assert load_config(path).sites
        return
    if isinstance(content, list):
        for site in content:
            assert site.keys() <= SiteKeys.model_fields.keys()
        return
    models = dict(sections())
    for section, keys in content.items():
        model = models[section]
        assert isinstance(model(**keys), model)


def test_shared_files() -> None:
    """The files in config/ and deploy/ that the pages name can be loaded."""
    for path in (
        ROOT / "config/gateway.yaml",
        ROOT / "config/demo.yaml",
        ROOT / "deploy/compose/gateway/gateway.yaml",
    ):
        assert load_config(path).sites
    for path in (ROOT / "config/sites").glob("*.yaml"):
        for site in yaml.safe_load(path.read_text("utf-8")):
            assert site.keys() <= SiteKeys.model_fields.keys()
