"""The tokenizer of a model folder, as calculators use it in the serving process."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from ovpipe.tokenizers.chat_templates import read_chat_templates
from ovpipe.tokenizers.detokenizer import ByteDetokenizer, Detokenizer, WindowedDetokenizer
from ovpipe.tokenizers.gpt2_characters import Gpt2Characters
from ovpipe.tokenizers.truncation import without_limit
from ovpipe.tokenizers.vocabulary import SAMPLES, Vocabulary, read_vocabulary

if TYPE_CHECKING:
    from ovpipe.tokenizers.long_texts import LongTexts

logger = logging.getLogger(__name__)

LONG_TEXT: Final = 16_000
"""Characters, from which on a text is tokenised without the interpreter's lock; openvino_genai takes 8 ms."""
CHECKED_AT_ONCE: Final = 65_536
"""Characters that are checked in one call."""
TEXTS_KEPT: Final = 4096
"""Single tokens whose texts a tokenizer remembers: special tokens and the ends of sequences, as a rule."""


class Tokenizer:
    """Text to token ids and back. Its methods may be called from several threads at once.

    `special_tokens` are the strings a chat template may ask for, by their names in
    tokenizer_config.json: "bos_token", "eos_token", "pad_token" and others.
    """

    def __init__(
        self,
        tokenizer: Any,
        vocabulary: Vocabulary,
        *,
        eos_token_ids: Sequence[int] = (),
        special_tokens: Mapping[str, str] | None = None,
        chat_templates: Mapping[str, str] | None = None,
        folder: Path | None = None,
        context_length: int | None = None,
    ) -> None:
        self.folder = folder
        """Where it was read from, for errors."""
        self.context_length = context_length
        """Tokens that the model beside it was made for; None: its config.json does not say."""
        self._tokenizer = tokenizer
        self.vocabulary = vocabulary
        self.eos_token_ids = tuple(eos_token_ids)
        self.special_tokens = dict(special_tokens or {})
        self.chat_templates = dict(chat_templates or {})
        self._texts: dict[int, str] = {}
        self._texts_without_specials: dict[int, str] = {}
        self.text_of: Callable[[int], str] = lru_cache(TEXTS_KEPT)(partial(_text_of, tokenizer))
        """The text of a single token, special ones too. Asking OpenVINO takes long, so texts are kept."""

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Reads the tokenizer and detokenizer of a model folder, and asks them for their vocabulary."""
        from ovpipe.tokenizers import native  # the first tokenizer loads OpenVINO, which takes a while

        folder = Path(folder)
        if not (folder / "openvino_tokenizer.xml").exists():
            raise FileNotFoundError(
                f"{folder} has no openvino_tokenizer.xml; is it an OpenVINO model folder?"
            )
        with without_limit(folder) as unlimited:
            tokenizer = native.open_tokenizer(unlimited)
        samples = [_encode(tokenizer, text, add_special_tokens=False) for text in SAMPLES]
        vocabulary = read_vocabulary(tokenizer.get_vocab(), samples, partial(native.decode_rows, tokenizer))
        return cls(
            tokenizer,
            vocabulary,
            eos_token_ids=_eos_token_ids(folder, tokenizer),
            special_tokens=_special_tokens(folder, tokenizer),
            chat_templates=read_chat_templates(folder),
            folder=folder,
            context_length=_context_length(folder),
        )

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        """Token ids of the text; special tokens that stand in it are recognised.

        `add_special_tokens` adds what the model's tokenizer puts around a text, often a bos token.
        Raises ValueError when the text has a lone surrogate, which is no character. While a long text is
        tokenised, other threads run.
        """
        if len(text) <= LONG_TEXT or self._long_texts is None:
            return _encode(self._tokenizer, text, add_special_tokens=add_special_tokens)
        check_characters(text)
        return self._long_texts.encode(text, add_special_tokens=add_special_tokens)

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = True) -> str:
        """The text of these tokens. Ids that are beyond the vocabulary stand for nothing."""
        if not ids:
            return ""
        text: str = self._tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens)
        return text

    def detokenizer(self, *, skip_special_tokens: bool = True) -> Detokenizer:
        """A detokenizer for one sequence that grows."""
        vocabulary = self.vocabulary
        if vocabulary.plain_bytes:
            texts = self._texts_without_specials if skip_special_tokens else self._texts
            return ByteDetokenizer(vocabulary.token_bytes, vocabulary.special_ids, skip_special_tokens, texts)
        return WindowedDetokenizer(partial(self.decode, skip_special_tokens=skip_special_tokens))

    def names_of(self, ids: Sequence[int]) -> list[str]:
        """The names of tokens in the vocabulary, as transformers write them: "Ġthe", "▁the", "<0xE4>".

        Of a vocabulary of bytes they are GPT-2's characters, so that no two tokens have one name.
        """
        names = self._names
        return [names[index] for index in ids]

    @cached_property
    def _names(self) -> list[str]:
        """All names, by id."""
        if self.plain_bytes:
            written = Gpt2Characters().text_of
            return [
                name.decode("utf-8", "replace") if index in self.special_ids else written(name)
                for index, name in enumerate(self.token_bytes)
            ]
        names = [""] * self.vocab_size
        for name, index in self._tokenizer.get_vocab().items():
            written_out = (name if isinstance(name, bytes) else name.encode()).decode("utf-8", "replace")
            names[index] = written_out.replace(" ", "▁")  # some converters undo what SentencePiece writes
        return names

    @property
    def token_bytes(self) -> list[bytes]:
        """The bytes of each token by its id."""
        return self.vocabulary.token_bytes

    @property
    def special_ids(self) -> frozenset[int]:
        """The tokens that decode skips."""
        return self.vocabulary.special_ids

    @cached_property
    def _long_texts(self) -> LongTexts | None:
        """What tokenises long texts; None where it would not give the same tokens. The first one makes it."""
        if self.folder is None:
            return None
        from ovpipe.tokenizers.long_texts import LongTexts

        encode = partial(_encode, self._tokenizer)
        try:
            return LongTexts.like(self.folder, encode, self._closing_token(), SAMPLES)
        except (RuntimeError, ValueError) as error:
            logger.warning(
                "everybody waits while a long text is tokenised, as %s has a tokenizer of its own kind: %s",
                self.folder,
                error,
            )
            return None

    def _closing_token(self) -> tuple[str, int] | None:
        """A control token that stands for itself, by its text and its id."""
        for index in self.special_ids:
            name = self.token_bytes[index].decode("utf-8", "replace")
            if name and _encode(self._tokenizer, name, add_special_tokens=False) == [index]:
                return name, index
        return None

    @cached_property
    def control_tokens(self) -> re.Pattern[str] | None:
        """Finds in a text what would become a special token; None where there are none."""
        names = {self.token_bytes[index].decode("utf-8", "replace") for index in self.special_ids}
        # Of two that begin alike the longer is meant. One of a single character could not be split.
        found = sorted((name for name in names if len(name) > 1), key=len, reverse=True)
        return re.compile("|".join(map(re.escape, found))) if found else None

    def fewest_tokens(self, pieces: Sequence[str]) -> int:
        """A number that the tokens of a text do not fall below, without tokenising it; the text is in pieces.

        A token stands for no more bytes than the longest of the vocabulary. What is not ASCII, a tokenizer
        may compose first, so that there are fewer characters: half of them count.
        """
        longest = self._longest_token
        if longest is None:
            return 0
        characters = sum(len(piece) if piece.isascii() else len(piece) // 2 for piece in pieces)
        return characters // longest

    @cached_property
    def _longest_token(self) -> int | None:
        """Its bytes; None where the tokenizer may drop characters, such as spaces in a row."""
        if not self.plain_bytes:
            return None
        probe = f"a{' ' * 300}b{chr(10) * 300}C"
        if self.decode(_encode(self._tokenizer, probe, add_special_tokens=False)) != probe:
            return None
        return max(map(len, self.token_bytes))

    @property
    def plain_bytes(self) -> bool:
        """Whether a text is its tokens' bytes, joined."""
        return self.vocabulary.plain_bytes

    @property
    def vocab_size(self) -> int:
        """The number of token ids that the tokenizer knows; the model's head may have more."""
        return len(self.vocabulary.token_bytes)

    @property
    def chat_template(self) -> str | None:
        """The Jinja source of the template to use when none is named."""
        return self.chat_templates.get("default")


