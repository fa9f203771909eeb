"""Examples on any page do what is said of them: asked of the demo, run as Python, read as JSON."""

import ast
import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

import httpx
import pytest

from gateway import translate
from tests.docs.conftest import ADDRESS
from tests.docs.pages import DOCS, PAGES, ROOT, SHELL, Block, read_page, shell_lines

SITE_DOWN = "# munich does not answer"
README = read_page(ROOT / "README.md")


@dataclass
class Curl:
    """A request as curl's words make it."""

    url: str = ""
    is_get: bool = False
    data: list[str] = field(default_factory=list)

    @property
    def method(self) -> str:
        return "POST" if self.data and not self.is_get else "GET"


def read_curl(words: list[str]) -> Curl:
    curl, rest = Curl(), iter(words[1:])
    for word in rest:
        match word:
            case "|":
                break
            case "--data-urlencode":
                name, _, value = next(rest).partition("=")
                curl.data.append(f"{name}={quote_plus(value)}")
            case "--data" | "-d":
                curl.data.append(next(rest))
            case "-G" | "-sG":
                curl.is_get = True
            case "-s" | "-i":
                continue
            case _:
                assert not word.startswith("-"), f"{word} is not known to this test"
                curl.url = word
    return curl


async def send(client: httpx.AsyncClient, curl: Curl) -> httpx.Response:
    data = "&".join(curl.data)
    if curl.method == "POST":
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return await client.post(curl.url, content=data, headers=form)
    return await client.get(f"{curl.url}?{data}" if data else curl.url)


def curls(block: Block) -> Iterator[Curl]:
    for line in shell_lines(block):
        words = shlex.split(line, comments=True)
        if words[:1] == ["curl"]:
            yield read_curl(words)


def every(condition: Callable[[Block], bool]) -> list[object]:
    return [
        pytest.param(block, id=f"{path.relative_to(ROOT)}-{block.heading}-{number}")
        for path in PAGES
        for number, block in enumerate(read_page(path).blocks)
        if condition(block)
    ]


def is_curl(block: Block) -> bool:
    return block.language in SHELL and "curl " in block.text


def is_exchange(block: Block) -> bool:
    lines = [line for line in block.text.splitlines() if line != SITE_DOWN]
    return block.language == "text" and lines[0].split(" /")[0] in ("GET", "POST", "DELETE")


@pytest.mark.parametrize("block", every(is_curl))
async def test_curl(block: Block, demo: httpx.AsyncClient) -> None:
    """An example for curl is answered with 200 and something."""
    asked = list(curls(block))
    assert asked
    for curl in asked:
        assert curl.url.startswith(ADDRESS), curl.url
        response = await send(demo, curl)
        assert response.status_code == 200, response.text
        assert "warnings" not in response.text.split("\n", 1)[0] or curl.url.endswith("metrics")
        if "content-disposition" in response.headers:  # a file
            assert response.text.count("\n") > 1
            continue
        document = json.loads(response.text.split("\n", 1)[0])
        assert document.get("data") or "x-optimade" in document


@pytest.mark.parametrize("block", every(is_exchange))
async def test_exchange(
    block: Block, demo: httpx.AsyncClient, without_munich: httpx.AsyncClient
) -> None:
    """A request on a page has the status and the words that the page gives."""
    lines = block.text.splitlines()
    client = without_munich if lines[0] == SITE_DOWN else demo
    asked, documented = lines[-2:]
    method, _, url = asked.partition(" ")
    status, _, words = documented.partition(" ")
    body = b"{}" if method == "POST" else None
    headers = {"Content-Type": "application/json"} if body else {}
    response = await client.request(method, url, content=body, headers=headers)
    document = response.json()
    answer = document.get("errors") or document["meta"]["warnings"]
    assert (str(response.status_code), words) == (status, answer[0]["detail"])


async def test_readme(demo: httpx.AsyncClient) -> None:
    """The answer in the README is the demo's own, as far as it goes."""
    (documented,) = README.in_language("json")
    (curl,) = [curl for block in README.in_language(*SHELL) for curl in curls(block)]
    response = await send(demo, curl)
    assert_part(json.loads(documented.text), response.json())


def assert_part(part: object, whole: object) -> None:
    match part, whole:
        case dict(), dict():
            for name, value in part.items():
                assert_part(value, whole[name])
        case list(), list():
            for one, other in zip(part, whole, strict=True):
                assert_part(one, other)
        case _:
            assert part == whole


@pytest.mark.parametrize("block", every(lambda block: block.language == "json"))
def test_json(block: Block) -> None:
    """JSON on a page is JSON."""
    assert json.loads(block.text)


@pytest.mark.parametrize("block", every(lambda block: block.language == "python"))
def test_python(block: Block) -> None:
    """Python on a page is Python."""
    assert ast.parse(block.text).body


def test_translate() -> None:
    """The first example of library use gives what stands below it."""
    block = read_page("how-to/library.md").in_language("python")[0]
    call = ast.parse(block.text).body[-1]
    documented = block.text.splitlines()[-1].removeprefix("# ")
    assert isinstance(call, ast.Expr)
    found = eval(ast.unparse(call), {"translate": translate})
    assert found == ast.literal_eval(documented)


async def test_library_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one makes an app from the least configuration."""
    (least,) = [
        block
        for block in read_page(DOCS / "how-to/own-oases.md").in_language("yaml")
        if "provider" in block.text
    ]
    (tmp_path / "gateway.yaml").write_text(least.text, "utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(read_page("how-to/library.md").in_language("python")[1].text, names)
    wire = httpx.ASGITransport(names["app"])  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=wire, base_url=ADDRESS) as client:
        assert (await client.get("/v1/info")).status_code == 200
