"""What `gateway init` asks, says and writes."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from gateway.cli.diagnosis.api_search import Found, NotFound
from gateway.cli.diagnosis.typed_address import TypedAddress
from gateway.cli.init.dialogue import InitOptions, run_dialogue
from gateway.config import load_config

NONE = InitOptions(Path("gateway.yaml"))


def search(typed: TypedAddress) -> Found | NotFound:
    """An Oasis at every host but `away` and `wrong`."""
    url = typed.url("https", "/api/v1")
    if typed.host == "away.example":
        return NotFound(f"{url}: it is away", "Wait.", "refused", url)
    if typed.host == "wrong.example":
        return NotFound(f"{url}: HTTP 404", "Look.", "missing")
    return Found(url, "2.0.0", None, 1234, is_denied=typed.host == "closed.example")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def talk(*answers: str, options: InitOptions = NONE) -> Result:
    @click.command()
    def command() -> None:
        run_dialogue(options, search)

    return CliRunner().invoke(command, input="".join(f"{one}\n" for one in answers))


def options_of(*addresses: str, **more: object) -> InitOptions:
    return InitOptions(Path("gateway.yaml"), tuple((None, one) for one in addresses), **more)  # type: ignore[arg-type]


def sites_written() -> dict[str, str]:
    return {site.name: site.url for site in load_config(Path("gateway.yaml")).sites}


def test_asked() -> None:
    """Addresses until an empty one, a name for each, and the prefix."""
    result = talk("https://a.example/gui", "", "b.example", "second", "", "grp")
    assert result.exit_code == 0
    assert sites_written() == {
        "a": "https://a.example/api/v1",
        "second": "https://b.example/api/v1",
    }
    config = load_config(Path("gateway.yaml"))
    assert config.provider.prefix == "grp"
    assert "NOMAD 2.0.0, 1,234 public structures" in result.output
    assert "gateway.yaml is written." in result.output


def test_asked_again() -> None:
    """A name or a prefix that cannot be used is asked for again, and so is an address."""
    result = talk("no address", "wrong.example", "a.example", "Berlin", "berlin",
                  "b.example", "berlin", "munich", "", "nmd", "_x", "x")  # fmt: skip
    assert result.exit_code == 0
    assert [*sites_written()] == ["berlin", "munich"]
    for answer in ("is not an address", "What to do: Look.", "'Berlin' is not a site name",
                 "'berlin' is the name of another site", "'nmd' is reserved"):  # fmt: skip
        assert answer in result.output


def test_away() -> None:
    """An Oasis that is only away may be written all the same, if its address is known."""
    assert talk("away.example", "n", "a.example", "", "", "").exit_code == 0
    assert [*sites_written()] == ["a"]
    again = talk(
        "away.example", "y", "", "", "", options=InitOptions(Path("gateway.yaml"), replaces=True)
    )
    assert again.exit_code == 0
    assert [*sites_written()] == ["away"]


def test_silent() -> None:
    """With --yes nothing is asked."""
    result = talk(options=options_of("a.example", "b.example", is_silent=True))
    assert result.exit_code == 0
    assert [*sites_written()] == ["a", "b"]
    assert "Its name is a: ids are a~<entry_id>." in result.output


@pytest.mark.parametrize("address", ["wrong.example", "away.example", "no address"])
def test_silent_and_wrong(address: str, folder: Path) -> None:
    """If one address cannot be used, nothing is written; all are tried."""
    result = talk(options=options_of(address, "b.example", is_silent=True))
    assert result.exit_code == 1
    assert f"nothing was written: {address} cannot be used" in result.output
    assert "NOMAD 2.0.0" in result.output
    assert not [*folder.iterdir()]


def test_silent_without_addresses() -> None:
    """There is nothing to write."""
    assert talk(options=options_of(is_silent=True)).exit_code == 2


def test_same_oasis_twice() -> None:
    """The second address of one API is left out, and its first name stays."""
    options = InitOptions(
        Path("gateway.yaml"),
        (("mine", "a.example"), (None, "https://a.example/gui")),
        is_silent=True,
    )
    result = talk(options=options)
    assert "This is the same as mine" in result.output
    assert [*sites_written()] == ["mine"]


def test_token() -> None:
    """Where nothing is public, file and terminal say where the token goes."""
    result = talk(options=options_of("closed.example", is_silent=True))
    assert "CLOSED_TOKEN" in result.output
    assert "# token_env: CLOSED_TOKEN" in Path("gateway.yaml").read_text("utf-8")


def test_file_exists(folder: Path) -> None:
    """It is never replaced without a word, and what was there is kept."""
    path = folder / "gateway.yaml"
    path.write_text("old")
    refused = talk(options=options_of("a.example", is_silent=True))
    assert (refused.exit_code, path.read_text()) == (2, "old")
    assert "--force replaces it" in refused.output
    assert talk("n", options=options_of("a.example")).exit_code == 1
    assert path.read_text() == "old"
    replaced = talk(options=options_of("a.example", is_silent=True, replaces=True))
    assert "The gateway.yaml that was there is gateway.yaml.old now." in replaced.output
    assert talk("y", "", "", options=options_of("b.example")).exit_code == 0
    assert (folder / "gateway.yaml.old").read_text() == "old"
    assert "a.example" in (folder / "gateway.yaml.old1").read_text("utf-8")


def test_stopped(folder: Path) -> None:
    """The end of the input writes nothing."""
    assert talk("a.example").exit_code == 1
    assert not [*folder.iterdir()]
