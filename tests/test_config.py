"""The configuration: what it may say, what is refused and in which words, and its sample file."""

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import get_args

import certifi
import pytest
import yaml
from pydantic import BaseModel

from gateway.config import Config, SiteKeys, load_config
from gateway.errors import ConfigError
from gateway.fetch.cache.answers import open_cache

SAMPLES = Path(__file__).parents[1] / "config"
LEAST = """
provider: {prefix: fed, name: My federation, description: Two Oases, homepage: null}
sites:
  - {name: berlin, url: "http://127.0.0.1:9001/nomad-oasis/api/v1"}
  - {name: munich, url: "https://nomad.example.org/nomad-oasis/api/v1", title: Munich Oasis}
"""


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("GATEWAY_CONFIG", "GATEWAY_SITES", "GATEWAY_PROVIDER"):
        monkeypatch.delenv(variable, raising=False)


def load(folder: Path, text: str) -> Config:
    path = folder / "gateway.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return str(caught.value)


def with_site(line: str) -> str:
    return f"{LEAST.splitlines()[1]}\nsites:\n  - {{{line}}}\n"


def test_least(tmp_path: Path) -> None:
    """Provider and sites are enough; everything else has a default."""
    config = load(tmp_path, LEAST)
    berlin, munich = config.sites
    assert (berlin.name, berlin.title, munich.title) == ("berlin", "berlin", "Munich Oasis")
    assert (berlin.concurrency, berlin.rate_per_s, berlin.attempts) == (10, None, 3)
    assert (berlin.connect_s, berlin.answer_s) == (2.0, 20.0)
    assert berlin.token is None
    assert not berlin.forward_token
    assert config.provider.license == "https://creativecommons.org/licenses/by/4.0/"
    assert (config.paging.default_limit, config.paging.max_limit) == (20, 500)
    assert config.timeouts.budget_s == 4.0
    assert config.cache.backend == "memory"
    assert config.site("munich") is munich
    assert config.site("rome") is None


