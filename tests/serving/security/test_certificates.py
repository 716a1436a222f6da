"""TLS: a pair of files, and a real server whose pair changes under open connections."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ovpipe.serving.security.certificates import Certificates
from ovpipe.serving.security.config import SecurityConfig
from ovpipe.serving.security.doors import Doors
from ovpipe.serving.security.errors import SecurityError
from tests.serving.asking import CHAT, JSON_HEADERS
from tests.serving.conftest import GRAPHS
from tests.serving.server_process import ServerProcess
from tests.serving.waiting import wait_until


def make_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for localhost that nobody else has signed, and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-out", str(cert), "-keyout", str(key)]
    subprocess.run([*command.split(), *names, *files], check=True, capture_output=True, timeout=60)
    return cert, key


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pairs, `old` and `new`, and the pair `live` that begins as the old one."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("old", "new"):
        make_pair(folder, name)
    for end in ("pem", "key"):
        (folder / f"live.{end}").write_bytes((folder / f"old.{end}").read_bytes())
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[ServerProcess]:
    """An echo behind the pair `live`."""
    pair = ("--ssl-certfile", str(folder / "live.pem"), "--ssl-keyfile", str(folder / "live.key"))
    with ServerProcess(str(GRAPHS / "echo.yaml"), *pair) as server:
        server.wait_ready()
        yield server


def connect(server: ServerProcess, trusted: Path) -> http.client.HTTPSConnection:
    """A connection that is open, to a server with a certificate that is trusted."""
    context = ssl.create_default_context(cafile=trusted)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30)
    connection.connect()
    return connection


def chat(connection: http.client.HTTPSConnection) -> int:
    connection.request("POST", CHAT, b'{"model": "echo"}', JSON_HEADERS)
    response = connection.getresponse()
    response.read()
    return response.status


def certificate(server: ServerProcess) -> str:
    """What a new connection gets."""
    return ssl.get_server_certificate(("127.0.0.1", server.port), timeout=30).strip()


def test_a_new_pair_is_taken_and_open_connections_go_on(server: ServerProcess, folder: Path) -> None:
    assert server.url.startswith("https://")
    old, new = ((folder / f"{name}.pem").read_text().strip() for name in ("old", "new"))
    with closing(connect(server, folder / "old.pem")) as opened:
        assert chat(opened) == 200
        (folder / "live.pem").write_text(new)
        server.wait_line(
            "ERROR .*the TLS pair: the change has no effect.* the key belongs to another certificate"
        )
        assert certificate(server) == old
        (folder / "live.key").write_bytes((folder / "new.key").read_bytes())
        wait_until(lambda: certificate(server) == new)
        assert chat(opened) == 200
    with closing(connect(server, folder / "new.pem")) as fresh:
        assert chat(fresh) == 200


def test_what_is_no_tls_is_not_answered_and_hurts_nobody(server: ServerProcess, folder: Path) -> None:
    plain = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    plain.request("GET", "/health")
    with closing(plain), pytest.raises((ConnectionError, http.client.HTTPException)):
        plain.getresponse()
    assert certificate(server)
    assert not any("Traceback" in line for line in server.log)


def test_who_has_yet_to_agree_on_tls_counts_as_a_connection(server: ServerProcess) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    asking = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30)

    def connections() -> int:
        asking.request("GET", "/metrics")
        found = re.search(rb"^ovpipe_connections (\d+)", asking.getresponse().read(), re.MULTILINE)
        assert found is not None
        return int(found[1])

    with closing(asking), ExitStack() as silent:
        wait_until(lambda: connections() == 1)
        for _ in range(3):
            silent.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        wait_until(lambda: connections() == 4)
        silent.close()
        wait_until(lambda: connections() == 1)


def test_a_body_that_is_cut_short_over_tls_is_one_request_s_trouble(
    server: ServerProcess, folder: Path
) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    cut = http.client.HTTPSConnection("127.0.0.1", server.port, context=context, timeout=30)
    cut.putrequest("POST", CHAT)
    cut.putheader("Content-Type", "application/json")
    cut.putheader("Content-Length", "100")
    cut.endheaders(b'{"model"')
    cut.sock.shutdown(2)
    cut.close()
    assert certificate(server)
    assert not any("eof_received" in line for line in server.log)


def test_nothing_older_than_tls_1_2_is_spoken(folder: Path) -> None:
    context = Certificates(folder / "old.pem", folder / "old.key").context
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_certificate_and_key_may_stand_in_one_file(folder: Path, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes((folder / "old.pem").read_bytes() + (folder / "old.key").read_bytes())
    both.chmod(0o600)
    assert Certificates(both, None).files() == (both,)


def test_a_pair_that_does_not_work_is_said_before_anything_starts(folder: Path, tmp_path: Path) -> None:
    old, key = folder / "old.pem", folder / "old.key"
    locked = tmp_path / "locked.key"
    command = f"openssl pkey -in {key} -aes256 -passout pass:word -out {locked}"
    subprocess.run(command.split(), check=True, capture_output=True, timeout=60)
    for cert, of_key, said in (
        (old, folder / "new.key", "the key belongs to another certificate"),
        (old, tmp_path / "nowhere", "cannot be read: No such file"),
        (folder / "nowhere", key, "cannot be read: No such file"),
        (key, key, "cannot be used: "),
        (old, locked, "has a passphrase"),
    ):
        with pytest.raises(SecurityError, match=said):
            Certificates(cert, of_key)
    with pytest.raises(SecurityError, match="a TLS key needs its certificate"):
        Doors.of(SecurityConfig(ssl_keyfile=key), "127.0.0.1")
