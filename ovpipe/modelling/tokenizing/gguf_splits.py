"""How byte-pair tokenizers of GGUF files cut a text, by the name that tokenizer.ggml.pre has.

The names are those of llama.cpp (src/llama-vocab.cpp); the expressions are those of the models' own
tokenizer.json, which llama.cpp writes otherwise where its regular expressions know less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ovpipe.modelling.tokenizing.pre_tokenizers import GPT2_WORDS

_DIGIT = r"\p{N}"
_SUFFIXES = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_NEWLINES = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = rf"{_SUFFIXES}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{_NEWLINES}"
_QWEN2 = rf"{_SUFFIXES}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{_NEWLINES}"
_QWEN35 = (
    rf"{_SUFFIXES}|[^\r\n\p{{L}}\p{{N}}]?[\p{{L}}\p{{M}}]+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_CASED = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_O200K_END = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_CASED[0]}*{_CASED[1]}+{_SUFFIXES}?"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{_CASED[0]}+{_CASED[1]}*{_SUFFIXES}?|\p{{N}}{{1,3}}|{_O200K_END}"
)
_TEKKEN = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_CASED[0]}*{_CASED[1]}+|[^\r\n\p{{L}}\p{{N}}]?{_CASED[0]}+{_CASED[1]}*"
    rf"|\p{{N}}|{_O200K_END}"
)
_ASCII_PUNCTUATION = r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"
_DEEPSEEK3 = (
    r"\p{N}{1,3}",
    r"[\x{4e00}-\x{9fa5}\x{3040}-\x{309f}\x{30a0}-\x{30ff}]+",
    rf"{_ASCII_PUNCTUATION}[A-Za-z]+|[^\r\n\p{{L}}\p{{P}}\p{{S}}]?[\p{{L}}\p{{M}}]+"
    r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)
_DEEPSEEK_CODER = (
    r"[\r\n]",
    r"\s?\p{L}+",
    r"\s?\p{P}+",
    r"[\x{4e00}-\x{9fa5}\x{800}-\x{4e00}\x{ac00}-\x{d7ff}]+",
    _DIGIT,
)
_BLOOM = r" ?[^(\s|.,!?\x{2026}\x{3002}\x{ff0c}\x{3001}\x{964}\x{6d4}\x{60c})]+"
_BAILING = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]"
    r"|\s+(?!\S)|\s+"
)
_SEED_CODER = (
    rf"{_SUFFIXES}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_EXAONE_MOE = (
    rf"{_SUFFIXES}|[^\r\n\p{{L}}\p{{N}}]?(?:\p{{L}}\p{{M}}*(?: \p{{L}}\p{{M}}*)*)+|\p{{N}}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class Splits:
    """The expressions that cut a text, one after another, and what else the name stands for.

    `nfc`: texts are composed first. `whole_words`: a word that is a token is that token, whatever the merges
    make of it. `bos`: the bos token is put before a text where the file does not say.
    """

    expressions: tuple[str, ...]
    nfc: bool = False
    whole_words: bool = False
    bos: bool = False


def splits_by_name() -> Mapping[str, Splits]:
    """All that are known."""
    gpt2 = Splits((GPT2_WORDS,))
    composed = Splits((GPT2_WORDS,), nfc=True)
    digits = Splits((_DIGIT, GPT2_WORDS))
    llama3 = Splits((_LLAMA3,), whole_words=True, bos=True)
    qwen2 = Splits((_QWEN2,), nfc=True)
    o200k = Splits((_O200K,), whole_words=True)
    names = {
        "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2": llama3,
        "dbrx smaug-bpe glm4 chatglm-bpe": Splits((_LLAMA3,)),
        "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez": qwen2,
        "stablelm2 hunyuan solar-open grok-2": Splits((_QWEN2,)),
        "qwen35": Splits((_QWEN35,), nfc=True),
        "smollm starcoder refact codeshell exaone minerva-7b mellum2": digits,
        "command-r": Splits((_DIGIT, GPT2_WORDS), nfc=True),
        "gpt-2 phi-2 jais trillion granite-docling exaone4 gigachat a.x-4.0 mellum": gpt2,
        "mpt olmo": composed,
        "gpt-4o llama4 kanana2 minimax-m2": o200k,
        "tekken": Splits((_TEKKEN,), whole_words=True, bos=True),
        "deepseek-v3 hunyuan-dense joyai-llm": Splits(_DEEPSEEK3),
        "deepseek-coder": Splits(_DEEPSEEK_CODER),
        "bloom gpt3-finnish poro-chat": Splits((_BLOOM,)),
        "viking": Splits((_BLOOM, _DIGIT)),
        "bailingmoe bailingmoe2": Splits((_BAILING,)),
        "seed-coder": Splits((_SEED_CODER,)),
        "exaone-moe": Splits((_EXAONE_MOE,)),
        "falcon": Splits((r"[\p{P}$+<=>\^~|`]+", GPT2_WORDS, "[0-9][0-9][0-9]")),
        "default": Splits((r"[\p{P}$+<=>\^~|]+", GPT2_WORDS, r"\p{N}+", "[0-9][0-9][0-9]")),
    }
    return {name: splits for group, splits in names.items() for name in group.split()}
