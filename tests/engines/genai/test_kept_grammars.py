"""What the compiled grammars of genai's process take, and when it is too much."""

from __future__ import annotations

from ovpipe.engines.genai.kept_grammars import LEAST_BYTES, MEBIBYTE, KeptGrammars
from ovpipe.engines.protocol import GenerateRequest, Grammar, SamplingParams
from tests.engines.cores import a_prompt, loaded, run


class Heap:
    """Grows when it is told to."""

    def __init__(self) -> None:
        self.bytes = 0

    def in_use(self) -> int:
        return self.bytes


def grammar(number: int) -> Grammar:
    return Grammar("regex", f"a{{{number}}}")


def test_steps_in_which_a_grammar_is_new_are_counted_and_others_are_not() -> None:
    heap = Heap()
    kept = KeptGrammars(1, in_use=heap.in_use)
    with kept.step([grammar(1), None]):
        heap.bytes += 600_000
    kept.begun(grammar(1))
    with kept.step([grammar(1), None]):
        heap.bytes += 10**9
    assert kept.bytes_kept == 600_000
    assert not kept.too_large
    with kept.step([grammar(2)]):
        heap.bytes += 500_000
    assert kept.too_large


def test_where_nothing_can_be_measured_each_counts_for_a_little() -> None:
    kept = KeptGrammars(1, in_use=lambda: 0)
    for number in range(MEBIBYTE // LEAST_BYTES):
        kept.begun(grammar(number))
    assert not kept.too_large
    kept.begun(grammar(1000))
    assert kept.too_large


def test_the_core_says_that_its_process_has_kept_too_many_grammars() -> None:
    core = loaded(grammar_memory=1)
    numbers = iter(range(1, 100))
    while not core.stats().worn_out:
        number = next(numbers)
        sampling = SamplingParams(max_tokens=4, temperature=0, grammar=grammar(number))
        run(core, GenerateRequest(number, a_prompt(8), sampling))
    assert core.stats().worn_out == "grammars"
    assert number > 1, "one small grammar is not too much"
