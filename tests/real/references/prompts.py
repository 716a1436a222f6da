"""What the real model is asked: thirty conversations."""

# ruff: noqa: RUF001 - Greek and Chinese have letters and commas that look like ours

from __future__ import annotations

from pathlib import Path
from typing import Final

Message = dict[str, str]

LICENSE: Final = (Path(__file__).parents[3] / "LICENSE").read_text("utf-8")[:7600]
"""A long text that does not change: about 1,500 tokens."""

PARAGRAPH: Final = (
    "The lighthouse keeper climbed the stairs every evening at six. He lit the lamp, wound the clock, and "
    "wrote one line about the weather into his book. The lighthouse keeper climbed the stairs every evening "
    "at six, even when nobody was at sea."
)

FIBONACCI: Final = """def fibonacci(n):
    if n < 2:
        return n
    return fibonacci(n - 1) + fibonacci(n)
"""

QUERY: Final = "SELECT name, SUM(total) FROM orders JOIN customers USING (customer_id) GROUP BY name;"

ORDER: Final = (
    '{"order": 4711, "items": [{"sku": "A-1", "count": 2}, {"sku": "B-7", "count": 1}], "paid": false}'
)


def user(content: str) -> list[Message]:
    return [{"role": "user", "content": content}]


CHATS: Final[dict[str, list[Message]]] = {
    "greeting": user("Hello! Who are you?"),
    "capital": user("What is the capital of France?"),
    "sky": user("Why is the sky blue? Answer in two sentences."),
    "sum": user("What is 17 + 25?"),
    "long numbers": user("Write the number 1234567890 in groups of three digits, then 98765 in words."),
    "dates": user("It is 2026-11-29, 03:15 UTC. Which day is it 14 days later?"),
    "code": user("Write a Python function that reverses a string."),
    "broken code": user(f"Find the mistake:\n\n```python\n{FIBONACCI}```"),
    "rust": user("Write a Rust function that adds two `u32` and returns an `Option<u32>`."),
    "html": user('What does <a href="https://example.com?q=1&r=2">this</a> do in HTML?'),
    "sql": user(f"Explain this query:\n{QUERY}"),
    "json": user(f"How many items does this order have?\n{ORDER}"),
    "write json": user('Give me a JSON object with the keys "city" and "population" for Berlin.'),
    "emoji": user("What do these mean? 😀🎉👩‍👩‍👧‍👦🇫🇷 🏳️‍🌈"),
    "write emoji": user("Answer with emojis only: how is the weather when it rains?"),
    "chinese": user("请用中文介绍一下北京。"),
    "translate": user("Translate to English: 今天天气很好，我们去公园吧。"),
    "accents": user("Que veut dire « déjà vu » ? Où l'a-t-on employé pour la première fois ?"),
    "scripts": user("Which languages are these: Привет, مرحبا, नमस्ते, γειά σου, שלום?"),
    "blanks": user("Keep   the\tblanks \n\n  of  this   text:\r\n\ta  b   c"),
    "template": user("What does {% for message in messages %}{{ message }}{% endfor %} print?"),
    "one letter": user("a"),
    "shouting": user("WHY ARE YOU SHOUTING AT ME???!!!"),
    "list": user("List three fruits, one a line."),
    "story": user("Tell me a story about a dragon who is afraid of mice."),
    "repeat": user(f"Repeat this text:\n{PARAGRAPH}"),
    "system": [
        {"role": "system", "content": "You are a pirate. You answer in one sentence."},
        {"role": "user", "content": "How do I boil an egg?"},
    ],
    "two turns": [
        {"role": "user", "content": "My name is Ada and I have 3 cats."},
        {"role": "assistant", "content": "Nice to meet you, Ada! What are your cats called?"},
        {"role": "user", "content": "Guess. But first: what is my name?"},
    ],
    "four turns": [
        {"role": "system", "content": "You are a teacher of mathematics."},
        {"role": "user", "content": "What is a prime number?"},
        {"role": "assistant", "content": "A number with exactly two divisors: 1 and itself."},
        {"role": "user", "content": "Is 9 one?"},
        {"role": "assistant", "content": "No, 3 divides it."},
        {"role": "user", "content": "And 11?"},
    ],
    "license": user(f"{LICENSE}\n\nMay I use this software in a commercial product?"),
}
"""Each by its name."""
