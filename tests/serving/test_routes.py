"""Routes of graphs of one's own: the front door dispatches by what their nodes declare, and only by that."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.serving.asking import (
    CHAT,
    JSON_HEADERS,
    Answer,
    ask,
    connected,
    get,
    post,
    raw,
    raw_post,
    status_of,
    streaming,
)
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess

INFER = "/v2/models/{}/infer"
INPUTS = {"inputs": [1, 2]}
BOUNDARY = "multipart/form-data; boundary=x-y-z"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Models with routes of their own, one that is still loading, and one that answers chats."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "server.yaml").write_text(f"""
version: 1
models:
  thing: {{graph: {GRAPHS}/thing.yaml}}
  infer: {{graph: {GRAPHS}/infer.yaml}}
  org/infer: {{graph: {GRAPHS}/infer.yaml}}
  slow: {{graph: {GRAPHS}/infer.yaml, parameters: {{gate: {folder}/gate}}}}
  upload: {{graphs: [{GRAPHS}/upload.yaml, {GRAPHS}/kept.yaml], parameters: {{ids: [a, b]}}}}
  kept: {{graph: {GRAPHS}/kept.yaml, parameters: {{ids: [c]}}}}
  echo: {{graph: {GRAPHS}/echo.yaml}}
""")
    with ServerProcess("--config", str(folder / "server.yaml")) as server:
        for model in ("thing", "infer", "org/infer", "upload", "kept", "echo"):
            server.wait_line(f"model {model}: ready after")
        yield server
        (folder / "gate").touch()


def infer(server: ServerProcess, model: str, body: Any = INPUTS) -> Answer:
    return post(server.url, body, path=INFER.format(model))


def upload(server: ServerProcess, body: bytes, content_type: str = BOUNDARY) -> Answer:
    return post(server.url, body, path="/v1/uploads", headers={"Content-Type": content_type})


def kserve_error(answer: Answer) -> tuple[int, str]:
    """Status and message, after checking that the answer is KServe's error and nothing else."""
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    body = answer.json()
    assert set(body) == {"error"}
    return answer.status, body["error"]


# --- GET /v1/things/{id}: no body, no model named


@pytest.mark.parametrize("version", ["/v1", "/v3"])
def test_a_route_without_a_body_or_a_model_reaches_its_graph(server: ServerProcess, version: str) -> None:
    told = get(server.url, version + "/things/a%20b%2Fc%25?color=red&color=b%26w&empty=").json()
    assert told["method"] == "GET"
    assert told["parameters"] == {"id": "a b/c%"}
    assert told["query"] == {"color": ["red", "b&w"], "empty": [""]}
    assert told["path"] == "/things/a b%2Fc%25"


def test_a_path_without_parameters_is_found_before_a_pattern(server: ServerProcess) -> None:
    assert get(server.url, "/v1/things/first").json()["parameters"] == {}
    assert get(server.url, "/v1/things/second").json()["parameters"] == {"id": "second"}


def test_a_parameter_is_one_segment(server: ServerProcess) -> None:
    assert get(server.url, "/v1/things/a/b").error() == (404, "unknown_url", None)
    assert get(server.url, "/v1/things/").error() == (404, "unknown_url", None)


def test_head_is_a_get_without_its_body(server: ServerProcess) -> None:
    request = b"GET /v1/things/1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert raw(server.url, request).endswith(b"0\r\n\r\n")
    head, _, body = raw(server.url, request.replace(b"GET", b"HEAD")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
    assert body == b""


def test_a_status_without_a_body_has_none(server: ServerProcess) -> None:
    answer = raw(
        server.url, b"GET /v1/things/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/v1/things/a/", "/v1//things/a", "//v3/things//a//"])
def test_slashes_too_many_change_no_parameter(server: ServerProcess, path: str) -> None:
    assert get(server.url, path).json()["parameters"] == {"id": "a"}


