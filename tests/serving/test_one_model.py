"""A server of a single model: requests may leave its name out, and what is described says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.serving.asking import CHAT, ask, get, post
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """One model, whose requests name it in the body, in a form or in the query."""
    with ServerProcess(f"{GRAPHS}/all_places.yaml", "--model", "only") as server:
        server.wait_ready()
        yield server


@pytest.mark.parametrize("body", [{}, {"model": ""}, {"model": None}, {"model": "only"}])
def test_the_model_left_out_of_a_body_is_the_only_one(server: ServerProcess, body: Any) -> None:
    assert post(server.url, body | {"x": 1}, path=CHAT).json()["json"] == {"x": 1, "model": "only"}


@pytest.mark.parametrize("query", ["", "?model=", "?model=only", "?other=1"])
def test_the_model_left_out_of_the_query_is_the_only_one(server: ServerProcess, query: str) -> None:
    told = ask(server.url, "PUT", f"/v1/blobs/1{query}", b"", {}).json()
    assert told["query"]["model"] == ["only"]


@pytest.mark.parametrize("name", ["mode", "model"])
def test_the_model_left_out_of_a_form_is_the_only_one(server: ServerProcess, name: str) -> None:
    value = "fast" if name == "mode" else ""
    form = f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--b--\r\n'.encode()
    told = post(
        server.url, form, path="/v1/uploads", headers={"Content-Type": "multipart/form-data; boundary=b"}
    ).json()
    assert told["fields"] == ({"mode": ["fast"]} if value else {}) | {"model": ["only"]}


@pytest.mark.parametrize("model", [5, ["only"], {}, True, False])
def test_what_is_no_name_is_no_model_left_out(server: ServerProcess, model: Any) -> None:
    assert post(server.url, {"model": model}, path=CHAT).error() == (400, "invalid_type", "model")


def test_another_model_s_name_is_404(server: ServerProcess) -> None:
    assert post(server.url, {"model": "other"}, path=CHAT).error() == (404, "model_not_found", "model")


def test_the_description_says_that_the_name_may_be_left_out(server: ServerProcess) -> None:
    paths = get(server.url, "/openapi.json").json()["paths"]
    body = paths["/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "model" not in body.get("required", ())
    (named,) = [one for one in paths["/blobs/{id}"]["put"]["parameters"] if one["in"] == "query"]
    assert (named["required"], named["schema"]) == (False, {"type": "string", "enum": ["only"]})
