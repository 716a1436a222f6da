"""What is wrong with the configuration of the doors."""

from __future__ import annotations

from ovpipe.errors import OvpipeError


class SecurityError(OvpipeError):
    """A key, a file, a name or an address that a server must not be started with."""
