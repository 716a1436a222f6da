"""Whether the built models do what the `tokenizers` library does with the same tokenizer.json."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openvino as ov
import openvino_genai
import tokenizers

from ovpipe.modelling.tokenizing import TokenizerModels, build_tokenizer_models
from tests.modelling.tokenizing.texts import varied_texts


def saved(folder: Path, models: TokenizerModels) -> openvino_genai.Tokenizer:
    """The tokenizer as openvino-genai opens it."""
    ov.save_model(models.tokenizer, folder / "openvino_tokenizer.xml")
    ov.save_model(models.detokenizer, folder / "openvino_detokenizer.xml")
    return openvino_genai.Tokenizer(str(folder))


def assert_equal(
    folder: Path,
    content: dict[str, Any],
    *,
    config: dict[str, Any] | None = None,
    reference: dict[str, Any] | None = None,
    texts: Sequence[str] | None = None,
    count: int = 2000,
    decodes: bool = True,
) -> openvino_genai.Tokenizer:
    """Texts become the tokens that they become by `reference`, or by `content`; and tokens the texts."""
    tokenizer = saved(folder, build_tokenizer_models(content, config or {}))
    theirs = tokenizers.Tokenizer.from_str(json.dumps(reference or content))
    theirs.no_padding()
    theirs.no_truncation()
    added = [token["content"] for token in content["added_tokens"]]
    texts = varied_texts(added[:300], count) if texts is None else texts
    for adds in (True, False):
        wanted = [list(found.ids) for found in theirs.encode_batch(texts, add_special_tokens=adds)]
        found = encoded(tokenizer, texts, adds=adds)
        different = [(text, a, b) for text, a, b in zip(texts, found, wanted, strict=True) if a != b]
        assert not different, f"{len(different)} of {len(texts)} texts: {different[:3]}"
        rows = [ids for ids in wanted if ids][:400]
        for skips in (True, False) if decodes and adds else ():
            decoded = [tokenizer.decode(ids, skip_special_tokens=skips) for ids in rows]
            others = theirs.decode_batch(rows, skip_special_tokens=skips)
            # Of bytes that are no UTF-8 `tokenizers` replaces each, and whatever bytes stand beside them.
            pairs = [pair for pair in zip(decoded, others, strict=True) if "\ufffd" not in pair[1]]
            unlike = [pair for pair in pairs if pair[0] != pair[1]]
            assert not unlike, f"{len(unlike)} of {len(rows)} texts: {unlike[:3]}"
    return tokenizer


def encoded(tokenizer: openvino_genai.Tokenizer, texts: Sequence[str], *, adds: bool) -> list[list[int]]:
    """The tokens of each text, in one call."""
    found = tokenizer.encode(list(texts), add_special_tokens=adds)
    return [
        ids[mask == 1].tolist()
        for ids, mask in zip(found.input_ids.data, found.attention_mask.data, strict=True)
    ]