def test_frozen(tmp_path: Path) -> None:
    """A configuration does not change."""
    with pytest.raises(ValueError, match="frozen"):
        load(tmp_path, LEAST).paging = None


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("name: Berlin, url: http://a/api/v1", ("sites[0].name", "'Berlin'", "lower-case")),
        ("name: 1a, url: http://a/api/v1", ("sites[0].name", "begins with a letter")),
        ("name: a_b, url: http://a/api/v1", ("sites[0].name", "hyphens")),
        ("name: '', url: http://a/api/v1", ("sites[0].name",)),
        ("url: http://a/api/v1", ("sites[0].name", "missing")),
        ("name: a", ("sites[0].url", "missing")),
        ("name: a, url: a/api/v1", ("sites[0].url", "http:// or https://")),
        ("name: a, url: ftp://a/api/v1", ("sites[0].url", "http:// or https://")),
        ("name: a, url: 'http:///api/v1'", ("sites[0].url", "http:// or https://")),
        ("name: a, url: 'http://a b/api/v1'", ("sites[0].url", "host name")),
        ("name: a, url: 'http://a:x/api/v1'", ("sites[0].url", "not an address")),
        ("name: a, url: 'http://a/api/v1?x=1'", ("sites[0].url", "query")),
        ("name: a, url: http://a/nomad-oasis", ("/api/v1", "'http://a/nomad-oasis/api/v1'")),
        ("name: a, url: http://a/nomad-oasis/gui/", ("'http://a/nomad-oasis/api/v1'",)),
        ("name: a, url: http://a/prod/v1/gui/search", ("'http://a/prod/v1/api/v1'",)),
        ("name: a, url: http://a/prod/v1", ("'http://a/prod/v1/api/v1'",)),
        ("name: a, url: http://a/api/v1/entries", ("'http://a/api/v1'",)),
        ("name: a, url: http://a/api", ("'http://a/api/v1'",)),
        ("name: a, url: http://a/optimade/v1", ("'http://a/api/v1'",)),
        ("name: a, url: http://a/api/v1, urll: x", ("'urll'", "did you mean 'url'", "token_env")),
        ("name: a, url: http://a/api/v1, token: abc", ("token_env", "token_file")),
        ("name: a, url: http://a/api/v1, token_env: NO_SUCH", ("NO_SUCH", "is not set")),
        (
            "name: a, url: http://a/api/v1, token_file: gone",
            ("gone", "be read: No such file or directory"),
        ),
        ("name: a, url: http://a/api/v1, token_env: A, token_file: b", ("not both",)),
        ("name: a, url: http://a/api/v1, ca_file: gone.pem", ("gone.pem", "no file")),
        ("name: a, url: http://a/api/v1, concurrency: 0", ("concurrency", "1", "not 0")),
        ("name: a, url: http://a/api/v1, rate_per_s: 0", ("rate_per_s", "greater than 0")),
        ("name: a, url: http://a/api/v1, site_s: -1", ("site_s", "at least 0.1")),
        ("name: a, url: http://a/api/v1, forward_token: 7", ("forward_token", "true or false")),
        ("name: a, url: http://a/api/v1, proxy: socks5://p", ("proxy", "http:// or https://")),
        ("name: a, url: http://a/api/v1, proxy: 'http://p:3128/x'", ("proxy", "no path")),
        ("name: a, url: http://a/api/v1, proxy: 'http://u:p@p'", ("proxy", "cannot be used")),
        ("name: a, url: 'http://a:0/api/v1'", ("sites[0].url", "from 1 to 65535")),
        ("name: a, url: 'http://a:70000/api/v1'", ("sites[0].url", "its port must be a whole")),
        (
            "name: a, url: 'http://a:abc/api/v1'",
            ("'http://a:abc/api/v1' is not", "from 1 to 65535"),
        ),
        ("name: a, url: 'http://[a/api/v1'", ("is not an address: its host cannot be read",)),
        ("name: a, url: http://a/api/v1, site_s: 0.01", ("site_s", "at least 0.1, not 0.01")),
        ("name: a, url: http://a/api/v1, connect_s: 0", ("connect_s", "at least 0.1, not 0")),
        ("name: a, url: http://a/api/v1, rate_per_s: .inf", ("rate_per_s", "finite")),
        ("name: a, url: http://a/api/v1, max_answer_bytes: 1", ("max_answer_bytes", "at least")),
        ("name: no, url: http://a/api/v1", ("sites[0].name", "text", "quotes", "not false")),
        ("name: a, url: {b: c}", ("sites[0].url", "text", "not a section with keys")),
    ],
)
def test_bad_site(tmp_path: Path, line: str, parts: tuple[str, ...]) -> None:
    """What is wrong with a site is said with file, line and what is allowed."""
    message = complaint(tmp_path, with_site(line))
    assert f"{tmp_path / 'gateway.yaml'}:3: " in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("provider: {prefix: Fed}", (":1: provider.prefix: 'Fed'",)),
        ("provider: {prefix: fed_x}", ("no underscores",)),
        ("provider: {prefix: nmd}", ("'nmd' is reserved",)),
        ("provider: {prefix: fed, name: '', description: d}", ("provider.name",)),
        ("provider: {prefix: fed, name: n}", ("provider.description: this key is missing",)),
        ("provider: 7", (":1: provider: expected the keys prefix, name",)),
        ("paging:\n  default_limit: 600", ("default_limit (600) is above max_limit (500)",)),
        ("paging:\n  max_limit: many", (":2: paging.max_limit", "whole number", "'many'")),
        ("paging:\n  max_limti: 3", (":2: paging.max_limti", "did you mean 'max_limit'")),
        ("Paging: {max_limit: 3}", (":1: Paging: keys are in lower case: 'paging'",)),
        ("paging: {max_limit: 30}\nPAGING: {max_limit: 40}", (":2: PAGING: keys are in lower",)),
        ("pagging: {}", (":1: pagging", "did you mean 'paging'", "site_defaults")),
        ("cache: {backend: disk}", ("'memory', 'redis' or 'none', not 'disk'",)),
        ("cache: {backend: redis}", ("GATEWAY_CACHE__URL",)),
        ("cache: {backend: redis, url: 'http://x'}", ("redis://localhost",)),
        ("server: {trusted_proxies: [10.0.0.0/40]}", ("server.trusted_proxies[0]", "10.0.0.0/8")),
        ("server: {trusted_proxies: [proxy]}", ("neither an IP address nor a network",)),
        ("server: {public_url: example.org}", ("http:// or https://",)),
        ("server: {maintainer_email: nobody}", ("server.maintainer_email", "email")),
        ("logging: {level: loud}", ("'debug', 'info', 'warning' or 'error', not 'loud'",)),
        ("sites: []", ("at least one site is needed",)),
        ("sites: 7", (":1: sites", "not 7")),
        ("sites: {a: {url: x}}", (":1: sites: expected a list", "'- name: ..'", "not a section")),
        ("sites: http://a/api/v1", ("expected a list with one item per site",)),
        ("sites:", (":1: sites: expected a list", "not null (nothing)")),
        ("sites: [http://a/api/v1]", ("sites[0]: expected the keys name", "not 'http://a/api")),
        ("server: {trusted_proxies: {a: b}}", ("expected a list (lines", "not a section")),
        ("server: {trusted_proxies: [7]}", ("trusted_proxies[0]: expected a text", "not 7")),
        ("server:", (":1: server: expected the keys public_url", "not null (nothing)")),
        ("paging: {max_limit: true}", ("paging.max_limit: expected a number, not true",)),
        ("paging: {max_limit: [1]}", ("expected a whole number, not a list",)),
        ("paging: {max_limit: 1.5}", ("expected a whole number, not 1.5",)),
        ("paging: {yes: 2}", ("expected a text as key, not true",)),
        ("timeouts: {budget_s: 4s}", ("timeouts.budget_s: expected a number, not '4s'",)),
        ("timeouts: {connect_s: true}", ("timeouts.connect_s: expected a number, not true",)),
        ("timeouts: {budget_s: .nan}", ("expected a finite number",)),
        ("cache: {answers_s: .inf}", ("expected a finite number",)),
        ("cache: {url: 'redis://h/0'}", ("url has no effect with backend memory", "redis")),
        ("connections: {max_held_bytes: 1}", ("at least 1048576, not 1",)),
        ("copies: {prefer: [Paris]}", ("copies.prefer[0]", "'Paris' is not a site name")),
        ("copies: {refresh_s: 0}", ("at least 0.1, not 0",)),
        ("connections: {head_s: 0}", ("at least 0.1, not 0",)),
        ("logging: {json: maybe}", ("logging.json: expected true or false, not 'maybe'",)),
        ("provider: {prefix: fed, name: 2024-01-01}", ("not the date 2024-01-01",)),
        ("sites:\n- 7", (":2: sites[0]: expected the keys name, url",)),
    ],
)
def test_bad_key(tmp_path: Path, text: str, parts: tuple[str, ...]) -> None:
    """What is wrong with a key is said with its line, its name and what is allowed."""
    message = complaint(tmp_path, text)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ("the file is empty", "provider")),
        ("# nothing but this\n", ("the file is empty",)),
        ("- a\n- b\n", (":1: expected keys",)),
        ("just words", (":1: expected keys",)),
        ("provider: {prefix: fed\nsites: []\n", (":2: not YAML",)),
        ("a: 1\n\tb: 2\n", (":2: not YAML",)),
        ("provider:\n  prefix: a\n  prefix: b\n", (":3: the key 'prefix'", "line 2")),
        ("a: !!python/object:os.system x\n", (":1: not YAML",)),
        ("a: \x01", ("not YAML",)),
        ("a: &x [*x]\n", (":1: a part of the file contains itself",)),
        ("a: 1\nb: &x {c: *x}\n", (":2: a part of the file contains itself",)),
        ("a: " + 200 * "[" + 200 * "]", (":1: lists and sections are nested too deeply",)),
        ("? [a]\n: 2\n", (":1: keys are names",)),
        ("a: 1\n? {a: 1}\n: 2\n", (":2: keys are names",)),
        ("? \n: 2\n", ("keys are names",)),
        ("a: !!python/object:os.system x\n", ("tags (!..) are not allowed",)),
    ],
)
def test_not_a_configuration(tmp_path: Path, text: str, parts: tuple[str, ...]) -> None:
    """A file that is no YAML, or no configuration at all, is refused with its line."""
    message = complaint(tmp_path, text)
    assert message.startswith(str(tmp_path / "gateway.yaml"))
    for part in parts:
        assert part in message


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(ConfigError, match=r"nothing\.yaml: cannot be read: No such file"):
        load_config(tmp_path / "nothing.yaml")


