"""ModelStoreError: why a model cannot come in, or cannot be found."""

from __future__ import annotations

from ovpipe.errors import OvpipeError


class ModelStoreError(OvpipeError):
    """A model's name, repository or folder is wrong; the message says the fact and a remedy."""
