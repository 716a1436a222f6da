"""Texts of many kinds, the same ones each time."""

# ruff: noqa: RUF001 - characters of many scripts are what it is about

import random
import unicodedata
from collections.abc import Sequence

WORDS = [
    "the",
    "a",
    "Hello",
    "World",
    "isn't",
    "it's",
    "we'll",
    "I'M",
    "YOU'RE",
    "don't",
    "naïve",
    "façade",
    "Größe",
    "Straße",
    "Łódź",
    "señor",
    "über",
    "été",
    "ΣΊΣΥΦΟΣ",
    "İstanbul",
    "ǅ",
    "Привет",
    "мир",
    "дела",
    "καλημέρα",
    "κόσμε",
    "שלום",
    "עולם",
    "مرحبا",
    "بالعالم",
    "नमस्ते",
    "दुनिया",
    "ภาษาไทย",
    "你好",
    "世界",
    "今天天气很好",
    "こんにちは",
    "カタカナ",
    "안녕하세요",
    "한국어",
    "tokenization",
    "antidisestablishmentarianism",
    "HTTPServer",
    "getElementById",
    "snake_case_name",
    "__init__",
    "self.x",
    "foo()",
    "x==y",
    "i++",
    "a->b",
    "&&||",
    "<div",
    'class="a">',
    "</div>",
    '{"key":',
    "[1,",
    "2.5,",
    "null]}",
    "SELECT",
    "*",
    "FROM",
    "t;",
    "#include",
    "<stdio.h>",
    "def",
    "f(x):",
    "return",
    "x**2",
    'print("hi")',
    "$HOME",
    "~/.bashrc",
    "C:\\path\\file",
    "https://example.com/a?b=c&d=%20e",
    "user@example.org",
    "3.14159",
    "1234567890",
    "12",
    "007",
    "1,000,000",
    "½",
    "²",
    "Ⅷ",
    "٣٤٥",
    "१२३",
    "10:30",
    "2024-01-02",
    "50%",
    "€100",
    "£5",
    "…",
    "—",
    "–",
    "“quoted”",
    "‘x’",
    "«y»",
    "😀",
    "👍🏽",
    "👩\u200d💻",
    "🇩🇪",
    "❤️",
    "👨\u200d👩\u200d👧\u200d👦",
    "∑",
    "≤",
    "√2",
    "→",
    "⇒",
    "α",
    "ℵ",
    "™",
    "©",
    "®",
    "¿",
    "¡",
    "zero\u200bwidth",
    "nbsp",
    "wide",
    "soft\xadhyphen",
    "\ufeffbom",
    "line",
    "ﬁ",
    "ﬂ",
    "Å",
    "①",
    "ﷺ",
    "㍿",
    "é",
    "ñ",
    "𝓗𝓮𝓵𝓵𝓸",
    "𝟙𝟚",
    "𐍈",
    "▁",
    "▁▁",
    "##",
    "##ing",
    "<0x0A>",
    "<0xE4>",
    "Ġ",
    "Ċ",
    "[UNK]",
    "<unk>",
    "<s>",
    "</s>",
    "<pad>",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "<|endoftext|>",
    "<|im_start|>user",
    "<|im_end|>",
    "\u180e",
    "$1",
    "\\1",
    "^$",
    ".*",
    "\\",
]
BLANKS = (
    *(" ", "  ", "   ", "    ", " " * 7, " " * 20, "\t", "\t\t", "\n", "\n\n", "\n\n\n", "\n" * 5, "\r\n"),
    *(" \n", "\n ", "\r", "\u00a0", "\v", "\f", "\x85", "\u2003", ""),
)
SHORT = (
    *(
        "",
        " ",
        "  ",
        "\n",
        "\t",
        "\r",
        "\r\n",
        "   \n\n  ",
        "a",
        " a",
        "a ",
        "é",
        "😀",
        "0",
        '"',
        "'",
        "▁",
        "▁ a",
    ),
    *("\x01\x02", "\x7f", "\ufffd", "\u0301", "\U0010fffe", "\U0010ffff", "\x00a", "."),
)


def varied_texts(added_tokens: Sequence[str], count: int = 2000) -> list[str]:
    """Words, blanks, code, digits, emoji, arbitrary characters, long words, and added tokens amid them."""
    draws = random.Random(7)
    kinds = (_spaced, _spaced, _with_added, _characters, _joined, _long_word, _blanks)
    texts = list(SHORT)
    while len(texts) < count:
        texts.append(draws.choice(kinds)(draws, added_tokens))
    return texts[:count]


def long_known(texts: Sequence[str]) -> list[str]:
    """Those without characters that Unicode got after version 3.2, other than those of the words here.

    Of newer ones libraries have different tables, some as of 2016.
    """
    words = set("".join(WORDS))
    return [text for text in texts if all(is_long_known(one) or one in words for one in text)]


def is_long_known(character: str) -> bool:
    """Whether Unicode 3.2 had it, and took it for what it is today."""
    return unicodedata.ucd_3_2_0.category(character) == unicodedata.category(character) != "Cn"


def _spaced(draws: random.Random, added_tokens: Sequence[str]) -> str:
    return "".join(draws.choice(WORDS) + draws.choice(BLANKS) for _ in range(draws.randrange(1, 14)))


def _with_added(draws: random.Random, added_tokens: Sequence[str]) -> str:
    others = (*added_tokens, "")
    return "".join(
        draws.choice(WORDS) * draws.randrange(2)
        + draws.choice(BLANKS) * draws.randrange(2)
        + draws.choice(others)
        for _ in range(draws.randrange(1, 12))
    )


def _characters(draws: random.Random, added_tokens: Sequence[str]) -> str:
    blocks = (
        (0x20, 0x7F),
        (0xA0, 0x250),
        (0x250, 0x3000),
        (0x3000, 0xD7FF),
        (0x1F300, 0x1FAFF),
        (0x10000, 0x3FFFF),
    )
    drawn = (chr(draws.randrange(*draws.choice(blocks))) for _ in range(draws.randrange(1, 60)))
    return "".join(character for character in drawn if unicodedata.category(character) not in ("Cn", "Cs"))


def _joined(draws: random.Random, added_tokens: Sequence[str]) -> str:
    return "".join(draws.choice(WORDS) for _ in range(draws.randrange(1, 12)))


def _long_word(draws: random.Random, added_tokens: Sequence[str]) -> str:
    return "".join(
        draws.choice("abcdefghijklmnopqrstuvwxyzABC0123456789é") for _ in range(draws.randrange(1, 150))
    )


def _blanks(draws: random.Random, added_tokens: Sequence[str]) -> str:
    return "".join(draws.choice((*BLANKS, "x", "1", ".")) for _ in range(draws.randrange(1, 12)))
