"""What clients, charts and load generators send besides the letter of the API: paths, codings, cut bodies."""

from __future__ import annotations

import gzip
import re
import socket
import zlib
from collections.abc import Callable

import pytest

from tests.serving.asking import CHAT, JSON_HEADERS, ask, connected, get, post, raw, raw_post, status_of
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_until

LIMIT = 400_000
BODY = b'{"model": "echo", "x": 1}'
LIVE = ["/health/live", "/livez", "/v2/health/live", "/v1/health/live", "/v3/health/live"]
READY = [
    *("/health", "/health/ready", "/healthz", "/readyz", "/ping", "/health_generate", "/v2/health/ready"),
    *("/v1/health", "/v1/health/ready", "/v3/health", "/v3/health/ready"),
]


# --- who is there, and how it is


def test_the_root_says_who_answers_and_version_says_which_one(server: ServerProcess) -> None:
    told = get(server.url, "/").json()
    assert (told["name"], told["docs"], told["openapi"]) == ("ovpipe", "/docs", "/openapi.json")
    assert get(server.url, "/version").json() == {"version": told["version"]}


@pytest.mark.parametrize("path", LIVE)
def test_every_name_of_liveness_says_that_the_process_answers(server: ServerProcess, path: str) -> None:
    assert get(server.url, path).json() == {"status": "live"}


@pytest.mark.parametrize("path", READY)
def test_every_name_of_readiness_says_whether_the_models_are_there(server: ServerProcess, path: str) -> None:
    answer = get(server.url, path)
    assert (answer.status, answer.json()["status"]) == (200, "ready")
    assert set(answer.json()["models"]) == {"echo", "org/echo", "counter", "bad"}


@pytest.mark.parametrize(
    "path",
    [
        *LIVE,
        *READY,
        "/",
        "/version",
        "/v1/models",
        "/v1/models/org/echo",
        "/metrics",
        "/openapi.json",
        "/docs",
    ],
)
def test_what_can_be_read_has_a_head_of_the_same_status_and_no_body(server: ServerProcess, path: str) -> None:
    head = ask(server.url, "HEAD", path, b"", {})
    read = get(server.url, path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-type"] == read.headers["content-type"]


@pytest.mark.parametrize("path", ["/", "/ping", "/health/", "/v1//models"])
def test_what_is_only_read_refuses_other_methods(server: ServerProcess, path: str) -> None:
    answer = post(server.url, {}, path=path)
    assert answer.error() == (405, "method_not_allowed", None)
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/health/live", "/v1/models", "/v1//models/", "/v1/models/echo"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_server_s_own_paths_refuse_an_expectation_as_json(
    server: ServerProcess, method: str, path: str
) -> None:
    answer = ask(server.url, method, path, b"", {"Expect": "miracles"})
    assert answer.error() == (417, "expectation_failed", None)


# --- slashes


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("version", ["v1", "v3"])
@pytest.mark.parametrize("name", ["org/echo", "org%2Fecho", "org%2fecho", "%6Frg/echo"])
def test_a_model_s_name_may_have_a_slash_plain_or_encoded(
    server: ServerProcess, name: str, version: str, method: str
) -> None:
    answer = ask(server.url, method, f"/{version}/models/{name}", b"", {})
    assert answer.status == 200
    if method == "GET":
        assert answer.json()["id"] == "org/echo"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/v1/chat/completions/",
            "/v1//chat/completions",
            "//v1/chat/completions",
            "/v1/chat//completions//",
        ),
        *("/v3/chat/completions/", "/v3//chat/completions", "/v1/chat/completions/?a=1"),
    ],
)
def test_slashes_too_many_lead_to_the_same_route(server: ServerProcess, path: str) -> None:
    answer = post(server.url, BODY, path=path)
    assert answer.json()["path"] == "/chat/completions"


@pytest.mark.parametrize("path", ["/health//", "//health/ready", "/v1/models/", "/v1//models/org//echo/"])
def test_slashes_too_many_are_passed_over_in_the_server_s_own_paths(server: ServerProcess, path: str) -> None:
    tidy = re.sub("/+", "/", path).rstrip("/")
    assert get(server.url, path).body == get(server.url, tidy).body
    assert get(server.url, path).status == 200


