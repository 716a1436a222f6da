"""The doors of one server: what its configuration says of who may come in, made ready to be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ovpipe.serving.security.binding import check_binding
from ovpipe.serving.security.certificates import Certificates
from ovpipe.serving.security.config import SecurityConfig
from ovpipe.serving.security.errors import SecurityError
from ovpipe.serving.security.guard import Guard
from ovpipe.serving.security.hosts import AllowedHosts
from ovpipe.serving.security.key_ring import KeyRing
from ovpipe.serving.security.origins import AllowedOrigins
from ovpipe.serving.watched_files import WatchedFiles


@dataclass(frozen=True, slots=True)
class Doors:
    """The guard of a server, and the files that it is made of."""

    guard: Guard = field(default_factory=Guard)
    watched: Sequence[WatchedFiles] = ()
    certificates: Certificates | None = None
    """None: without TLS."""

    @classmethod
    def of(cls, config: SecurityConfig, host: str) -> Doors:
        """Those of a server that listens at `host`.

        Raises SecurityError, or GraphError for a file of keys, where a server must not be started so.
        """
        keys = KeyRing(config.given_keys, config.api_keys)
        watched = []
        if config.api_keys is not None:
            watched.append(_read_by(f"API keys in {config.api_keys}", [config.api_keys], keys.read_file))
        certificates = _certificates(config)
        if certificates is not None:
            watched.append(_read_by("the TLS pair", certificates.files(), certificates.read_files))
        check_binding(host, has_keys=keys.required, insecure=config.insecure)
        hosts = AllowedHosts.of(host, config.allowed_hosts)
        return cls(Guard(keys, hosts, AllowedOrigins.of(config.cors_origins)), watched, certificates)


def _read_by(what: str, files: Sequence[Path], read: Callable[[], None]) -> WatchedFiles:
    return WatchedFiles(what, lambda: files, lambda _: asyncio.to_thread(read))


def _certificates(config: SecurityConfig) -> Certificates | None:
    if config.ssl_certfile is not None:
        return Certificates(config.ssl_certfile, config.ssl_keyfile)
    if config.ssl_keyfile is not None:
        raise SecurityError("a TLS key needs its certificate; name it by --ssl-certfile")
    return None
