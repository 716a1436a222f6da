"""Whose turn it is: by priority and arrival, or the shortest first."""

from pathlib import Path

import pytest

from ovpipe.calculators.engine.scheduler import PASSES
from ovpipe.calculators.engine.shortest_first_scheduler import ShortestFirstSchedulerCalculator
from ovpipe.graph.files import shipped_graphs
from tests.calculators.engine.remembering_model import completion
from tests.calculators.engine.stepped_engine import engine, request


@pytest.fixture
def shortest_first(tmp_path: Path) -> Path:
    """The shipped graph with one word changed, and an option."""
    text = shipped_graphs()["engine"].read_text()
    changed = text.replace(
        "calculator: SchedulerCalculator", "calculator: ShortestFirstSchedulerCalculator"
    ).replace(
        "      max_num_seqs: ${max_num_seqs}\n      max_logits_rows",
        "      max_num_seqs: ${max_num_seqs}\n      tokens_per_pass: 4\n      max_logits_rows",
    )
    assert changed.count("ShortestFirst") == changed.count("tokens_per_pass") == 1
    file = tmp_path / "shortest_first.yaml"
    file.write_text(changed)
    return file


def test_the_request_with_least_to_do_goes_first(shortest_first: Path) -> None:
    with engine(max_seqs=1, graph_file=shortest_first) as one:
        one.step(request(1))
        asked = [request(2, max_tokens=60), request(3, max_tokens=20), request(4, length=40), request(5)]
        one.step(*asked)
        one.finish()
        assert one.begun == [1, 5, 3, 4, 2]
        assert {each.id: one.texts[each.id] for each in asked} == {
            each.id: completion(each) for each in asked
        }


def test_a_priority_stands_above_the_length(shortest_first: Path) -> None:
    with engine(max_seqs=1, graph_file=shortest_first) as one:
        one.step(request(1))
        one.step(request(2), request(3, max_tokens=60, priority=-1))
        one.finish()
        assert one.begun == [1, 3, 2]


def test_a_long_request_lets_a_known_number_of_short_ones_pass_and_no_more(shortest_first: Path) -> None:
    with engine(max_seqs=1, graph_file=shortest_first) as one:
        one.step(request(1))
        one.step(request(2, length=5, max_tokens=55))  # 60 tokens: 15 places
        for number in range(3, 40):  # each has 11 tokens, 2.75 places; there is always a short one that waits
            one.step(request(number))
        one.finish()
        assert one.begun.index(2) == 13


def test_a_stream_of_urgent_requests_does_not_keep_another_waiting_for_ever() -> None:
    with engine(max_seqs=1) as one:
        one.step(request(1))
        one.step(request(2, priority=1))
        for number in range(3, 2 * PASSES):
            one.step(request(number, length=1, max_tokens=1))
        assert 2 in one.begun
        assert one.begun.index(2) <= PASSES + 1


def test_a_pass_costs_a_token_at_least() -> None:
    with pytest.raises(ValueError, match="tokens_per_pass is 0; at least 1 is needed"):
        ShortestFirstSchedulerCalculator(tokens_per_pass=0)
