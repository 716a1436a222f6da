"""Names of models: what one is called, and what a repository's is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from ovpipe.model_store.errors import ModelStoreError

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_FORMAT: Final = re.compile(r"-(GGUF|((int4|int8|fp16|fp32|bf16)(-\w+)*-)?ov)$", re.ASCII | re.IGNORECASE)
"""What publishers put after a model's name to say how its weights are stored."""

_GGUF: Final = re.compile(
    r"([.-](UD-)?(I?Q\d\w*|BF16|FP?16|FP?32))?(-\d{5}-of-\d{5})?$", re.ASCII | re.IGNORECASE
)
"""What stands after it in the name of a GGUF file: the quantisation, and which part of several it is."""


def name_of(repository: str) -> str:
    """The model's name: the last part of its repository's, without the format of its weights."""
    return _FORMAT.sub("", repository.rpartition("/")[2])


def repository_of(what: str) -> tuple[str, str | None] | None:
    """The repository and the file that OWNER/NAME or OWNER/NAME/FILE.gguf names; None where it names none."""
    if REPOSITORY.fullmatch(what):
        return what, None
    owner, _, rest = what.partition("/")
    name, _, file = rest.partition("/")
    repository = f"{owner}/{name}"
    return (repository, file) if REPOSITORY.fullmatch(repository) and file.lower().endswith(".gguf") else None


def name_of_path(path: Path) -> str:
    """The name of the model in a file or folder: its own, without the format of its weights, as a name."""
    own = path.absolute()
    stem = _GGUF.sub("", own.stem, count=1) if own.suffix.lower() == ".gguf" else name_of(own.name)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:96].rstrip(".") or "model"


def checked_name(name: str) -> str:
    """The name; raises ModelStoreError when it could not be a folder's and a request's."""
    if NAME.fullmatch(name) and not name.endswith("."):
        return name
    raise ModelStoreError(
        f"{name!r} is no name of a model: one begins with a letter or a digit, and goes on with letters, "
        "digits, '.', '-' and '_', 96 in all at most"
    )