def test_not_text(tmp_path: Path) -> None:
    """A file that is not UTF-8 is refused."""
    path = tmp_path / "gateway.yaml"
    path.write_bytes(b"provider: \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_config(path)


def test_no_file() -> None:
    """Without any file the message says how to give one."""
    with pytest.raises(ConfigError, match="--config FILE or the environment variable"):
        load_config()


def test_all_errors_at_once(tmp_path: Path) -> None:
    """All that is wrong in a file comes in one message, in the order of its lines."""
    message = complaint(
        tmp_path, "provider: {prefix: X}\nsites:\n- {name: A}\npagging: {}\ncache: {backend: no}\n"
    )
    lines = [int(number) for number in re.findall(r"gateway\.yaml:(\d+):", message)]
    assert lines == sorted(lines)
    assert set(lines) == {1, 3, 4, 5}


@pytest.mark.parametrize(
    ("second", "part"),
    [
        ("{name: berlin, url: http://b/api/v1}", "the same name: 'berlin'"),
        ("{name: munich, url: http://a/api/v1/}", "the same url: 'http://a/api/v1'"),
        ("{name: munich, url: 'http://A:80/api/v1'}", "the same url: 'http://a/api/v1'"),
    ],
)
def test_sites_differ(tmp_path: Path, second: str, part: str) -> None:
    """No name and no address stands twice, however it is written."""
    text = with_site("name: berlin, url: http://a/api/v1") + f"  - {second}\n"
    assert part in complaint(tmp_path, text)


def test_preferred_sites_exist(tmp_path: Path) -> None:
    """A name that is mistyped would be a preference that is never seen."""
    text = with_site("name: berlin, url: http://a/api/v1") + "copies: {prefer: [berlin, paris]}\n"
    answer = complaint(tmp_path, text)
    assert "copies.prefer names 'paris', which is not among the sites (berlin)" in answer


@pytest.mark.parametrize(
    "url",
    [
        "unix:///var/run/valkey.sock",
        "redis+unix:///var/run/valkey.sock",
        "http://cache:6379",
        "cache:6379",
        "redis:///0",
        "redis://",
        "redis://cache:x/0",
        "redis://cache:0/0",
        "redis://cache:99999/0",
        "redis://cache/zero",
        "redis://cache/0/1",
        "redis://cache/-1",
        "redis://:hunter2@cache/0?ssl_cert_reqs=none",
        "redis://:hunter2#@cache/0",
    ],
)
def test_caches_that_cannot_be_used(tmp_path: Path, url: str) -> None:
    """An address that no cache can be opened at is refused with its line and what would be right,
    and without the password in it."""
    message = complaint(tmp_path, f"{LEAST}cache:\n  backend: redis\n  url: '{url}'\n")
    assert message.startswith(f"{tmp_path / 'gateway.yaml'}:8: cache.url: ")
    assert "redis://localhost:6379/0" in message
    assert "unix://" in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    "url",
    [
        "redis://cache",
        "redis://cache:6379",
        "redis://cache:6379/",
        "redis://cache/3",
        "rediss://:hunter2@cache:6380/0",
        "valkey://me:p%23@[::1]:6379/0",
        "valkeys://cache",
    ],
)
async def test_caches_that_can_be_used(tmp_path: Path, url: str) -> None:
    """What the configuration allows, a cache can be opened at: it connects when it is needed."""
    pytest.importorskip("redis")
    config = load(tmp_path, f"{LEAST}cache: {{backend: redis, url: '{url}'}}\n")
    cache = open_cache("redis", url=config.cache.url)
    await cache.close()


