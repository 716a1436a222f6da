"""Certificates: TLS from a file of certificates and one of a key, which may change while the server runs."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final, NoReturn

from ovpipe.serving.security.errors import SecurityError
from ovpipe.serving.security.key_file import warn_of_access

HANDSHAKE_SECONDS: Final = 15.0
"""How long a client may take to agree on TLS."""


class Certificates:
    """The certificate that new connections get. Those that are open keep what they have agreed on."""

    def __init__(self, certfile: Path, keyfile: Path | None) -> None:
        """Without a keyfile the key stands in `certfile`. Raises SecurityError where it does not fit."""
        self._certfile = certfile
        self._keyfile = keyfile
        self.read_files()
        self.context = self._current
        self.context.sni_callback = self._choose

    def files(self) -> tuple[Path, ...]:
        """What `read_files` reads."""
        return (self._certfile,) if self._keyfile is None else (self._certfile, self._keyfile)

    def read_files(self) -> None:
        """Takes the pair as it is now. When it raises, as for half of a new pair, that of before stays."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._certfile, self._keyfile, password=self._refuse)
            warn_of_access(self.files()[-1], "the TLS key")
        except ssl.SSLError as error:
            raise SecurityError(f"{self._pair()} cannot be used: {_reason(error)}") from error
        except OSError as error:
            raise SecurityError(f"{self._pair()} cannot be read: {error.strerror or error}") from error
        self._current = context

    def _choose(self, connection: ssl.SSLObject, _: str | None, __: ssl.SSLContext) -> None:
        """OpenSSL asks for each connection, also for those that name no host.

        A context that is in use is never changed: half of a new pair would break it.
        """
        connection.context = self._current

    def _refuse(self) -> NoReturn:
        raise SecurityError(
            f"the TLS key {self.files()[-1]} has a passphrase, and nobody is there to type it; "
            "write the key without: openssl pkey -in KEY -out NEW_KEY"
        )

    def _pair(self) -> str:
        key = "" if self._keyfile is None else f" with the key {self._keyfile}"
        return f"the TLS certificate {self._certfile}{key}"


def _reason(error: ssl.SSLError) -> str:
    """What OpenSSL says, in words."""
    return {
        "KEY_VALUES_MISMATCH": "the key belongs to another certificate",
        "NO_START_LINE": "a file is not in PEM's form",
    }.get(error.reason or "", error.reason or str(error))
