"""The configurations for nginx and Caddy in the documentation work as they are printed."""

import asyncio
import os
import re
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from gateway.cli.demo import demo_config
from gateway.cli.serving import open_socket, serving
from gateway.config import ServerKeys
from gateway.demo import create_demo_oasis
from gateway.serve.app import create_app
from tests.docs.pages import read_page
from tests.free_port import free_port

PAGE = read_page("how-to/behind-a-proxy.md")
WAIT_S = 60
FIELDS = "response_fields=nsites"


def printed(language: str) -> str:
    (block,) = PAGE.in_language(language)
    return block.text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate that the page makes; the folder that holds it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    (command,) = [block.text for block in PAGE.in_language("sh") if "openssl req" in block.text]
    subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True)
    return folder


@asynccontextmanager
async def gateway_with(server: ServerKeys) -> AsyncIterator[int]:
    """A gateway over one demo Oasis; its port."""
    names = ("berlin", "munich", "dresden")
    config = demo_config({name: f"http://{name}.test" for name in names})
    config = config.model_copy(update={"server": server, "site_list": config.site_list[:1]})
    wire = httpx.ASGITransport(create_demo_oasis("berlin"))
    app = create_app(config, transports={"berlin": wire})
    own = open_socket("127.0.0.1", 0)
    async with serving([(app, own)], config=config):
        yield own.getsockname()[1]


@asynccontextmanager
async def running(*command: str | Path, port: int, folder: Path) -> AsyncIterator[None]:
    """A proxy in the foreground that listens at the port."""
    environment = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *map(str, command), stdout=log, stderr=log, cwd=folder, env=environment
        )
    try:
        for _ in range(WAIT_S * 10):
            assert process.returncode is None, (folder / "log").read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            break
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), WAIT_S)


def located(text: str, *, gateway: int, port: int, certificate: Path) -> str:
    """The printed configuration at ports of the test, with its certificate."""
    for old, new in (("8080", gateway), ("8443", port), ("/etc/ssl/gateway", certificate)):
        assert old in text
        text = text.replace(old, str(new))
    return text


@asynccontextmanager
async def nginx(gateway: int, certificate: Path, folder: Path) -> AsyncIterator[int]:
    program, port = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin"), free_port()
    if program is None:
        pytest.skip("nginx is not installed")
    text = located(printed("nginx"), gateway=gateway, port=port, certificate=certificate)
    (folder / "gateway.conf").write_text(text)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {paths} include {folder}/gateway.conf; }}\n"
    )
    command = (program, "-p", folder, "-e", "stderr", "-c", folder / "nginx.conf")
    async with running(*command, port=port, folder=folder):
        yield port


@asynccontextmanager
async def caddy(gateway: int, certificate: Path, folder: Path) -> AsyncIterator[int]:
    program, port = shutil.which("caddy"), free_port()
    if program is None:
        pytest.skip("caddy is not installed")
    text = located(printed("caddyfile"), gateway=gateway, port=port, certificate=certificate)
    options = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"  # other ports are not ours
    (folder / "Caddyfile").write_text(options + text)
    command = (program, "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile")
    async with running(*command, port=port, folder=folder):
        yield port


PROXIES = [pytest.param(one, id=one.__name__) for one in (nginx, caddy)]


@pytest.fixture(params=PROXIES)
def proxy(request: pytest.FixtureRequest) -> Callable[..., object]:
    return request.param


@asynccontextmanager
async def behind(
    proxy: Callable[..., object], server: ServerKeys, certificate: Path, folder: Path
) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A client of the gateway behind the proxy, and the address that it should see."""
    context = ssl.create_default_context(cafile=certificate / "cert.pem")
    async with (
        gateway_with(server) as gateway,
        proxy(gateway, certificate, folder) as port,  # type: ignore[attr-defined]  # a context
        httpx.AsyncClient(verify=context, timeout=WAIT_S) as client,
    ):
        yield client, f"https://localhost:{port}/optimade"


async def links_lead_back(client: httpx.AsyncClient, base: str) -> None:
    answer = await client.get(f"{base}/v1/structures?page_limit=1&{FIELDS}")
    following = answer.json()["links"]["next"]
    assert following.startswith(f"{base}/v1/structures?")
    assert (await client.get(following)).json()["data"]
    versions = (await client.get(f"{base}/v1/info")).json()["data"]["attributes"]
    assert {one["url"] for one in versions["available_api_versions"]} >= {f"{base}/v1"}


async def the_page_is_whole(client: httpx.AsyncClient, base: str) -> None:
    assert (await client.get(base)).headers["location"].removeprefix(base.rsplit("/", 1)[0]) in (
        f"{base}/",
        "/optimade/",
    )
    page = await client.get(f"{base}/")
    assert page.status_code == 200
    found = re.findall(r'(?:href|src)="([^"#]+\.(?:css|js))"', page.text)
    assert found
    for link in found:
        assert (await client.get(httpx.URL(f"{base}/").join(link))).status_code == 200


async def details_stay_inside(client: httpx.AsyncClient, base: str) -> None:
    for path in ("metrics", "health", "ready"):
        answer = await client.get(f"{base}/{path}")
        assert (answer.status_code, b"gateway" in answer.content) == (404, False)


async def long_filters_pass(client: httpx.AsyncClient, base: str) -> None:
    filter_ = " OR ".join(f'chemical_formula_reduced="{"%" * 40}{n}"' for n in range(220))
    assert 16_000 < len(filter_) < 16_384
    answer = await client.get(f"{base}/v1/structures", params={"filter": filter_})
    assert len(str(answer.url)) > 30_000
    assert answer.status_code == 200, answer.text[:200]


async def downloads_pass(client: httpx.AsyncClient, base: str) -> None:
    answer = await client.get(f"{base}/v1/structures?response_format=_demo_jsonl&{FIELDS}")
    assert answer.status_code == 200
    assert len(answer.text.splitlines()) > 300


async def test_as_printed(proxy: Callable[..., object], certificate: Path, tmp_path: Path) -> None:
    """TLS under a path: links keep scheme, host, port and path, and all of them lead back."""
    server = ServerKeys(trusted_proxies=("127.0.0.1",))
    async with behind(proxy, server, certificate, tmp_path) as (client, base):
        for check in (links_lead_back, the_page_is_whole, details_stay_inside,
                      long_filters_pass, downloads_pass):  # fmt: skip
            await check(client, base)


async def test_public_url(proxy: Callable[..., object], certificate: Path, tmp_path: Path) -> None:
    """The other way: nothing that the proxy says is needed."""
    public = ServerKeys(public_url="https://localhost:1/optimade")
    async with behind(proxy, public, certificate, tmp_path) as (client, base):
        answer = await client.get(f"{base}/v1/structures?page_limit=1&{FIELDS}")
        assert answer.json()["links"]["next"].startswith(f"{public.public_url}/v1/structures?")


async def test_untrusted(
    proxy: Callable[..., object],
    certificate: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Without either way the log names the proxy and what to set."""
    caplog.set_level("WARNING", logger="gateway")
    async with behind(proxy, ServerKeys(), certificate, tmp_path) as (client, base):
        for _ in range(3):
            await client.get(f"{base}/v1/info")
    (record,) = [one for one in caplog.records if "untrusted" in one.getMessage()]
    assert vars(record)["proxy"] == "127.0.0.1"