@pytest.mark.parametrize(
    ("url", "better"),
    [
        ("https://a.example/v1", "'https://a.example'"),
        ("https://a.example/v1/", "'https://a.example'"),
        ("https://a.example/opti/v1.3", "'https://a.example/opti'"),
        ("https://a.example/opti/v1.3.0/info", "'https://a.example/opti'"),
        ("https://a.example/v1/structures/a~b", "'https://a.example'"),
        ("https://a.example/structures", "'https://a.example'"),
        ("https://a.example/opti/versions", "'https://a.example/opti'"),
        ("https://a.example/health", "'https://a.example'"),
        ("https://a.example/opti/sites", "'https://a.example/opti'"),
        ("https://a.example/sites/berlin/v1", "'https://a.example'"),
        ("https://a.example/index/v1/links", "'https://a.example'"),
    ],
)
def test_public_url_is_no_endpoint(tmp_path: Path, url: str, better: str) -> None:
    """What the gateway itself adds to its address is not part of it: all links would break."""
    message = complaint(tmp_path, f"{LEAST}server: {{public_url: '{url}'}}\n")
    assert ":6: server.public_url: " in message
    assert message.endswith(f"give what stands before it: {better}")


@pytest.mark.parametrize(
    "path", ["", "/optimade", "/v1/optimade", "/api/v2x", "/info/optimade", "/sites/optimade"]
)
def test_public_url_may_have_a_path(tmp_path: Path, path: str) -> None:
    """Any path that is not one of the gateway's own."""
    config = load(tmp_path, f"{LEAST}server: {{public_url: 'https://a.example{path}/'}}\n")
    assert config.server.public_url == f"https://a.example{path}"


