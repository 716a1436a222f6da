"""API keys: a name, roles, and the hash of a secret. The secret itself is kept nowhere."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ovpipe.serving.security.errors import SecurityError
from ovpipe.serving.security.roles import Role

PREFIX: Final = "sk-ovpipe-"
"""Makes a leaked key easy to find, for people and for scanners."""
RANDOM_BYTES: Final = 32
FEWEST_CHARACTERS: Final = 32
"""128 bits as hexadecimal digits. A key that is shorter could be guessed from its hash."""
FEWEST_DIFFERENT: Final = 10
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key. Its name is the client's in logs and shares; `digest` is the SHA-256 of its secret.

    A fast hash is right here: it protects a secret of 128 random bits and more, of which nobody can try a
    noticeable part. Slow hashes are for passwords, which people choose, and each request would pay for one.
    """

    name: str
    roles: frozenset[Role]
    digest: bytes
    priorities: tuple[int, int] | None = None
    """The range that its requests may have as `priority`; None: any."""


def new_secret() -> str:
    """A secret of 256 random bits."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def digest_of(secret: str) -> bytes:
    """The hash that stands for a secret. Any text has one, also what came undecodable in a header."""
    return sha256(secret.encode(errors="surrogateescape")).digest()


def key_of(name: str, secret: str, roles: frozenset[Role]) -> ApiKey:
    """The key of a secret that somebody chose; refuses one that could be guessed, and never shows it."""
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        wrong = "has characters that no header carries; use printable ASCII without spaces"
    elif len(secret) < FEWEST_CHARACTERS or len(set(secret)) < FEWEST_DIFFERENT:
        wrong = f"can be guessed; a key has {FEWEST_CHARACTERS} random characters or more"
    else:
        return ApiKey(name, roles, digest_of(secret))
    raise SecurityError(
        f"the API key {name!r} {wrong}. `openssl rand -hex 32` makes one, and so does `ovpipe keys new`"
    )
