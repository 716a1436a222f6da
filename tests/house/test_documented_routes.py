"""docs/serving.md has a command for each route, which tests/house/test_pages.py runs."""

from __future__ import annotations

import re
import shlex

import pytest

from docs.routes import DocumentedRoute, documented_routes
from ovpipe.serving.config import DEFAULT_GRAPHS
from ovpipe.serving.routes.patterns import PathPattern, shape_of
from tests.house.pages import DEFAULT_URL, ROOT, blocks

PAGE = ROOT / "docs" / "serving.md"
BODIES = ("-d", "--data", "--data-binary", "-F")


def asked_by_curl() -> list[tuple[str, str]]:
    """Method and path of each curl on the page that asks the server."""
    found = []
    for block in blocks(PAGE):
        if block.language != "sh" or block.left_out:
            continue
        for command in re.findall(r"\bcurl (?:'[^']*'|[^'\n|;)&])*", block.text.replace("\\\n", " ")):
            words = shlex.split(command.rstrip('"'))
            urls = [word for word in words if word.startswith(DEFAULT_URL)]
            posts = any(word in BODIES for word in words)
            method = words[words.index("-X") + 1] if "-X" in words else "POST" if posts else "GET"
            found += [(method, url.removeprefix(DEFAULT_URL).partition("?")[0] or "/") for url in urls]
    return found


def test_the_commands_of_the_page_are_read() -> None:
    asked = asked_by_curl()
    assert ("POST", "/v1/completions") in asked
    assert ("DELETE", "/v1/responses/$ID") in asked
    assert ("GET", "/health") in asked


@pytest.mark.parametrize("route", documented_routes(), ids=lambda route: f"{route.method} {route.paths[0]}")
def test_every_route_has_a_command_that_is_run(route: DocumentedRoute) -> None:
    patterns = [PathPattern.of(shape_of(path)) for path in route.paths]
    assert any(
        method == route.method and pattern.match(path) is not None
        for method, path in asked_by_curl()
        for pattern in patterns
    ), (
        f"docs/serving.md, Endpoints: add a curl of {route.method} {route.paths[0]} (graph {route.graph!r}), "
        "in a block that is run"
    )


def test_the_routes_of_all_graphs_that_serve_by_default_are_there() -> None:
    assert [*dict.fromkeys(route.graph for route in documented_routes())] == [*DEFAULT_GRAPHS, ""]
