"""TokenizerCalculator: a model folder's tokenizer."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.loading.folder import TOKENIZER, check_folder
from ovpipe.ports import SideOutput
from ovpipe.registry import register
from ovpipe.tokenizers.tokenizer import Tokenizer


@register
class TokenizerCalculator(Calculator):
    """Loads a model's tokenizer, once, for all requests of its graph.

    No streams. Side output `tokenizer`: turns text into tokens and back.

    `models_path` is a folder with openvino_tokenizer.xml and openvino_detokenizer.xml.

        tokenizer:
          calculator: TokenizerCalculator
          side_outputs: {tokenizer: tokenizer}
          options: {models_path: ./models/qwen}
    """

    tokenizer = SideOutput[Tokenizer]()

    def __init__(self, *, models_path: str) -> None:
        self._folder = Path(models_path)

    async def open(self, cx: Context) -> None:
        """Reads the tokenizer, in a thread."""
        check_folder(self._folder, *TOKENIZER)
        cx.progress("loading the tokenizer")
        cx.set_side(self.tokenizer, await asyncio.to_thread(Tokenizer.load, self._folder))
