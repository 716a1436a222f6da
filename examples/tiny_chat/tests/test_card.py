"""The model's card says what is so."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from examples.tiny_chat.card import (
    CARD,
    QUESTIONS,
    MarkError,
    as_table,
    as_text,
    part_of,
    transcript,
    with_part,
)
from examples.tiny_chat.dialogues.mix import TOPICS
from examples.tiny_chat.dialogues.own_words import CATEGORY
from examples.tiny_chat.evaluate import NEEDED

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_the_chat_in_the_card_is_what_the_model_says() -> None:
    assert len(QUESTIONS.read_text().splitlines()) == 20
    assert part_of(CARD.read_text("utf-8"), "transcript") == as_text(transcript())


def test_the_card_has_every_category_and_what_it_needs() -> None:
    table = part_of(CARD.read_text("utf-8"), "figures")
    rows = re.findall(r"^\| ([a-z, -]+) \| (\d+) of (\d+) \| ([\d.]+) \|", table, re.MULTILINE)
    assert [name for name, *_ in rows] == [*TOPICS, CATEGORY]
    for name, right, cases, percent in rows:
        assert int(cases) >= 200 or name == CATEGORY, name
        assert float(percent) == round(100 * int(right) / int(cases), 1), name
        assert float(percent) >= NEEDED.get(name, 0), name


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_model_that_ships_has_what_it_needs() -> None:
    command = [sys.executable, "-m", "examples.tiny_chat.evaluate"]
    command += [f"--category={name}" for name in NEEDED]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=800, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_a_part_is_put_where_the_card_has_its_place() -> None:
    card = "# A\n<!-- figures -->\nold\n<!-- /figures -->\nB\n"
    table = as_table([("category", "%"), ("recall", "97")])
    assert with_part(card, "figures", table) == (
        "# A\n<!-- figures -->\n| category | % |\n| --- | --- |\n| recall | 97 |\n<!-- /figures -->\nB\n"
    )
    with pytest.raises(MarkError, match="no <!-- transcript -->"):
        with_part(card, "transcript", "")
