"""The prompts of the benchmark with a real model."""

from __future__ import annotations

from tests.benchmarks.real.prompts import prompt_of, words_of

VOCABULARY = ["<|im_end|>", "Ġsea", "sea", "Ġmoon", "ĠThe", "Ġa", "Ġ42", "ing", "ĠcafÃ©", "Ġstar"]


def test_words_are_tokens_with_their_blank() -> None:
    assert words_of(VOCABULARY) == ["moon", "sea", "star"]


def test_a_prompt_is_one_word_a_token_and_comes_again_with_its_seed_only() -> None:
    words = [f"word{number}" for number in range(1000)]

    prompt = prompt_of("8/0/1", words, 128)

    assert len(prompt.split()) == prompt.count(" ") == 128
    assert prompt == prompt_of("8/0/1", words, 128)
    assert prompt != prompt_of("8/0/2", words, 128)