def check_characters(text: str) -> None:
    """Raises ValueError for a lone surrogate."""
    if text.isascii():
        return
    for begin in range(0, len(text), CHECKED_AT_ONCE):
        part = text[begin : begin + CHECKED_AT_ONCE]
        try:
            part.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"the text has a lone surrogate U+{ord(part[error.start]):04X} at character "
                f"{begin + error.start}, which stands for no character"
            ) from None


def _encode(tokenizer: Any, text: str, *, add_special_tokens: bool) -> list[int]:
    check_characters(text)
    ids: list[int] = tokenizer.encode(text, add_special_tokens=add_special_tokens).input_ids.data[0].tolist()
    return ids


def _text_of(tokenizer: Any, token: int) -> str:
    text: str = tokenizer.decode([token], skip_special_tokens=False)
    return text


def _eos_token_ids(folder: Path, tokenizer: Any) -> list[int]:
    """From generation_config.json, where several may stand, or config.json, or the tokenizer itself."""
    for name in ("generation_config.json", "config.json"):
        ids = _read_json(folder / name).get("eos_token_id")
        if ids is not None:
            return list(ids) if isinstance(ids, list) else [ids]
    eos = tokenizer.get_eos_token_id()
    return [eos] if eos >= 0 else []


def _context_length(folder: Path) -> int | None:
    """From config.json, which may have a part of its own for the language model."""
    config = _read_json(folder / "config.json")
    for source in (config, config.get("text_config")):
        if isinstance(source, dict) and isinstance(length := source.get("max_position_embeddings"), int):
            return length
    return None


def _special_tokens(folder: Path, tokenizer: Any) -> dict[str, str]:
    """The entries named ..._token of tokenizer_config.json, each a string or {"content": string}."""
    tokens = {
        "bos_token": tokenizer.get_bos_token(),
        "eos_token": tokenizer.get_eos_token(),
        "pad_token": tokenizer.get_pad_token(),
    }
    for name, value in _read_json(folder / "tokenizer_config.json").items():
        content = value.get("content") if isinstance(value, dict) else value
        if name.endswith("_token") and isinstance(content, str):
            tokens[name] = content
    return {name: token for name, token in tokens.items() if token}


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return content
