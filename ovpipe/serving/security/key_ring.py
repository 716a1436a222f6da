"""All keys of a server: those given at its start, and those of a file that is read again when it changes."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from pathlib import Path

from ovpipe.serving.security.api_key import ApiKey, digest_of
from ovpipe.serving.security.key_file import read_keys, warn_of_access


class KeyRing:
    """Finds the key of a secret. Where keys are asked for, they are: also when the file has none any more."""

    def __init__(self, given: Iterable[ApiKey] = (), file: Path | None = None) -> None:
        """Raises GraphError or SecurityError for a file that cannot be used."""
        self._given = tuple(given)
        self._file = file
        self._keys = self._given
        self.required = bool(self._given) or file is not None
        """Whether a request needs a key."""
        self.read_file()

    def __len__(self) -> int:
        return len(self._keys)

    def read_file(self) -> None:
        """Takes the file's keys as they are now. When it raises, those of before stay."""
        if self._file is not None:
            self._keys = (*self._given, *read_keys(self._file))
            warn_of_access(self._file, "the file of API keys")

    def find(self, secret: str) -> ApiKey | None:
        """The key of a secret.

        Each key is compared, and each comparison takes the same time: how long it takes says nothing.
        """
        digest = digest_of(secret)
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found