@pytest.mark.parametrize(
    ("content", "url", "part"),
    [
        (None, "https://a/api/v1", "no file"),
        ("no certificate", "https://a/api/v1", "PEM"),
        ("", "https://a/api/v1", "PEM"),
        (Path(certifi.where()).read_text(encoding="utf-8"), "http://a/api/v1", "no effect"),
    ],
)
def test_certificates_that_cannot_be_used(
    tmp_path: Path, content: str | None, url: str, part: str
) -> None:
    """A file of certificates is read at start, not at night, and only where TLS is used."""
    if content is not None:
        (tmp_path / "ca.pem").write_text(content, encoding="utf-8")
    assert part in complaint(tmp_path, with_site(f"name: a, url: '{url}', ca_file: ca.pem"))


def test_trailing_slashes(tmp_path: Path) -> None:
    """Slashes at the end of an address are no difference."""
    config = load(tmp_path, with_site("name: a, url: http://a/x/api/v1//"))
    assert config.sites[0].url == "http://a/x/api/v1"


@pytest.mark.parametrize(
    "address",
    ["http://me:hunter2@a/api/v1", "https://hunter2@a/api/v1", "http://:hunter2@a/x"],
)
def test_secrets_stay_out_of_messages(tmp_path: Path, address: str) -> None:
    """An address with credentials is refused, and the message does not repeat them."""
    message = complaint(tmp_path, with_site(f"name: a, url: '{address}'"))
    assert "user name or password" in message
    assert "hunter2" not in message


def test_cache_password_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache's address may hold a password, in the environment; it is never written out."""
    monkeypatch.setenv("GATEWAY_CACHE__BACKEND", "redis")
    monkeypatch.setenv("GATEWAY_CACHE__URL", "redis://:hunter2@cache:6379/0")
    config = load(tmp_path, LEAST)
    assert config.cache.url == "redis://:hunter2@cache:6379/0"
    assert "hunter2" not in repr(config)
    monkeypatch.setenv("GATEWAY_CACHE__URL", "hunter2@cache")
    assert "hunter2" not in complaint(tmp_path, LEAST)


