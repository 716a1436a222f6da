"""Names of models: what one is called, and what a repository's is."""

from __future__ import annotations

import re
from typing import Final

from ovpipe.model_store.errors import ModelStoreError

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_FORMAT: Final = re.compile(r"-(GGUF|((int4|int8|fp16|fp32|bf16)(-\w+)*-)?ov)$", re.ASCII | re.IGNORECASE)
"""What publishers put after a model's name to say how its weights are stored."""


def name_of(repository: str) -> str:
    """The model's name: the last part of its repository's, without the format of its weights."""
    return _FORMAT.sub("", repository.rpartition("/")[2])


def checked_name(name: str) -> str:
    """The name; raises ModelStoreError when it could not be a folder's and a request's."""
    if NAME.fullmatch(name) and not name.endswith("."):
        return name
    raise ModelStoreError(
        f"{name!r} is no name of a model: one begins with a letter or a digit, and goes on with letters, "
        "digits, '.', '-' and '_', 96 in all at most"
    )
