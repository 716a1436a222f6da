"""What ovpipe's own detokenizer makes of the built models, token by token."""

from pathlib import Path
from typing import Any

import openvino as ov
import pytest

from ovpipe.modelling.tokenizing import build_tokenizer_models
from ovpipe.tokenizers.tokenizer import Tokenizer
from tests.modelling.tokenizing.test_byte_level import STEPS, trained
from tests.modelling.tokenizing.test_like_sentence_piece import KINDS, unigrams
from tests.modelling.tokenizing.texts import varied_texts

CONTENTS: dict[str, dict[str, Any]] = {
    "smollm": trained(*STEPS["smollm"]),
    "llama 2": KINDS["llama 2"],
    "gemma": KINDS["gemma"],
    "a blank before the first word": KINDS["a blank before the first word"],
    "unigrams": unigrams(fallback=True),
}


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.slow
def test_streamed_text_is_the_whole_text_with_its_first_blank_and_its_bytes(
    name: str, tmp_path: Path
) -> None:
    models = build_tokenizer_models(CONTENTS[name], {})
    ov.save_model(models.tokenizer, tmp_path / "openvino_tokenizer.xml")
    ov.save_model(models.detokenizer, tmp_path / "openvino_detokenizer.xml")
    tokenizer = Tokenizer.load(tmp_path)
    special = [token["content"] for token in CONTENTS[name]["added_tokens"] if token["special"]]
    assert {tokenizer.token_bytes[index].decode() for index in tokenizer.special_ids} == set(special)
    for text in [" a", "a", "  a", "😀", "é 你好", *varied_texts(special, 40)]:
        ids = tokenizer.encode(text, add_special_tokens=True)
        for skips in (True, False):
            stream = tokenizer.detokenizer(skip_special_tokens=skips)
            streamed = "".join(stream.push([token]) for token in ids) + stream.flush()
            assert streamed == tokenizer.decode(ids, skip_special_tokens=skips), text
