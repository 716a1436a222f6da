"""The versions that docs/serving.md names are those that are tested."""

from __future__ import annotations

import json
import re

from tests.clients.install import NODES, PYTHONS, REQUIREMENTS, ROOT

DISTRIBUTIONS = {
    "pydantic-ai": "pydantic-ai-slim",
    "llama-index": "llama-index-llms-openai-like",
    "haystack": "haystack-ai",
    "autogen": "autogen-ext",
    "openai-node": "openai",
    "anthropic-node": "@anthropic-ai/sdk",
    "ai-sdk": "ai",
}
"""Where a client's distribution has another name."""


def pinned(client: str, text: str) -> str:
    """A client's version among pins."""
    found = re.search(rf"^{DISTRIBUTIONS.get(client, client)}==(\S+)$", text, re.MULTILINE)
    assert found is not None, client
    return found[1]


def test_the_page_names_the_versions_that_are_tested() -> None:
    page = (ROOT / "docs" / "serving.md").read_text()
    table = page.partition("<!-- clients -->\n")[2].partition("<!-- /clients -->")[0]
    named = dict(re.findall(r"^\| `([^`]+)`[^|]*\| ([\d.]+) \|", table, re.MULTILINE))
    tested = {client: pinned(client, (REQUIREMENTS / f"{client}.txt").read_text()) for client in PYTHONS}
    for client in ("openai", "anthropic"):
        tested[client] = pinned(client, (ROOT / "constraints.txt").read_text())
    for client in NODES:
        package = json.loads((REQUIREMENTS / f"{client}.json").read_text())
        tested[client] = package["dependencies"][DISTRIBUTIONS[client]]
    assert named == tested
