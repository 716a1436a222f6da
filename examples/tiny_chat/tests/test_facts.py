"""What the model says about ovpipe stands in ovpipe's own pages."""

import re
from pathlib import Path

import pytest

from examples.tiny_chat.dialogues.own_words import own_words, plain
from examples.tiny_chat.dialogues.split import Split
from examples.tiny_chat.topics.about import FACTS, Fact

ROOT = Path(__file__).parents[3]
PAGES = "\n".join(
    page.read_text("utf-8")
    for page in (ROOT / "README.md", ROOT / "graphs" / "chat.yaml", *(ROOT / "docs").glob("*.md"))
)
NAMED = re.compile(
    r"--[a-z-]+|/[a-z0-9]+[a-z0-9/_.]*[a-z0-9]|make [a-z]+|[a-z]+_[a-z_]+"
    r"|server\.yaml|localhost:[0-9]+|@[a-z]+"
)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.subject)
def test_what_a_fact_names_is_in_the_pages(fact: Fact) -> None:
    for name in NAMED.findall(fact.answer):
        assert name in PAGES, f"{name!r} is on no page"


def test_no_two_facts_are_asked_for_alike() -> None:
    asked = [text for fact in FACTS for split in Split for text in fact.asked.of(split)]
    assert len(asked) == len({*asked})


def test_questions_in_other_words_are_about_every_fact_and_are_none_of_the_generators() -> None:
    dialogues = own_words()
    assert {dialogue.messages[-1]["content"] for dialogue in dialogues} == {fact.answer for fact in FACTS}
    ours = {plain(text) for fact in FACTS for split in Split for text in fact.asked.of(split)}
    assert not ours & {plain(dialogue.messages[0]["content"]) for dialogue in dialogues}
    assert len(dialogues) > 100
