"""The tokenizer in a folder of Hugging Face's, whichever file has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.tokenizing.sentencepiece_file import tokenizer_of_sentencepiece
from ovpipe.modelling.tokenizing.tekken_file import tokenizer_of_tekken

FILES = ("tokenizer.json", "tokenizer.model", "tekken.json")
"""Those that are read; the first that is there."""


def read_tokenizer(folder: Path) -> dict[str, Any]:
    """The content of a tokenizer.json, read or made. Raises BrokenModel where there is no file of these."""
    file = next((folder / name for name in FILES if (folder / name).exists()), None)
    if file is None:
        raise BrokenModel(folder, f"has no tokenizer: none of {', '.join(FILES)}")
    if file.name == "tokenizer.model":
        return tokenizer_of_sentencepiece(file)
    try:
        content = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise BrokenModel(file, f"is not JSON: {error}") from None
    if not isinstance(content, dict):
        raise BrokenModel(file, "is not a JSON object")
    if file.name == "tokenizer.json":
        return content
    try:
        return tokenizer_of_tekken(content)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenModel(file, f"is none that mistral-common writes: {error!r}") from None