def test_headers_with_credentials_stay_at_the_door(server: ServerProcess) -> None:
    secret = {"Authorization": "Bearer s3cret", "Cookie": "a=s3cret", "X-Api-Key": "s3cret"}
    answer = ask(
        server.url, "GET", "/v1/things/1", b"", secret | {"Proxy-Authorization": "s3cret", "X-Mine": "m"}
    )
    assert answer.json()["headers"]["x-mine"] == "m"
    assert b"s3cret" not in answer.body


def test_a_node_s_refusal_is_in_the_default_shape(server: ServerProcess) -> None:
    assert get(server.url, "/v1/things/none").error() == (404, "no_thing", None)


def test_requests_are_counted_by_pattern_and_not_by_path(server: ServerProcess) -> None:
    get(server.url, "/v1/things/of-many")
    page = get(server.url, "/metrics").body.decode()
    assert 'ovpipe_requests_total{endpoint="/things/{id}",model="thing",status="200"}' in page
    assert "of-many" not in page


# --- POST /v2/models/{name}/infer: the model in the path, errors in KServe's shape


@pytest.mark.parametrize("model", ["infer", "org/infer"])
def test_a_model_is_named_in_the_path_and_may_have_slashes(server: ServerProcess, model: str) -> None:
    assert infer(server, model).json() == {"model": model, "path": INFER.format(model), "inputs": 2}


def test_an_unknown_model_is_404_in_the_route_s_shape(server: ServerProcess) -> None:
    status, message = kserve_error(infer(server, "nix"))
    assert (status, message.partition(" Models")[0]) == (404, "This model does not exist.")


def test_a_model_that_does_not_serve_the_route_is_404_in_its_shape(server: ServerProcess) -> None:
    assert kserve_error(infer(server, "echo")) == (
        404,
        "The model 'echo' does not serve this path. Models that do: infer, org/infer, slow.",
    )
    assert post(server.url, {"model": "infer"}, path=CHAT).error() == (404, "model_not_found", "model")


def test_a_model_that_loads_is_503_in_the_route_s_shape(server: ServerProcess) -> None:
    answer = infer(server, "slow")
    assert kserve_error(answer) == (503, "The model 'slow' is loading.")
    assert answer.headers["retry-after"] == "5"


def test_a_wrong_method_is_405_in_the_route_s_shape(server: ServerProcess) -> None:
    answer = get(server.url, INFER.format("infer"))
    assert kserve_error(answer) == (405, "The request's method is not allowed here; allowed: POST.")
    assert answer.headers["allow"] == "POST"
    assert post(server.url, {}, path="/v1/things/1").headers["allow"] == "GET, HEAD"


def test_a_body_over_the_route_s_own_limit_is_413_in_its_shape(server: ServerProcess) -> None:
    large = {"inputs": ["a" * 1000]}
    refusal = 413, "The request body is larger than the limit of 1000 bytes."
    assert kserve_error(infer(server, "infer", large)) == refusal
    packed = gzip.compress(json.dumps(large).encode())
    headers = JSON_HEADERS | {"Content-Encoding": "gzip"}
    assert kserve_error(post(server.url, packed, path=INFER.format("infer"), headers=headers)) == refusal
    assert post(server.url, {"model": "echo"} | large, path=CHAT).status == 200  # it has the server's limit


def test_a_client_is_not_asked_for_a_body_over_the_route_s_limit(server: ServerProcess) -> None:
    head = raw_post(b"", "Expect: 100-continue", path=INFER.format("infer"))
    with connected(server.url) as connection:
        connection.sendall(head.replace(b"Content-Length: 0", b"Content-Length: 1001"))
        answer = connection.recv(65536)
    assert status_of(answer) == 413
    assert answer.endswith(b'{"error":"The request body is larger than the limit of 1000 bytes."}')


def test_a_client_that_waits_to_be_asked_gets_the_405_in_the_route_s_shape(server: ServerProcess) -> None:
    head = raw_post(b"", "Expect: 100-continue", path=INFER.format("infer")).replace(b"POST", b"PUT", 1)
    answer = raw(server.url, head)
    assert status_of(answer) == 405
    assert answer.endswith(b'{"error":"The request\'s method is not allowed here; allowed: POST."}')