def test_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token comes from the environment or from a file beside the configuration."""
    monkeypatch.setenv("BERLIN_TOKEN", " abc.def ")
    (tmp_path / "token").write_text("ghi\n", encoding="utf-8")
    by_env = load(tmp_path, with_site("name: a, url: http://a/api/v1, token_env: BERLIN_TOKEN"))
    by_file = load(tmp_path, with_site("name: a, url: http://a/api/v1, token_file: token"))
    assert by_env.sites[0].token == "abc.def"
    assert by_file.sites[0].token == "ghi"
    assert "abc.def" not in repr(by_env) + repr(by_env.sites)


@pytest.mark.parametrize("secret", ["", "  ", "two words", "ümläut", "a\nb"])
def test_bad_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    """A token that cannot be one is an error at start, and is not shown."""
    monkeypatch.setenv("BERLIN_TOKEN", secret)
    message = complaint(
        tmp_path, with_site("name: a, url: http://a/api/v1, token_env: BERLIN_TOKEN")
    )
    assert "BERLIN_TOKEN" in message
    assert not secret.strip() or secret not in message


@pytest.mark.parametrize("name", ["first_byte_s", "total_s"])
def test_former_keys(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Keys of version 0.0 have no effect, and the log says so."""
    section = f"timeouts: {{{name}: 3}}\n"
    config = load(tmp_path, with_site(f"name: a, url: http://a/api/v1, {name}: 9") + section)
    assert config.sites[0].answer_s == 20.0
    for where in ("timeouts", "sites"):
        assert f"{where}.{name} has no effect any more" in caplog.text


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("budget_s: 0.05", ("budget_s", "at least 0.2")),
        ("budget_s: 70, longest_s: 60", ("budget_s (70) is above longest_s (60)",)),
        ("budget_s: 30, site_s: 20", ("budget_s (30) is above site_s (20)",)),
    ],
)
def test_time_limits_fit_each_other(tmp_path: Path, section: str, words: tuple[str, ...]) -> None:
    """Limits that cannot hold together are refused at start."""
    message = complaint(tmp_path, f"{LEAST}timeouts: {{{section}}}\n")
    assert all(word in message for word in words), message


@pytest.mark.parametrize(("length", "held", "fits"), [(87_381, 1_048_576, True),
                                                      (87_382, 1_048_576, False)])  # fmt: skip
def test_the_longest_filter_can_be_sent(tmp_path: Path, length: int, held: int, fits: bool) -> None:
    """What a request may hold in memory has room for what a filter may be, percent-encoded."""
    text = f"{LEAST}filters: {{length: {length}}}\nconnections: {{max_held_bytes: {held}}}\n"
    if fits:
        assert load(tmp_path, text).filters.length == length
        return
    message = complaint(tmp_path, text)
    assert "filters.length (87382)" in message
    assert "1048584 bytes" in message
    assert "connections.max_held_bytes (1048576)" in message


def test_longer_limits_grow_with_the_budget(tmp_path: Path) -> None:
    """Who waits longer by default can wait so long for one site, and ask for it."""
    waits = load(tmp_path, f"{LEAST}timeouts: {{budget_s: 90}}\n").timeouts
    assert (waits.longest_s, waits.site_s) == (90, 90)


def test_site_overrides(tmp_path: Path) -> None:
    """A site's own limits win over the defaults."""
    text = with_site("name: a, url: http://a/api/v1, site_s: 9, concurrency: 2, rate_per_s: 5")
    (site,) = load(tmp_path, text + "site_defaults: {concurrency: 7, attempts: 1}\n").sites
    assert (site.answer_s, site.concurrency, site.rate_per_s, site.attempts) == (9, 2, 5, 1)


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("GATEWAY_PAGING__MAX_LIMIT", "1000", lambda c: c.paging.max_limit == 1000),
        ("gateway_paging__max_limit", "1000", lambda c: c.paging.max_limit == 1000),
        ("GATEWAY_PROVIDER__NAME", "Other", lambda c: c.provider.name == "Other"),
        ("GATEWAY_PAGING", '{"max_limit": 30}', lambda c: c.paging.max_limit == 30),
        ("GATEWAY_SITE_DEFAULTS__RATE_PER_S", "null", lambda c: c.sites[0].rate_per_s is None),
        ("GATEWAY_SITE_DEFAULTS__RATE_PER_S", "5", lambda c: c.sites[0].rate_per_s == 5),
        ("GATEWAY_LOGGING__JSON", "true", lambda c: c.logging.as_json),
        (
            "GATEWAY_SERVER__TRUSTED_PROXIES",
            "10.0.0.0/8, 127.0.0.1",
            lambda c: c.server.trusted_proxies == ("10.0.0.0/8", "127.0.0.1/32"),
        ),
        (
            "GATEWAY_SERVER__TRUSTED_PROXIES",
            '["10.0.0.0/8"]',
            lambda c: c.server.trusted_proxies == ("10.0.0.0/8",),
        ),
        (
            "GATEWAY_SITES",
            '[{"name": "rome", "url": "http://r/api/v1"}]',
            lambda c: [site.name for site in c.sites] == ["rome"],
        ),
    ],
)
def test_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, read: object
) -> None:
    """The environment wins over the file, key by key."""
    monkeypatch.setenv(variable, value)
    config = load(tmp_path, LEAST)
    assert callable(read)
    assert read(config)
    assert config.provider.prefix == "fed"


