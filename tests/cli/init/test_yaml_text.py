"""The file that `gateway init` writes."""

from pathlib import Path

import pytest
import yaml

from gateway.cli.diagnosis.warnings import site_warnings
from gateway.cli.init.yaml_text import NewProvider, NewSite, write_config
from gateway.config import Config, load_config
from tests.docs.pages import ROOT

PROVIDER = NewProvider("fed", "Federation", "Two: a, b.")
API = "https://a.example/api/v1"


def loaded(folder: Path, *sites: NewSite, provider: NewProvider = PROVIDER) -> Config:
    path = folder / "gateway.yaml"
    path.write_text(write_config(provider, sites, path="gateway.yaml"), "utf-8")
    return load_config(path)


def test_loads(tmp_path: Path) -> None:
    """Our own loader reads it."""
    config = loaded(tmp_path, NewSite("a", API, "A", "NOMAD 2.0.0"))
    assert (config.provider.prefix, config.sites[0].url) == ("fed", API)
    assert config.sites[0].concurrency == 10


def test_public_nomad(tmp_path: Path) -> None:
    """Public NOMAD gets the limits that it asks for, as in config/sites/nomad.yaml."""
    url = "https://nomad-lab.eu/prod/v1/api/v1"
    (site,) = loaded(tmp_path, NewSite("nomad", url, "NOMAD", "NOMAD 2")).sites
    (sample,) = yaml.safe_load((ROOT / "config/sites/nomad.yaml").read_text("utf-8"))
    assert site.url == sample["url"]
    assert (site.concurrency, site.rate_per_s) == (sample["concurrency"], sample["rate_per_s"])
    assert not [*site_warnings(site, "2.0.0")]


@pytest.mark.parametrize("text", ['a "b" \\ c: #d', "x\ny: 1", "ä ☃", "a\u2028b", "{}", "'", "%"])
def test_any_text(text: str, tmp_path: Path) -> None:
    """No text of a site can be anything but text."""
    site = NewSite("a", API, text, "told")
    config = loaded(tmp_path, site, provider=NewProvider("fed", text, text))
    assert config.provider.description == "".join(filter(str.isprintable, text))


@pytest.mark.parametrize("name", ["on", "off", "yes", "no", "null", "true", "y", "n"])
def test_words_of_yaml(name: str, tmp_path: Path) -> None:
    """A name that YAML takes for something else stays a name."""
    config = loaded(
        tmp_path, NewSite(name, API, name, "told"), provider=NewProvider(name, "F", "D")
    )
    assert (config.provider.prefix, config.sites[0].name) == (name, name)


def test_ca_file(tmp_path: Path) -> None:
    """It is written for what has TLS alone, where it has an effect."""
    plain = NewSite("b", API.replace("https", "http"), "B", "x", ca_file="/ca.pem")
    text = write_config(PROVIDER, [NewSite("a", API, "A", "x", ca_file="/ca.pem"), plain], path="g")
    assert text.count('ca_file: "/ca.pem"') == 1


def test_token(tmp_path: Path) -> None:
    """The comment on a token is right as soon as its # is taken off."""
    text = write_config(PROVIDER, [NewSite("my-a", API, "A", "x", needs_token=True)], path="g")
    path = tmp_path / "gateway.yaml"
    path.write_text(text.replace("# token_env", "token_env"), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MY_A_TOKEN", "geheim")
        assert load_config(path).sites[0].token == "geheim"
