"""ChoiceParser: an OutputParser for the deltas of one choice."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import msgspec

from ovpipe.calculators.llm.output_parsers.formats.plain_text import PlainText
from ovpipe.calculators.llm.output_parsers.parser import SHOWN, OutputParser
from ovpipe.calculators.llm.output_parsers.readers.pieces import Piece, TextBuffer
from ovpipe.calculators.llm.output_parsers.token_places import TokenPlaces, merged
from ovpipe.calculators.llm.packets import (
    CalledTool,
    Content,
    Finish,
    OutputDelta,
    Part,
    Reasoning,
    TextDelta,
)


class ChoiceParser:
    """What the text of one choice means, and how many tokens of it were thoughts.

    A forced call ends with "stop" and a chosen one with "tool_calls", as at OpenAI. Of a request that wants
    one call, only the first is handed on. `thinks` says that there may be thoughts: then tokens that come
    together are read one by one, so that each counts as what it is. `stops` says that stop strings will be
    looked for: then the deltas say with which token each character of the content came.
    """

    def __init__(
        self,
        parser: OutputParser,
        *,
        thinks: bool = False,
        most_calls: int | None = None,
        named: bool = False,
        stops: bool = False,
    ) -> None:
        self._parser = parser
        self._plain = type(parser) is PlainText
        self._thinks = thinks
        self._most_calls = most_calls
        self._named = named
        self._places = TokenPlaces() if stops else None
        self._calls = 0
        self._seen_tokens = 0
        self._reasoning_tokens = 0
        self._last: TextDelta | None = None

    def parse(self, delta: TextDelta) -> OutputDelta:
        """The next delta; after one with a finish there is none."""
        if delta.finish is not None:
            self._last = None
            return self._output(delta, *self._read(delta))
        self._last = delta
        if not self._plain or delta.specials or (self._places and delta.ends):
            return self._output(delta, *self._read(delta))
        self._seen_tokens = delta.completion_tokens
        text = delta.text  # most answers are nothing but this
        return OutputDelta(
            (Content(text),) if text else (),
            delta.completion_tokens,
            delta.prompt_tokens,
            None,
            delta.prompt,
            delta.choice,
            0,
            delta.tokens,
            (),
            delta.cached_tokens,
            delta.prompt_logprobs,
        )

    def rest(self) -> OutputDelta | None:
        """What was held back, when the text has ended without a finish."""
        if self._last is None:
            return None
        parts = self._parser.finish(shown=None)
        if not parts:
            return None
        ends = self._ends("", self._last.completion_tokens, parts, 0)
        return self._output(msgspec.structs.replace(self._last, tokens=(), prompt_logprobs=()), parts, ends)

    def _read(self, delta: TextDelta) -> tuple[list[Part], list[tuple[int, int]]]:
        """What a delta means, and with how many tokens its content came; counts its thoughts."""
        new = delta.completion_tokens - self._seen_tokens
        self._seen_tokens = delta.completion_tokens
        ending = None if delta.finish is None else delta
        if not (self._thinks or self._places) or new < 2 or new != len(delta.ends):
            parts = self._read_piece(Piece(delta.text, delta.specials), ending, new)
            return parts, self._ends(delta.text, delta.completion_tokens, parts, 0)
        buffer = TextBuffer()
        buffer.push(delta.text, delta.specials)
        parts, ends = [], []
        content = 0
        for tokens, at in enumerate(delta.ends, delta.completion_tokens - new + 1):
            last = tokens == delta.completion_tokens
            piece = buffer.take(len(delta.text) if last else at)
            more = self._read_piece(piece, ending if last else None, 1)
            ends += self._ends(piece.text, tokens, more, content)
            content += sum(map(len, contents(more)))
            parts += more
        return joined(parts), ends

    def _ends(self, text: str, tokens: int, parts: list[Part], before: int) -> list[tuple[int, int]]:
        """With how many tokens the content of some parts came, of which `text` came last.

        `before` is how many characters of content there were before in the same delta.
        """
        if self._places is None:
            return []
        return [(before + at, count) for at, count in self._places.of("".join(contents(parts)), text, tokens)]

    def _read_piece(self, piece: Piece, ending: TextDelta | None, tokens: int) -> list[Part]:
        """What a piece of the text means; the last of a delta that ends the text, if there is an `ending`.

        A limit may cut a text amid a marker's first character.
        """
        parts = self._parser.feed(*piece) if piece.text else []
        thinking = self._parser.reasoning and (bool(piece.text) or ending is None)
        if ending is not None:
            shown = 0 if ending.finish == "length" else SHOWN
            parts = parts + self._parser.finish(ending.end, shown=shown)
        if self._thinks and (thinking or any(type(part) is Reasoning for part in parts)):
            self._reasoning_tokens += tokens
        return parts

    def _output(self, delta: TextDelta, parts: list[Part], ends: list[tuple[int, int]]) -> OutputDelta:
        calls = 0
        for part in parts:
            if type(part) is CalledTool:
                calls += 1
        finish: Finish = delta.finish
        if calls and self._most_calls is not None:
            parts = first_calls(parts, self._most_calls - self._calls)
        self._calls += calls
        if finish == "stop" and self._calls and not self._named:
            finish = "tool_calls"
        return OutputDelta(
            tuple(parts),
            delta.completion_tokens,
            delta.prompt_tokens,
            finish,
            delta.prompt,
            delta.choice,
            self._reasoning_tokens,
            delta.tokens,
            merged(ends, delta.completion_tokens),
            delta.cached_tokens,
            delta.prompt_logprobs,
        )


def contents(parts: Iterable[Part]) -> list[str]:
    """The texts of the answer among some parts."""
    return [part.text for part in parts if type(part) is Content]


def joined(parts: list[Part]) -> list[Part]:
    """The parts, with texts of one kind in a row made one."""
    whole: list[Part] = []
    for kind, row in groupby(parts, type):
        if kind is CalledTool:
            whole.extend(row)
        else:
            text = "".join(part.text for part in row if not isinstance(part, CalledTool))
            whole.append(Content(text) if kind is Content else Reasoning(text))
    return whole


def first_calls(parts: list[Part], most: int) -> list[Part]:
    """The parts with no more calls than so many."""
    kept: list[Part] = []
    for part in parts:
        if type(part) is CalledTool:
            if most <= 0:
                continue
            most -= 1
        kept.append(part)
    return kept
