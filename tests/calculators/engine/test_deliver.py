"""What was sampled, as the engine's process sends it."""

from __future__ import annotations

from ovpipe.calculators.engine.deliver import DeliverCalculator
from ovpipe.calculators.engine.packets import Batch, SampledToken, ScoredPrompt
from ovpipe.engines.graph.step import Deltas
from ovpipe.engines.messages import Refused
from ovpipe.engines.protocol import Delta, PromptToken, Token
from ovpipe.testing import CalculatorRunner
from tests.calculators.engine.rows import row


def delivered(*sampled: SampledToken, scored: tuple[ScoredPrompt, ...] = ()) -> Deltas:
    out = CalculatorRunner(DeliverCalculator()).run(batch=[Batch()], sampled=[sampled], scored=[scored])
    (found,) = out[DeliverCalculator.deltas]
    return found


def test_each_token_is_a_delta_with_the_count_so_far() -> None:
    first = SampledToken(row=row((4, 5), id=3), token=Token(6, -0.5))
    last = SampledToken(row=row(id=4), token=Token(7), finish="stop")
    assert delivered(first, last) == (
        Delta(request=3, tokens=[Token(6, -0.5)], generated=3, cached_tokens=0),
        Delta(request=4, tokens=[Token(7)], generated=1, finish="stop", cached_tokens=0),
    )


def test_the_first_token_by_chance_says_the_seed() -> None:
    by_chance = SampledToken(row=row(seed=5, temperature=1.0), token=Token(1))
    later = SampledToken(row=row((1,), seed=5, temperature=1.0), token=Token(1))
    greedy = SampledToken(row=row(seed=5), token=Token(1))
    deltas = delivered(by_chance, later, greedy)
    assert [delta.seed for delta in deltas if isinstance(delta, Delta)] == [5, None, None]


def test_a_step_without_tokens_is_a_packet_all_the_same() -> None:
    assert delivered() == ()


def test_what_is_known_of_a_prompt_comes_before_its_first_token() -> None:
    prompt = [PromptToken(1), PromptToken(2, -0.5, (), 1)]
    scored = (ScoredPrompt(row(id=3), prompt),)
    assert delivered(SampledToken(row=row(id=3), token=Token(6)), scored=scored) == (
        Delta(request=3, tokens=[], generated=0, cached_tokens=0, prompt_logprobs=prompt),
        Delta(request=3, tokens=[Token(6)], generated=1, cached_tokens=0),
    )


def test_a_graph_that_scores_no_prompts_delivers_the_same() -> None:
    sampled = (SampledToken(row=row(id=3), token=Token(6)),)
    out = CalculatorRunner(DeliverCalculator()).run(batch=[Batch()], sampled=[sampled])
    assert out[DeliverCalculator.deltas] == [(Delta(3, [Token(6)], 1, cached_tokens=0),)]


def test_a_row_that_no_token_can_follow_is_refused() -> None:
    assert delivered(SampledToken(row=row(id=9), token=None, refusal=Refused(9, "nothing left"))) == (
        Refused(9, "nothing left"),
    )


def test_what_the_scheduler_refuses_is_passed_on() -> None:
    never = Refused(4, "never")
    sampled = SampledToken(row=row(id=5), token=Token(1))
    out = CalculatorRunner(DeliverCalculator()).run(batch=[Batch((), refused=(never,))], sampled=[(sampled,)])
    (found,) = out[DeliverCalculator.deltas]
    assert [found[0], found[1].request] == [never, 5]
