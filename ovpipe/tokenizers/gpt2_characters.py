"""The characters that GPT-2 writes for bytes (openai/gpt-2, src/encoder.py, bytes_to_unicode).

A printable Latin-1 character stands for its own code; the other bytes, in order, are U+0100 and following.
"""

from __future__ import annotations


class Gpt2Characters:
    """Reads and writes bytes as these characters."""

    def __init__(self) -> None:
        printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
        others = sorted(set(range(256)).difference(printable))
        self._bytes = _Table(zip(printable, printable, strict=True))
        self._bytes |= {0x100 + index: byte for index, byte in enumerate(others)}
        self._characters = {byte: code for code, byte in self._bytes.items()}

    def bytes_of(self, text: str) -> bytes | None:
        """The bytes that a text stands for; None where it has a character that stands for none."""
        try:
            return text.translate(self._bytes).encode("latin-1")
        except UnicodeEncodeError:
            return None

    def text_of(self, content: bytes) -> str:
        """The text that stands for these bytes."""
        return content.decode("latin-1").translate(self._characters)


class _Table(dict[int, int]):
    """Gives for any other character one that Latin-1 does not have."""

    def __missing__(self, code: int) -> int:
        return 0x100
