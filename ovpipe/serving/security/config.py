"""What a server.yaml's `security`, the command line and the environment say of who may come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ovpipe.serving.security.api_key import ApiKey


@dataclass(frozen=True, slots=True)
class SecurityConfig:
    """Who may come in. Without keys everybody may whom the address lets in."""

    given_keys: tuple[ApiKey, ...] = ()
    """Those of the command line and of the environment."""
    api_keys: Path | None = None
    """The file of keys."""
    allowed_hosts: tuple[str, ...] = ()
    """Names that the server answers to, besides its own."""
    cors_origins: tuple[str, ...] = ()
    """Origins of the web pages that may use the server, besides its own."""
    insecure: bool = False
    """Whether everybody is let in where others can reach the server and there are no keys."""
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None

    @classmethod
    def of(cls, section: Mapping[str, Any], base: Path) -> SecurityConfig:
        """That of a server.yaml's section, which its schema has checked; paths are relative to `base`."""
        paths = {
            name: base / section[name]
            for name in ("api_keys", "ssl_certfile", "ssl_keyfile")
            if name in section
        }
        return cls(
            **paths,
            allowed_hosts=tuple(section.get("allowed_hosts", ())),
            cors_origins=tuple(section.get("cors_origins", ())),
            insecure=section.get("insecure", False),
        )
