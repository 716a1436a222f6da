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

    @classmethod
    def of(cls, section: Mapping[str, Any], base: Path) -> SecurityConfig:
        """That of a server.yaml's section, which its schema has checked; paths are relative to `base`."""
        file = section.get("api_keys")
        return cls(api_keys=None if file is None else base / file)
