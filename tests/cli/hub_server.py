"""A server on this machine that speaks as much of the hub's API as huggingface_hub asks when it downloads."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

RESOLVE = re.compile(r"/(?P<repository>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
TREE = re.compile(r"/api/models/(?P<repository>[^/]+/[^/]+)/tree/(?P<revision>[^/?]+).*")
INFO = re.compile(r"/api/models/(?P<repository>[^/]+/[^/?]+)(/revision/(?P<revision>[^/?]+))?(\?.*)?")


@dataclass
class Repository:
    """Files by name; with a `token`, only for who sends it; `gated` for nobody yet."""

    files: dict[str, bytes]
    token: str | None = None
    gated: bool = False
    revisions: tuple[str, ...] = ("main",)
    breaks_at: int | None = None
    """The next answer with more bytes ends after so many, once."""

    @property
    def commit(self) -> str:
        return hashlib.sha1(b"".join(self.files.values())).hexdigest()


@dataclass
class Hub:
    """The repositories, and what was asked of the server: the path, and the range if there was one."""

    repositories: dict[str, Repository]
    url: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: ClassVar[Hub]

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_HEAD(self) -> None:
        self.respond()

    def do_GET(self) -> None:
        self.respond()

    def respond(self) -> None:
        self.hub.asked.append((self.path, self.headers.get("Range")))
        for pattern in (RESOLVE, TREE, INFO):
            if match := pattern.fullmatch(self.path):
                break
        else:
            return self.answer(404, b"")
        repository = self.hub.repositories.get(match["repository"])
        if repository is None or (
            repository.token and self.headers.get("Authorization") != f"Bearer {repository.token}"
        ):
            return self.answer(401 if repository else 404, b"", {"X-Error-Code": "RepoNotFound"})
        if match["revision"] not in (None, repository.commit, *repository.revisions):
            return self.answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
        if pattern is RESOLVE:
            if repository.gated:
                return self.answer(403, b"", {"X-Error-Code": "GatedRepo"})
            return self.file(repository, match["file"])
        files = repository.files
        if pattern is TREE:
            found = [
                {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for name, data in files.items()
            ]
            return self.answer(200, json.dumps(found).encode())
        info = {
            "id": match["repository"],
            "sha": repository.commit,
            "private": False,
            "gated": "manual" if repository.gated else False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "siblings": [{"rfilename": name} for name in files],
        }
        return self.answer(200, json.dumps(info).encode())

    def file(self, repository: Repository, name: str) -> None:
        data = repository.files.get(name)
        if data is None:
            return self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        headers = {
            "ETag": f'"{hashlib.sha1(data).hexdigest()}"',
            "X-Repo-Commit": repository.commit,
            "Accept-Ranges": "bytes",
        }
        ranged = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if ranged and self.command == "GET":
            begin = int(ranged[1])
            headers["Content-Range"] = f"bytes {begin}-{len(data) - 1}/{len(data)}"
            return self.answer(206, data[begin:], headers)
        if self.command == "GET" and repository.breaks_at is not None and len(data) > repository.breaks_at:
            end, repository.breaks_at = repository.breaks_at, None
            return self.answer(200, data, headers, end=end)
        return self.answer(200, data, headers)

    def answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, end: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:end])
            self.close_connection = end is not None


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """The hub, at hub.url while the block runs."""
    handler = type("HubHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