@pytest.mark.parametrize("target", ["/v1/nothing%0Ahere", "/v1/nothing", "*"])
def test_whatever_has_no_route_is_404_with_the_code_of_unknown_urls(
    server: ServerProcess, target: str
) -> None:
    answer = raw(
        server.url, f"OPTIONS {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    )
    assert status_of(answer) == 404
    assert b'"code":"unknown_url"' in answer


def test_a_parameter_may_hold_a_line_s_end(server: ServerProcess) -> None:
    assert get(server.url, "/v1/things/a%0Ab").json()["parameters"] == {"id": "a\nb"}
    assert kserve_error(post(server.url, INPUTS, path=INFER.format("a%0Ab")))[0] == 404


@pytest.mark.parametrize(
    ("body", "status"), [(b"hello", 400), (json.dumps({"inputs": [0] * 10}).encode(), 422), (b"{}", 500)]
)
def test_what_is_wrong_with_a_body_is_in_the_route_s_shape(
    server: ServerProcess, body: bytes, status: int
) -> None:
    assert kserve_error(infer(server, "infer", body))[0] == status


def test_a_stream_of_a_family_without_error_events_is_broken_off(server: ServerProcess) -> None:
    body = json.dumps(INPUTS | {"stream": True}).encode()
    with (
        streaming(server.url, "POST", INFER.format("infer"), body, JSON_HEADERS) as response,
        pytest.raises((http.client.IncompleteRead, ConnectionResetError)),
    ):
        response.read()


# --- POST /v1/uploads: the model in a form


def form(*parts: tuple[str, bytes], end: bytes = b"--") -> bytes:
    """A multipart body of these parts, each its headers and its content."""
    pieces = [b"--x-y-z\r\n%s\r\n\r\n%s\r\n" % (headers.encode(), data) for headers, data in parts]
    return b"".join(pieces) + b"--x-y-z" + end + b"\r\n"


def part(name: str, more: str = "") -> str:
    return f'Content-Disposition: form-data; name="{name}"{more}'


MODEL = (part("model"), b"upload")


def test_the_bytes_of_a_file_reach_the_graph(server: ServerProcess) -> None:
    data = bytes(range(256)) * 4000 + b"\r\n--x-y\r\n\r\n"
    file = (part("file", '; filename="a \\"b\\".bin"') + "\r\nContent-Type: audio/wav", data)
    answer = upload(server, form((part("tag"), b"one"), file, (part("tag"), "zw\u00f6lf".encode()), MODEL))
    assert answer.json() == {
        "fields": {"tag": ["one", "zw\u00f6lf"], "model": ["upload"]},
        "files": [["file", 'a "b".bin', "audio/wav", len(data), sha256(data).hexdigest()]],
        "body": "",
    }


def test_a_form_over_the_limit_is_413_and_is_never_held(server: ServerProcess) -> None:
    def most_held() -> int:
        status = Path(f"/proc/{server.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    upload(server, form(MODEL, (part("file", "; filename=f"), b"a" * 1_900_000)))
    before = most_held()
    chunk = b"%x\r\n%s\r\n" % (1_000_000, b"a" * 1_000_000)
    head = raw_post(b"", "Transfer-Encoding: chunked", path="/v1/uploads").replace(
        b"Content-Length: 0\r\n", b""
    )
    head = head.replace(b"application/json", BOUNDARY.encode())
    start = form(MODEL, (part("file", "; filename=f"), b""), end=b"never")
    with connected(server.url) as connection:
        connection.sendall(head + b"%x\r\n%s\r\n" % (len(start), start))
        sent = 0
        try:
            while sent < 60:
                connection.sendall(chunk)
                sent += 1
            answer = connection.recv(65536)
        except ConnectionError:  # the server has answered and closed, and what it was sent after that resets
            answer = b""
    assert not answer or status_of(answer) == 413
    assert most_held() - before < 20_000_000
    assert upload(server, b"a" * 2_000_001).error() == (413, "request_too_large", None)


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("application/json", 415, "unsupported_media_type"),
        ("multipart/mixed; boundary=x-y-z", 415, "unsupported_media_type"),
        ("multipart/form-data", 400, "invalid_body"),
        ("multipart/form-data; boundary=", 400, "invalid_body"),
        (f"multipart/form-data; boundary={'a' * 71}", 400, "invalid_body"),
        ('multipart/form-data; boundary="\\u00e4"', 400, "invalid_body"),
        ("multipart/form-data; boundary=another", 400, "invalid_body"),
    ],
)
def test_a_bad_boundary_is_400_and_another_type_415(
    server: ServerProcess, content_type: str, status: int, code: str
) -> None:
    assert upload(server, form(MODEL), content_type).error() == (status, code, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (form((part("mode"), b"upload")), "missing_required_parameter"),
        (form((part("model"), b"")), "invalid_type"),
        (form((part("model", "; filename=f"), b"upload")), "missing_required_parameter"),
    ],
)
def test_a_form_that_names_no_model_is_400(server: ServerProcess, body: bytes, code: str) -> None:
    assert upload(server, body).error() == (400, code, "model")


