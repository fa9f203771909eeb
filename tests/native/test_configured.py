"""What the configuration decides: whether it is served, who knows the users; old sites."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from gateway.config import Config
from gateway.demo import create_demo_oasis
from gateway.fetch.http.memory_budget import MemoryScope
from gateway.fetch.http.request import RequestOptions
from gateway.model import Site
from gateway.native.call import owner_at
from tests.native.gateways import native_over
from tests.whole.oases import awkward_lines, make_config, make_line


async def test_turned_off() -> None:
    """Without it there is nothing under /api/v1; errors have NOMAD's form all the same."""
    apps = {"a": create_demo_oasis([make_line("x")], path="")}
    async with native_over(apps, native={"enabled": False}) as native:
        answer = await native.post("/entries/query", {})
        assert answer.status_code == 404
        assert answer.json()["detail"]


@pytest.mark.parametrize("name", ["a", "nobody"])
def test_auth_site(name: str) -> None:
    """It is a site that takes callers' tokens."""
    with pytest.raises(ValueError, match="auth_site"):
        make_config(["a"], native={"auth_site": name})
    assert isinstance(make_config(["a"], forward_token=True, native={"auth_site": "a"}), Config)


async def test_accounts() -> None:
    """A password goes to the site that knows the users, and nowhere else; so does the token."""

    async def token(request: Request) -> JSONResponse:
        return JSONResponse({"access_token": (await request.body()).decode()})

    async def me(request: Request) -> JSONResponse:
        return JSONResponse({"said": request.headers.get("authorization")})

    routes = [Route("/auth/token", token, methods=["POST"]), Route("/users/me", me)]
    users = Starlette(routes=[Mount("/api/v1", routes=routes)])
    apps = {"a": create_demo_oasis([make_line("x")], path=""), "b": users}
    config: dict[str, Any] = {"native": {"auth_site": "b"}, "forward_token": True}
    async with native_over(apps, are_oases=False, **config) as native:
        form = {"username": "ada", "password": "secret"}
        answer = await native.client.post("/api/v1/auth/token", data=form)
        assert answer.json() == {"access_token": "username=ada&password=secret"}
        headers = {"Authorization": "Bearer abc"}
        answer = await native.client.get("/api/v1/users/me", headers=headers)
        assert answer.json() == {"said": "Bearer abc"}
        assert not [asked for asked in native.lines["a"].asked if "auth" in asked.path]


@pytest.mark.parametrize("version", ["1.3.17", "1.4.3"])
async def test_old_sites(version: str) -> None:
    """An empty `:any` matches nothing, and 2,000 values are taken, at sites of any version."""
    lines = awkward_lines(5, {"a": 12, "b": 12})
    apps = {
        "a": create_demo_oasis(lines["a"], path="", version=version),
        "b": create_demo_oasis(lines["b"], path=""),
    }
    async with native_over(apps) as native:
        whole = await native.query({"pagination": {"page_size": 100}})
        assert (await native.query({"query": {"entry_id:any": []}}))["data"] == []
        ids = [one["entry_id"] for one in whole["data"]] + [f"none-{at}" for at in range(2_000)]
        body = {"query": {"entry_id:any": ids}, "pagination": {"page_size": 100}}
        assert (await native.query(body))["data"] == whole["data"]
        assert (await native.get("/info")).json()["version"] == version


def test_own_token_shows_public_entries_alone() -> None:
    """The gateway's own account may see more than its callers: they get what is public."""

    class Client:
        def __init__(self, token: str | None, *, private: bool = False) -> None:
            self.site = Site("a", "http://a.test/api/v1", "A", token=token)
            self.private = private

        def is_private(self, options: object) -> bool:
            return self.private

    for token, private, owner in (
        (None, False, "visible"),
        ("t", False, "public"),
        ("t", True, "visible"),
    ):
        client: Any = Client(token, private=private)
        assert owner_at("visible", client, RequestOptions(None, MemoryScope())) == owner
