"""The tokenizer: known words are one token, all else is letters, and the served one agrees."""

from itertools import islice
from pathlib import Path

import openvino as ov
import pytest

from examples.tiny_chat.dialogues.mix import held_out_dialogues, training_dialogues
from examples.tiny_chat.training.rendering import END, PAD, Renderer
from examples.tiny_chat.training.rows import fitting, rows_of
from examples.tiny_chat.training.shape import SHAPE
from examples.tiny_chat.training.vocabulary import VOCAB_SIZE, Vocabulary
from examples.tiny_chat.training.words import MARKERS
from ovpipe.modelling.tokenizer import build_tokenizer
from ovpipe.tokenizers.tokenizer import Tokenizer


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.learn(Renderer(), dialogues=1000, dialogues_a_category=200)


def pieces(vocabulary: Vocabulary, text: str) -> list[str]:
    return [vocabulary.decode([index]) for index in vocabulary.encode(text)]


@pytest.mark.slow
def test_it_has_its_size(vocabulary: Vocabulary) -> None:
    assert len(vocabulary.pairs.tokens) == VOCAB_SIZE


def test_markers_are_one_token_and_text(vocabulary: Vocabulary) -> None:
    for marker in MARKERS:
        assert len(vocabulary.encode(marker)) == 1
        assert marker not in vocabulary.pairs.specials


def test_a_known_word_is_one_token_and_letters_behind_a_quote(vocabulary: Vocabulary) -> None:
    assert pieces(vocabulary, "What is the graph?") == ["What", " is", " the", " graph", "?"]
    assert pieces(vocabulary, 'Spell "graph"') == ["Spell", ' "', *"graph", '"']


def test_a_name_has_the_same_tokens_wherever_it_stands(vocabulary: Vocabulary) -> None:
    for text in (" in Quorlda", '{"city": "Quorlda"}}', "Quorlda.", "_Quorlda"):
        assert "".join(pieces(vocabulary, text)) == text
        assert all(letter in pieces(vocabulary, text) for letter in "Quorlda")


def test_digits_are_single(vocabulary: Vocabulary) -> None:
    assert pieces(vocabulary, "123, 45") == ["1", "2", "3", ", ", "4", "5"]


def test_it_can_be_written_down(vocabulary: Vocabulary, tmp_path: Path) -> None:
    vocabulary.save(tmp_path / "vocabulary.json")
    read = Vocabulary.load(tmp_path / "vocabulary.json")
    assert (read.pairs, read.pattern) == (vocabulary.pairs, vocabulary.pattern)


def test_the_served_tokenizer_gives_the_same_ids(vocabulary: Vocabulary, tmp_path: Path) -> None:
    models = build_tokenizer(vocabulary.pairs, eos=END, pad=PAD, words=vocabulary.pattern)
    for name, model in zip(("openvino_tokenizer", "openvino_detokenizer"), models, strict=True):
        ov.save_model(model, tmp_path / f"{name}.xml")
    served = Tokenizer.load(tmp_path)
    renderer = Renderer()
    texts = [renderer.text(dialogue) for dialogue in islice(training_dialogues(9), 300)]
    texts += [
        'Où est "le" garçon?\r\n\t 12,  3, 4',
        '"Hello hello_ _hello what\u00a0what\u2028',
        "😀👍🏽 你好 users user\n",
    ]
    for text in texts:
        assert served.encode(text, add_special_tokens=False) == vocabulary.encode(text)
        assert served.decode(vocabulary.encode(text), skip_special_tokens=False) == text
    assert served.plain_bytes


def test_a_question_with_three_tools_is_a_few_hundred_tokens(vocabulary: Vocabulary) -> None:
    renderer = Renderer()
    dialogues = [one for one in held_out_dialogues("one call", 200) if len(one.messages) <= 3]
    sizes = [len(vocabulary.encode(renderer.prompt(one))) for one in dialogues if len(one.tools) == 3]
    assert len(sizes) > 20
    assert max(sizes) < 400


@pytest.mark.slow
def test_long_chats_are_trained_up_to_the_context_and_no_further(vocabulary: Vocabulary) -> None:
    renderer, most = Renderer(), SHAPE.max_position_embeddings
    sizes = [len(vocabulary.encode(renderer.text(one))) for one in islice(training_dialogues(2), 3000)]
    assert most // 2 < max(sizes) < most
    assert fitting([[1] * most, [2] * (most + 1), [3]]) == [[1] * most, [3]]


def test_the_loss_is_over_the_assistants_words(vocabulary: Vocabulary) -> None:
    renderer = Renderer()
    seen = 0
    for dialogue in islice(training_dialogues(4), 200):
        ids = vocabulary.encode(renderer.text(dialogue))
        rows = rows_of(vocabulary, [ids])
        taught = vocabulary.decode(rows.ids[0][rows.answers[0]])
        last = dialogue.messages[-1]
        assert taught.endswith(renderer.text(dialogue).removeprefix(renderer.prompt(dialogue)).rstrip("\n"))
        assert taught.count(END) == sum(message["role"] == "assistant" for message in dialogue.messages)
        assert "<think>" not in taught
        seen += "reasoning_content" in last
    assert seen > 10
