"""The generator: the same each time, and what is held out never in training."""

import json
import re
from itertools import islice
from random import Random

import pytest

from examples.tiny_chat.dialogues.dialogue import Dialogue
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.mix import TOPICS, held_out_dialogues, training_dialogues
from examples.tiny_chat.dialogues.split import Split
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.training.rendering import Renderer


@pytest.fixture(scope="module")
def trained() -> list[Dialogue]:
    return list(islice(training_dialogues(7), 4000))


def questions(dialogue: Dialogue) -> list[str]:
    return [message["content"] for message in dialogue.messages if message["role"] == "user"]


def tool_names(dialogue: Dialogue) -> set[str]:
    return {tool["function"]["name"] for tool in dialogue.tools}


def test_a_seed_gives_the_same_dialogues() -> None:
    assert list(islice(training_dialogues(3), 50)) == list(islice(training_dialogues(3), 50))
    assert held_out_dialogues("about", 20) == held_out_dialogues("about", 20)


@pytest.mark.parametrize("category", TOPICS)
def test_every_category_has_two_hundred_cases_held_out(category: str) -> None:
    dialogues = held_out_dialogues(category, 200)
    assert len({repr((dialogue.messages, dialogue.tools)) for dialogue in dialogues}) == 200


@pytest.mark.slow
def test_no_question_of_the_evaluation_is_asked_in_training(trained: list[Dialogue]) -> None:
    seen = {question.lower() for dialogue in trained for question in questions(dialogue)}
    for category in TOPICS:
        for dialogue in held_out_dialogues(category, 200):
            assert not {question.lower() for question in questions(dialogue)} & seen


def test_tools_of_the_evaluation_have_names_that_training_never_sees(trained: list[Dialogue]) -> None:
    seen = {name for dialogue in trained for name in tool_names(dialogue)}
    for category in ("one call", "two calls", "no call", "tool result"):
        asked = {name for dialogue in held_out_dialogues(category, 200) for name in tool_names(dialogue)}
        assert len(asked) > 100
        assert not asked & seen


def test_the_halves_share_no_wording() -> None:
    wording = Wording("[please |now |]spell $word[.|!|]", "[how|why] is $word spelled[?|]")
    training, held_out = wording.of(Split.TRAINING), wording.of(Split.HELD_OUT)
    assert training
    assert held_out
    assert not {*training} & {*held_out}
    assert len(training) + len(held_out) == 13


def test_the_halves_share_no_names_words_towns_and_numbers() -> None:
    drawn: dict[Split, set[str]] = {}
    for split in Split:
        draw = Draw(Random(1), split)
        drawn[split] = {one() for one in (draw.name, draw.city, draw.word) for _ in range(1000)}
        drawn[split] |= {str(draw.long_number(9999)) for _ in range(1000)}
    drawn = {split: {text.lower() for text in texts} for split, texts in drawn.items()}
    assert not drawn[Split.TRAINING] & drawn[Split.HELD_OUT]


def test_operands_of_the_evaluation_are_no_operands_of_training(trained: list[Dialogue]) -> None:
    def operands(dialogue: Dialogue) -> set[str]:
        problem = re.match(r"(\d+) [-+] (\d+)", dialogue.messages[-1]["content"])
        assert problem is not None
        return {number for number in problem.groups() if len(number) > 1}

    seen = {number for one in trained if one.category == "arithmetic" for number in operands(one)}
    asked = {number for one in held_out_dialogues("arithmetic", 200) for number in operands(one)}
    assert asked
    assert not asked & seen


def test_sums_and_differences_are_right(trained: list[Dialogue]) -> None:
    checked = 0
    for dialogue in trained:
        if dialogue.category == "arithmetic" and not dialogue.thinking:
            found = re.fullmatch(r"(\d+) ([-+]) (\d+): .*, so (-?\d+)\.", dialogue.messages[-1]["content"])
            assert found is not None
            a, sign, b, result = found.groups()
            assert int(result) == (int(a) + int(b) if sign == "+" else int(a) - int(b))
            steps = re.findall(r"(\d+)([-+])(\d+)(?:([-+])1)?=(\d+)", dialogue.messages[-1]["content"])
            for left, _, right, extra, step in steps:
                one = 1 if extra else 0
                assert int(step) == (
                    int(left) + int(right) + one if sign == "+" else int(left) - int(right) - one
                )
            checked += 1
    assert checked > 200


def test_arguments_of_calls_are_words_of_the_conversation(trained: list[Dialogue]) -> None:
    calls = 0
    for dialogue in trained:
        for call in dialogue.messages[-1].get("tool_calls", ()):
            calls += 1
            assert call["function"]["name"] in tool_names(dialogue)
            for value in json.loads(call["function"]["arguments"]).values():
                assert str(value) in questions(dialogue)[-1]
    assert calls > 500


def test_a_prompt_is_how_the_text_begins_that_was_trained_on(trained: list[Dialogue]) -> None:
    renderer = Renderer()
    for dialogue in trained[:500]:
        assert renderer.text(dialogue).startswith(renderer.prompt(dialogue))