@pytest.mark.parametrize(
    ("variable", "value", "parts"),
    [
        ("GATEWAY_PAGING__MAX_LIMIT", "x", ("variable GATEWAY_PAGING__MAX_LIMIT", "whole number")),
        ("GATEWAY_PAGING__MAX_LIMTI", "1", ("GATEWAY_PAGING__MAX_LIMTI", "max_limit")),
        (
            "GATEWAY_PAGGING__MAX_LIMIT",
            "1",
            ("GATEWAY_PAGGING__MAX_LIMIT", "GATEWAY_PAGING__MAX_LIMIT?"),
        ),
        ("GATEWAY_NOTHING__LIKE_IT", "1", ("no section 'nothing'", "allowed are provider, sites")),
        ("GATEWAY_PAGING", "{", ("environment variable GATEWAY_PAGING: paging: lists", "JSON")),
        ("gateway_sites", "http://a/api/v1", ("variable gateway_sites: sites: lists", "JSON")),
        ("GATEWAY_SITES", "", ("environment variable GATEWAY_SITES: sites: lists", "JSON")),
        ("GATEWAY_SITES", '[{"name": "A"}]', ("variable GATEWAY_SITES: sites[0].name: 'A' is",)),
        (
            "GATEWAY_SERVER",
            '{"public_url": "https://x.org/v1"}',
            ("variable GATEWAY_SERVER: server.public_url: 'https://x.org/v1' ends",),
        ),
        (
            "GATEWAY_SERVER__TRUSTED_PROXIES",
            "10.0.0.1, proxy",
            ("variable GATEWAY_SERVER__TRUSTED_PROXIES: server.trusted_proxies[1]: 'proxy'",),
        ),
    ],
)
def test_bad_environment(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    parts: tuple[str, ...],
) -> None:
    """A wrong variable is named, and what is allowed."""
    monkeypatch.setenv(variable, value)
    message = complaint(tmp_path, LEAST)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("variable", "part"),
    [
        ("GATEWAY_PAGING_MAX_LIMIT", "did you mean GATEWAY_PAGING__MAX_LIMIT?"),
        ("gateway_paging_max_limit", "did you mean GATEWAY_PAGING__MAX_LIMIT?"),
        ("GATEWAY_PROVIDER_PREFIX", "did you mean GATEWAY_PROVIDER__PREFIX?"),
        ("GATEWAY_SITE_DEFAULTS_ATTEMPTS", "did you mean GATEWAY_SITE_DEFAULTS__ATTEMPTS?"),
        ("GATEWAY_SITE", "did you mean GATEWAY_SITES?"),
        ("GATEWAY_CONFIG_FILE", "did you mean GATEWAY_CONFIG?"),
        ("GATEWAY_METRICS_HUBS", "did you mean GATEWAY_METRICS_HUB?"),
        ("GATEWAY_PORT", "GATEWAY_<SECTION>__<KEY>"),
        ("GATEWAY_MAX_LIMIT", "did you mean GATEWAY_PAGING__MAX_LIMIT?"),
        ("GATEWAY_", "GATEWAY_<SECTION>__<KEY>"),
        ("GATEWAY_SITES__0__NAME", "all at once, by GATEWAY_SITES in JSON"),
    ],
)
def test_variables_that_set_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, part: str
) -> None:
    """A name that begins like ours and is none is an error with the nearest name."""
    monkeypatch.setenv(variable, "7")
    message = complaint(tmp_path, LEAST)
    assert "environment" in message
    assert part in message