def test_a_body_of_any_bytes_is_taken_within_its_limit_and_its_model_from_the_query(
    server: ServerProcess,
) -> None:
    path = "/v1/blobs/1?model=upload"
    assert ask(server.url, "PUT", path, b"any bytes!", {}).json()["body"] == "any bytes!"
    assert ask(server.url, "PUT", path, b"any bytes!!", {}).error() == (413, "request_too_large", None)
    assert ask(server.url, "PUT", "/v1/blobs/1", b"", {}).error() == (
        400,
        "missing_required_parameter",
        "model",
    )


# --- all of them in /openapi.json


def test_routes_are_described_with_their_parameters_models_and_errors(server: ServerProcess) -> None:
    api = get(server.url, "/openapi.json").json()
    paths = api["paths"]
    (given,) = paths["/things/{id}"]["get"]["parameters"]
    assert given == {"name": "id", "in": "path", "schema": {"type": "string"}, "required": True}
    assert "413" not in paths["/things/{id}"]["get"]["responses"]
    assert "servers" not in paths["/things/{id}"]

    infer = paths["/v2/models/{name}/infer"]
    assert infer["servers"] == [{"url": "/"}]
    (name,) = infer["post"]["parameters"]
    assert name["schema"] == {"type": "string", "enum": ["infer", "org/infer", "slow"]}
    assert infer["post"]["responses"]["404"] == {"$ref": "#/components/responses/KServeError404"}
    refused = api["components"]["responses"]["KServeError404"]["content"]["application/json"]["schema"]
    assert refused == {"$ref": "#/components/schemas/KServeError"}

    content = paths["/uploads"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert content["schema"]["properties"]["model"] == {"type": "string", "enum": ["upload"]}
    model = {
        "name": "model",
        "in": "query",
        "required": True,
        "schema": {"type": "string", "enum": ["upload"]},
    }
    assert model in paths["/blobs/{id}"]["put"]["parameters"]


@pytest.mark.parametrize(
    ("id", "kept"), [("a", ["a", "b"]), ("c", ["c"]), ("nobodys", ["a", "b"]), ("fault", ["a", "b"])]
)
def test_a_request_by_an_id_is_for_the_model_that_keeps_it(
    server: ServerProcess, id: str, kept: list[str]
) -> None:
    assert get(server.url, f"/v1/kept/{id}").json() == kept


def test_each_graph_of_a_model_is_seen_by_operators(server: ServerProcess) -> None:
    models = {model["name"]: model for model in get(server.url, "/v1/config").json()["models"]}
    assert [Path(graph).name for graph in models["upload"]["graphs"]] == ["upload.yaml", "kept.yaml"]
    models = {model["model"]: model for model in get(server.url, "/debug/graphs").json()["models"]}
    assert [graph["graph"] for graph in models["upload"]["graphs"]] == ["upload", "kept"]
