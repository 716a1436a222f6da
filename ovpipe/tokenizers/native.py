"""OpenVINO's own tokenizers, imported when the first one is loaded.

OpenVINO takes a third of a second to import. `ovpipe check`, and servers without a tokenizer, do without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino_genai

# The first accesses to Tensor.data, from several threads at once, deadlock: three models that loaded beside
# each other did. One thread imports while the others wait, so this access is the first.
_ = ov.Tensor(np.zeros((1, 1), np.int64)).data


def open_tokenizer(folder: Path) -> Any:
    """The tokenizer and detokenizer of a folder."""
    return openvino_genai.Tokenizer(str(folder))


def decode_rows(tokenizer: Any, rows: Sequence[Sequence[int]]) -> list[str]:
    """The texts of rows of token ids, all of one length, without special tokens."""
    texts: list[str] = tokenizer.decode(ov.Tensor(np.array(rows, np.int64)), skip_special_tokens=True)
    return texts
