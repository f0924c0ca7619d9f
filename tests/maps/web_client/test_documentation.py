"""The documentation under `/docs` and the interface's page: for whoever is signed in, of this
server alone, and with nothing that the server's security headers would refuse.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest

from maps.web_client import documentation
from patrol.units.units import ROLES, Role
from tests.fixtures import needs
from tests.maps.servers.running import Running

WITH_ADDRESS: Final = {"script": "src", "link": "href", "img": "src", "iframe": "src"}


class Loads(HTMLParser):
    """What a page loads by itself, and what of it runs in the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.inline: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        address = said.get(WITH_ADDRESS.get(tag, ""))
        if address is not None:
            self.addresses.append(address)
        elif tag == "script" and said.get("type") != "application/json":
            self.inline.append(self.get_starttag_text() or "")
        self.inline += [name for name in said if name.startswith("on")]


def pages() -> list[Path]:
    return sorted(needs.manual().rglob("*.html"))


def test_no_page_asks_another_host_or_holds_a_script() -> None:
    assert len(pages()) > 20
    for page in pages():
        loads = Loads(page.read_text("utf-8"))
        assert loads.inline == [], page
        assert loads.addresses, page
        assert [each for each in loads.addresses if re.match(r"\w+:|//", each)] == [], page


def test_what_a_page_loads_is_there() -> None:
    root = needs.manual()
    for page in pages():
        if page.name == "404.html":  # which only a server of files alone shows
            continue
        for address in Loads(page.read_text("utf-8")).addresses:
            path = (page.parent / address.partition("#")[0]).resolve()
            assert path.is_relative_to(root), address
            assert path.is_file() or (path / "index.html").is_file(), f"{page}: {address}"


async def test_a_stranger_is_sent_to_sign_in_and_comes_back(server: Running) -> None:
    async with server.stranger() as client:
        for path in ("/docs/", "/docs/guides/access/", "/docs/assets/scope.js", "/api/docs"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["location"]) == (
                303,
                f"/sign-in?next={path}",
            )


@pytest.mark.parametrize("role", sorted(ROLES))
async def test_every_role_reads_it(server: Running, role: Role) -> None:
    needs.manual()
    async with server.signed_in(role) as client:
        for path in ("/docs/", "/docs/guides/access/", "/docs/assets/site.css"):
            answer = await client.get(path)
            assert answer.status_code == 200, path
            assert "script-src 'self';" in answer.headers["content-security-policy"]
        response = await client.get("/docs")
        assert (response.status_code, response.headers["location"]) == (303, "/docs/")
        response = await client.get("/docs/guides/access")
        assert (response.status_code, response.headers["location"]) == (303, "/docs/guides/access/")
        for path in (
            "/docs/none/",
            "/docs/.digest",
            "/docs/%2e%2e/app/app.py",
            "/docs//etc/passwd",
        ):
            assert (await client.get(path)).status_code in (303, 404), path


async def test_documentation_that_is_not_built_is_told_in_words(
    server: Running, tmp_path: Path
) -> None:
    server.app.state.manual = documentation.manual(tmp_path / "none")
    async with server.signed_in("crew") as client:
        answer = await client.get("/docs/")
    assert answer.status_code == 503
    assert "maps.docsbuild" in answer.text


async def test_the_page_of_the_interface_runs_scripts_of_this_server(server: Running) -> None:
    needs.web_client()
    async with server.signed_in("technician") as client:
        page = await client.get("/api/docs")
        loads = Loads(page.text)
        assert (page.status_code, loads.inline) == (200, [])
        assert "/api-docs/swagger-ui-bundle.js" in loads.addresses
        for address in loads.addresses:
            assert (await client.get(address)).status_code == 200, address
        assert "/api/openapi.json" in (await client.get("/api-docs/start.js")).text