@pytest.mark.parametrize(
    "name", ["GATEWAY_TEST_OASES", "GATEWAY_METRICS_HUB", "GATEWAY_METRICS_FOLDER"]
)
def test_variables_that_are_read_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What the project itself reads is no mistake."""
    monkeypatch.setenv(name, "7")
    assert load(tmp_path, LEAST).provider.prefix == "fed"


def test_foreign_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that container platforms set for a service named gateway do no harm."""
    monkeypatch.setenv("GATEWAY_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("GATEWAY_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("GATEWAY_SERVICE_PORT", "80")
    monkeypatch.setenv("GATEWAY_SERVICE_PORT_HTTP", "80")
    monkeypatch.setenv("GATEWAY_PORT_80_TCP", "tcp://10.0.0.1:80")
    monkeypatch.setenv("GATEWAY_PORT_80_TCP_ADDR", "10.0.0.1")
    monkeypatch.setenv("GATEWAY_VALKEY_SERVICE_HOST", "10.0.0.2")
    monkeypatch.setenv("GATEWAY_VALKEY_PORT", "tcp://10.0.0.2:6379")
    assert load(tmp_path, LEAST).provider.prefix == "fed"


def test_path_from_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a path, GATEWAY_CONFIG names the file."""
    path = tmp_path / "other.yaml"
    path.write_text(LEAST, encoding="utf-8")
    monkeypatch.setenv("GATEWAY_CONFIG", str(path))
    assert load_config().provider.prefix == "fed"


def keys_of(model: type[BaseModel], place: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        key = f"{place}{field.alias or name}"
        yield key
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from keys_of(inner, f"{key}.")


def keys_in(content: object, place: str = "") -> Iterator[str]:
    match content:
        case dict():
            for name, value in content.items():
                yield f"{place}{name}"
                yield from keys_in(value, f"{place}{name}.")
        case [first, *_]:
            yield from keys_in(first, place)


def test_sample_has_every_key() -> None:
    """config/gateway.yaml shows every key there is, and none else."""
    content = yaml.safe_load((SAMPLES / "gateway.yaml").read_text(encoding="utf-8"))
    assert list(keys_in(content)) == list(keys_of(Config))


def test_sample_comments_every_key() -> None:
    """Above each key of config/gateway.yaml (that is not of a second site) stands a comment."""
    lines = (SAMPLES / "gateway.yaml").read_text(encoding="utf-8").splitlines()
    keys = [
        (above, line)
        for above, line in pairwise(lines)
        if re.match(r"\s*(- )?\w+:", line) and "munich" not in line and "example.org" not in line
    ]
    assert len(keys) == len(list(keys_of(Config)))
    assert [line for above, line in keys if "#" not in above] == []


def test_sample_holds_the_defaults() -> None:
    """Without its provider and sites, config/gateway.yaml is the default configuration."""
    sample = load_config(SAMPLES / "gateway.yaml")
    plain = Config(provider=sample.provider, sites=sample.site_list)
    assert sample == plain


def test_every_key_is_described() -> None:
    """Each key says what it is for."""

    def undescribed(model: type[BaseModel]) -> Iterator[str]:
        for name, field in model.model_fields.items():
            if not field.description:
                yield name
            for inner in (field.annotation, *get_args(field.annotation)):
                if isinstance(inner, type) and issubclass(inner, BaseModel):
                    yield from undescribed(inner)

    assert list(undescribed(Config)) == []


def test_missing_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache whose package is not installed is an error of the file, before anything starts."""
    monkeypatch.setitem(sys.modules, "redis", None)
    message = complaint(tmp_path, LEAST + "cache: {backend: redis, url: 'redis://a'}\n")
    assert ":6: cache: the redis backend needs a package" in message
    assert "pip install 'redis>=5.2'" in message


def test_demo_sample() -> None:
    """config/demo.yaml names the embedded Oases."""
    from gateway.demo import DEMO_SITES

    config = load_config(SAMPLES / "demo.yaml")
    assert [site.name for site in config.sites] == [site.name for site in DEMO_SITES]
    assert [site.title for site in config.sites] == [site.title for site in DEMO_SITES]


@pytest.mark.parametrize("path", sorted((SAMPLES / "sites").glob("*.yaml")), ids=lambda p: p.stem)
def test_sites_to_copy(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file of config/sites is a list to copy under `sites`; public NOMAD's limits are kept."""
    monkeypatch.setenv("MY_OASIS_TOKEN", "abc")
    sites = [SiteKeys(**site) for site in yaml.safe_load(path.read_text(encoding="utf-8"))]
    assert sites
    for site in sites:
        if "nomad-lab.eu" in site.url:
            assert site.concurrency is not None
            assert site.concurrency <= 10
            assert site.rate_per_s is not None
            assert site.rate_per_s <= 30
