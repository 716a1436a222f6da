"""The doors of one server: what its configuration says of who may come in, made ready to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ovpipe.serving.security.config import SecurityConfig
from ovpipe.serving.security.file_watch import WatchedFiles
from ovpipe.serving.security.guard import Guard
from ovpipe.serving.security.key_ring import KeyRing


@dataclass(frozen=True, slots=True)
class Doors:
    """The guard of a server, and the files that it is made of."""

    guard: Guard = field(default_factory=Guard)
    watched: Sequence[WatchedFiles] = ()

    @classmethod
    def of(cls, config: SecurityConfig) -> Doors:
        """Those of a configuration. Raises OvpipeError for a file that cannot be used."""
        keys = KeyRing(config.given_keys, config.api_keys)
        watched = []
        if config.api_keys is not None:
            watched.append(WatchedFiles(f"API keys in {config.api_keys}", (config.api_keys,), keys.read_file))
        return cls(Guard(keys), watched)