def test_an_unknown_path_stays_unknown_with_a_slash(server: ServerProcess) -> None:
    assert get(server.url, "/v1/nix/").error() == (404, "unknown_url", None)


# --- a body's codings


def raw_deflate(data: bytes) -> bytes:
    """Deflate without zlib's header and checksum, as some clients send it."""
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packing.compress(data) + packing.flush()


def twice(data: bytes) -> bytes:
    """Gzip in gzip."""
    return gzip.compress(gzip.compress(data))


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        pytest.param("gzip", gzip.compress(BODY), id="gzip"),
        pytest.param("X-GZip", gzip.compress(BODY), id="x-gzip"),
        pytest.param("gzip", gzip.compress(BODY[:9]) + gzip.compress(BODY[9:]), id="gzip of two members"),
        pytest.param("deflate", zlib.compress(BODY), id="deflate"),
        pytest.param("deflate", raw_deflate(BODY), id="deflate without zlib's header"),
        pytest.param("gzip, gzip", twice(BODY), id="gzip twice"),
        pytest.param("deflate, gzip", gzip.compress(zlib.compress(BODY)), id="deflate, then gzip"),
        pytest.param("gzip, identity", gzip.compress(BODY), id="gzip and identity"),
        pytest.param("identity", BODY, id="identity"),
        pytest.param("", BODY, id="empty"),
    ],
)
def test_a_body_is_read_in_every_form_of_gzip_and_deflate(
    server: ServerProcess, encoding: str, packed: bytes
) -> None:
    answer = post(server.url, packed, headers=JSON_HEADERS | {"Content-Encoding": encoding})
    assert answer.json()["json"] == {"model": "echo", "x": 1}


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("zstd", "Zstandard (zstd)"),
        ("gzip, br", "Brotli (br)"),
        ("compress", "compress"),
        ("rot13", "a Content-Encoding"),
    ],
)
def test_a_coding_that_is_not_read_is_415_and_names_those_that_are(
    server: ServerProcess, encoding: str, name: str
) -> None:
    answer = post(server.url, BODY, headers=JSON_HEADERS | {"Content-Encoding": encoding})
    assert answer.error() == (415, "unsupported_content_encoding", None)
    assert answer.headers["accept-encoding"] == "gzip, deflate"
    assert f" is in {name}," in answer.json()["error"]["message"]


def test_a_client_that_waits_to_be_asked_for_its_body_is_not_asked_where_its_coding_is_not_read(
    server: ServerProcess,
) -> None:
    head = raw_post(BODY, "Expect: 100-continue", "Content-Encoding: zstd").removesuffix(BODY)
    with connected(server.url) as connection:
        connection.sendall(head)
        told = connection.recv(65536)
    assert status_of(told) == 415
    assert b"Accept-Encoding: gzip, deflate\r\n" in told


@pytest.mark.parametrize(
    ("encoding", "packed", "wrong"),
    [
        pytest.param("gzip", gzip.compress(BODY)[:-9], "gzip: it is cut short", id="gzip cut in its data"),
        pytest.param(
            "gzip", gzip.compress(BODY)[:-1], "gzip: it is cut short", id="gzip cut in its checksum"
        ),
        pytest.param("gzip", b"\x1f", "gzip: it is cut short", id="gzip of one byte"),
        pytest.param("deflate", zlib.compress(BODY)[:-1], "deflate: it is cut short", id="deflate cut"),
        pytest.param("deflate", raw_deflate(BODY)[:-1], "deflate: it is cut short", id="raw deflate cut"),
        pytest.param(
            "gzip, gzip", gzip.compress(gzip.compress(BODY)[:-1]), "gzip: it is cut short", id="inner cut"
        ),
        pytest.param(
            "gzip", gzip.compress(BODY)[:-8] + b"12345678", "gzip: it has a wrong checksum", id="checksum"
        ),
        pytest.param(
            "deflate", zlib.compress(BODY)[:-4] + b"1234", "deflate: it has a wrong checksum", id="adler"
        ),
        pytest.param(
            "gzip", gzip.compress(BODY) + b"more", "gzip: it goes on after its end", id="gzip and more"
        ),
        pytest.param(
            "gzip", gzip.compress(BODY) + b"x", "gzip: it goes on after its end", id="gzip and a byte"
        ),
        pytest.param(
            "deflate", zlib.compress(BODY) + b"xy", "deflate: it goes on after its end", id="and more"
        ),
        pytest.param("gzip", BODY, "gzip: it does not begin as such", id="no gzip"),
        pytest.param("gzip", b"\x1f\x8b\xff" + BODY, "gzip: it is damaged", id="hardly gzip"),
        pytest.param(
            "gzip", gzip.compress(b"") * 1025, "gzip: it has more than 1024 members", id="many members"
        ),
    ],
)
def test_a_broken_coding_is_400_and_told_as_what_it_is(
    server: ServerProcess, encoding: str, packed: bytes, wrong: str
) -> None:
    answer = post(server.url, packed, headers=JSON_HEADERS | {"Content-Encoding": encoding})
    assert answer.error() == (400, "invalid_body", None)
    assert answer.json()["error"]["message"] == f"The request body is not valid {wrong}."


def test_codings_without_end_are_400(server: ServerProcess) -> None:
    answer = post(server.url, BODY, headers=JSON_HEADERS | {"Content-Encoding": ", ".join(["gzip"] * 5)})
    assert answer.error() == (400, "invalid_body", None)


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("gzip, gzip", twice), ("deflate", raw_deflate)]
)
def test_the_limit_holds_after_each_coding(
    server: ServerProcess, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    headers = JSON_HEADERS | {"Content-Encoding": encoding}
    body = b'{"model": "echo", "x": "%s"}'
    whole = body % (b"a" * (LIMIT - len(body) + 2))
    assert post(server.url, pack(whole), headers=headers).status == 200
    assert post(server.url, pack(whole + b" "), headers=headers).error() == (413, "request_too_large", None)
    bomb = pack(b"[" * 50_000_000)
    assert post(server.url, bomb, headers=headers).error() == (413, "request_too_large", None)


# --- bodies that break off


CHUNKED = "Transfer-Encoding: chunked"


def clients_that_left(server: ServerProcess) -> float:
    page = get(server.url, "/metrics").body.decode()
    counts = re.findall(r'^ovpipe_requests_total\{.*status="499".*\} (\S+)$', page, re.MULTILINE)
    return sum(map(float, counts))


@pytest.mark.parametrize(
    "request_bytes",
    [
        pytest.param(raw_post(BODY + b" " * 50)[:-50], id="before its Content-Length"),
        pytest.param(raw_post(b"9\r\n{", CHUNKED).replace(b"Content-Length: 4\r\n", b""), id="in a chunk"),
        pytest.param(
            raw_post(b"19\r\n" + BODY + b"\r\n", CHUNKED).replace(b"Content-Length: 31\r\n", b""),
            id="before the last chunk",
        ),
    ],
)
def test_a_body_that_breaks_off_is_400_for_a_client_that_listens_on(
    server: ServerProcess, request_bytes: bytes
) -> None:
    before = clients_that_left(server)
    with connected(server.url) as connection, connection.makefile("rb") as answer:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        told = answer.read()
    assert status_of(told) == 400
    assert b"The request body is cut short" in told
    wait_until(lambda: clients_that_left(server) == before + 1)  # as which it counts: most such have left


@pytest.mark.parametrize("chunks", [b"zz\r\n", b"1\r\n{xx0\r\n\r\n", b"-1\r\n{\r\n"])
def test_chunks_that_are_none_are_400(server: ServerProcess, chunks: bytes) -> None:
    length = f"Content-Length: {len(chunks)}\r\n".encode()
    told = raw(server.url, raw_post(chunks, CHUNKED).replace(length, b""))
    assert status_of(told) == 400
    assert b'{"error":{' in told
    assert post(server.url, BODY, path=CHAT).status == 200
