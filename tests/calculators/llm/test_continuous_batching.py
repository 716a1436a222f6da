"""ContinuousBatchingCalculator: what reaches the engine, what comes of it, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.llm.continuous_batching import ContinuousBatchingCalculator
from ovpipe.calculators.llm.generation.choices import ChoiceRequest, Choices
from ovpipe.calculators.llm.packets import (
    ChatRequest,
    CompletionRequest,
    Message,
    Prompt,
    Prompts,
    TokenDelta,
)
from ovpipe.engines.protocol import (
    Beam,
    BeamSearch,
    EngineDied,
    EngineFull,
    EngineInfo,
    EngineUnavailable,
    PromptToken,
    RequestFailed,
    RequestRefused,
    SamplingParams,
    Token,
)
from ovpipe.errors import RequestError, RunCancelled, RunError
from ovpipe.graph.load import load_graph_text
from ovpipe.ports import Input
from ovpipe.registry import Registry
from ovpipe.runtime.runs.graph import Graph
from ovpipe.testing import CalculatorRunner
from ovpipe.testing.fakes import FAKE_ENGINE_INFO, FakeEngine, FakeTokenizer
from tests.tokens import ids, logprobs, tokens

PROMPT = Prompts((Prompt((1, 2, 3)),))


def completion(**wishes: Any) -> CompletionRequest:
    return CompletionRequest(id="1", created=1, model="m", prompts=("abc",), **wishes)


def chat(**wishes: Any) -> ChatRequest:
    return ChatRequest(
        id="1", created=1, model="m", messages=(Message(role="user", content="abc"),), **wishes
    )


def run(
    engine: FakeEngine,
    request: ChatRequest | CompletionRequest,
    prompts: Prompts = PROMPT,
    *,
    reasoning_format: str | None = None,
    **side: Any,
) -> list[TokenDelta]:
    out = CalculatorRunner(ContinuousBatchingCalculator(reasoning_format=reasoning_format)).run(
        request=[request], prompts=[prompts], engine=engine, **side
    )
    return out[ContinuousBatchingCalculator.deltas]


def refusal(
    engine: FakeEngine, request: ChatRequest | CompletionRequest, prompts: Prompts = PROMPT
) -> RequestError:
    with pytest.raises(RunError) as caught:
        run(engine, request, prompts)
    error = caught.value.__cause__
    assert isinstance(error, RequestError)
    return error


def info(**changes: Any) -> EngineInfo:
    return msgspec.structs.replace(FAKE_ENGINE_INFO, **changes)


def test_sends_each_delta_of_the_engine() -> None:
    assert run(FakeEngine([7, [8, 9], 256]), completion()) == [
        TokenDelta((Token(7),), 1, 3),
        TokenDelta((Token(8), Token(9)), 3, 3),
        TokenDelta((Token(256),), 4, 3, "stop"),
    ]


def test_that_the_engine_is_at_work_in_silence_is_handed_on() -> None:
    assert run(FakeEngine([[], 7, [], 256]), completion()) == [
        TokenDelta((), 0, 3),
        TokenDelta((Token(7),), 1, 3),
        TokenDelta((), 1, 3),
        TokenDelta((Token(256),), 2, 3, "stop"),
    ]
    found = [Beam(tokens(5, 256), -0.5, "stop")]
    assert run(FakeEngine([[], found]), completion(use_beam_search=True)) == [
        TokenDelta((), 0, 3),
        TokenDelta((Token(5), Token(256)), 2, 3, "stop"),
    ]


def test_the_engine_is_told_what_the_request_wishes() -> None:
    engine = FakeEngine([256])
    wishes = completion(
        max_tokens=5, temperature=0.5, top_p=0.9, top_k=3, repetition_penalty=1.2, seed=4, ignore_eos=True
    )
    run(engine, wishes)
    assert engine.requests == [
        (
            [1, 2, 3],
            SamplingParams(
                max_tokens=5,
                temperature=0.5,
                top_p=0.9,
                top_k=3,
                repetition_penalty=1.2,
                seed=4,
                ignore_eos=True,
            ),
        )
    ]


def test_top_k_of_zero_is_all_and_tiny_values_are_no_zero_in_32_bits() -> None:
    engine = FakeEngine([256])
    run(engine, completion(top_k=0, top_p=1e-50, repetition_penalty=1e-50))
    (_, sampling) = engine.requests[0]
    assert (sampling.top_k, sampling.top_p, sampling.repetition_penalty) == (-1, 1e-6, 1e-6)


def test_a_top_p_of_zero_takes_the_likeliest_token_as_a_temperature_of_zero_does() -> None:
    engine = FakeEngine([256])
    run(engine, completion(top_p=0, temperature=1.5))
    (_, sampling) = engine.requests[0]
    assert sampling.temperature == 0


def test_no_tokens_at_all_are_no_matter_for_the_engine() -> None:
    engine = FakeEngine([7, 256])
    prompts = Prompts((Prompt((1, 2, 3)), Prompt((4,))))
    assert run(engine, completion(n=2, best_of=2, max_tokens=0), prompts) == [
        TokenDelta((), 0, 3, "length", 0, 0),
        TokenDelta((), 0, 3, "length", 0, 1),
        TokenDelta((), 0, 1, "length", 1, 0),
        TokenDelta((), 0, 1, "length", 1, 1),
    ]
    run(engine, completion(max_tokens=0, best_of=3))
    run(engine, completion(max_tokens=0, best_of=3, use_beam_search=True))
    assert engine.requests == []


def test_a_prompt_beyond_the_context_is_refused_without_any_tokens_to_generate() -> None:
    engine = FakeEngine([7], info=info(context_length=4))
    with pytest.raises(RunError) as caught:
        run(engine, completion(max_tokens=0), Prompts((Prompt((1, 2, 3, 4, 5)),)))
    error = caught.value.__cause__
    assert isinstance(error, RequestError)
    assert error.code == "context_length_exceeded"


# --- several choices


def test_the_seeds_of_choices_follow_each_other_in_64_bits() -> None:
    engine = FakeEngine([256])
    run(engine, completion(n=3, best_of=3, seed=2**64 - 2))
    assert [sampling.seed for _, sampling in engine.requests] == [2**64 - 2, 2**64 - 1, 0]


def test_each_choice_of_each_prompt_is_a_request_with_a_seed_of_its_own() -> None:
    engine = FakeEngine([7, 256])
    prompts = Prompts((Prompt((1,)), Prompt((2,))))
    deltas = run(engine, completion(n=2, best_of=2, seed=10), prompts)
    assert [(tokens, sampling.seed) for tokens, sampling in engine.requests] == [
        ([1], 10),
        ([1], 11),
        ([2], 10),
        ([2], 11),
    ]
    for prompt, choice in ((0, 0), (0, 1), (1, 0), (1, 1)):
        mine = [delta for delta in deltas if (delta.prompt, delta.choice) == (prompt, choice)]
        assert [(ids(delta.tokens), delta.finish) for delta in mine] == [([7], None), ([256], "stop")]


def test_choices_come_interleaved() -> None:
    deltas = run(FakeEngine([7, 8, 9, 256]), completion(n=2, best_of=2))
    assert [delta.choice for delta in deltas] == [0, 1, 0, 1, 0, 1, 0, 1]


def test_of_more_candidates_than_choices_the_likeliest_are_sent() -> None:
    scripts = [[Token(token, -3.0), Token(256, -1.0)] for token in (5, 6)]
    engine = FakeEngine(scripts[0], [Token(7, -0.5), Token(256, -0.5)], scripts[1])
    deltas = run(engine, completion(n=2, best_of=3, logprobs=True))
    assert [(delta.choice, delta.tokens) for delta in deltas] == [
        (0, (Token(7, -0.5), Token(256, -0.5))),
        (1, (Token(5, -3.0), Token(256, -1.0))),
    ]
    assert all(sampling.logprobs for _, sampling in engine.requests)


def test_a_beam_search_is_one_request_whose_best_beams_are_the_choices() -> None:
    beams = [
        Beam(tokens(7, 256), -1.0, "stop"),
        Beam(tokens(8, 9), -2.0, "length"),
        Beam(tokens(1), -3.0, "length"),
    ]
    engine = FakeEngine([beams])
    deltas = run(engine, completion(n=2, best_of=3, use_beam_search=True, length_penalty=2.0))
    assert [(delta.choice, ids(delta.tokens), delta.finish) for delta in deltas] == [
        (0, [7, 256], "stop"),
        (1, [8, 9], "length"),
    ]
    ((_, sampling),) = engine.requests
    assert sampling.beams == BeamSearch(width=3, length_penalty=2.0)


def scored(text: str, logprob: float) -> list[Token]:
    """A token for each byte, each as likely."""
    return [Token(byte, logprob) for byte in text.encode()]


def test_candidates_are_cut_at_their_stop_before_they_are_compared_and_end_there() -> None:
    likely = [*scored("ab.", -0.5), *scored("never seen", -9.0), Token(256, -9.0)]
    engine = FakeEngine([*scored("cd", -1.0), Token(256, -1.0)], likely)
    request = completion(best_of=2, stop=(".",), logprobs=True)
    (delta,) = run(engine, request, tokenizer=FakeTokenizer())
    assert (delta.tokens, delta.finish) == (tuple(scored("ab.", -0.5)), None)
    assert (engine.finished, engine.cancelled) == ([1], [2])


def test_candidates_of_a_chat_are_cut_at_stops_in_their_answer_alone() -> None:
    thoughts = [*scored("<think>1.2.3</think>ab.", -0.5), *scored("never seen", -9.0), Token(256, -9.0)]
    engine = FakeEngine([*scored("cd", -1.0), Token(256, -1.0)], thoughts)
    request = chat(best_of=2, stop=(".",), logprobs=True)
    (delta,) = run(engine, request, tokenizer=FakeTokenizer(), reasoning_format="think")
    assert (delta.tokens, delta.finish) == (tuple(scored("<think>1.2.3</think>ab.", -0.5)), None)
    assert (engine.finished, engine.cancelled) == ([1], [2])


def test_a_stop_amid_tokens_that_come_at_once_cuts_them_behind_it() -> None:
    engine = FakeEngine([scored("cd.x", -1.0), Token(256, -1.0)], [scored("ab.", -0.5) + scored("z", -9.0)])
    request = completion(best_of=2, n=1, stop=(".",))
    (delta,) = run(engine, request, tokenizer=FakeTokenizer())
    assert (ids(delta.tokens), delta.completion_tokens, delta.finish) == (list(b"ab."), 3, None)


def test_without_a_tokenizer_stops_cannot_stand_beside_best_of() -> None:
    error = refusal(FakeEngine([256]), completion(best_of=2, stop=(".",)))
    assert (error.status, error.code, error.param) == (400, "unsupported_parameter", "best_of")
    assert run(FakeEngine([256]), completion(best_of=2, stop=(".",), detokenize=False))
    assert run(FakeEngine([256]), completion(best_of=2, n=2, stop=(".",)))


def test_a_text_that_is_there_at_once_is_sent_in_pieces() -> None:
    text = [*range(150), 256]
    best = run(FakeEngine(text), completion(best_of=2, logprobs=True))
    beams = [Beam([Token(token, 0.0) for token in text], -1.0, "stop")] * 2
    search = completion(best_of=2, use_beam_search=True, logprobs=True)
    for deltas in (best, run(FakeEngine([beams]), search)):
        assert [token.id for delta in deltas for token in delta.tokens] == text
        assert [len(logprobs(delta.tokens)) for delta in deltas] == [64, 64, 23]
        counts = [(delta.completion_tokens, delta.finish) for delta in deltas]
        assert counts == [(64, None), (128, None), (151, "stop")]


def test_other_tasks_have_their_turn_between_the_pieces() -> None:
    async def seen_by_another_task() -> list[int]:
        chats = graph(EndlessCalculator)
        await chats.open({"engine": FakeEngine([[Beam(tokens(7) * 640, -1.0, "length")]])})
        sizes: list[int] = []
        sent: list[object] = []

        async def look() -> None:
            while len(sent) < 10:
                sizes.append(len(sent))
                await asyncio.sleep(0)

        looking = asyncio.ensure_future(look())
        async with chats.run() as run:
            run.observe("deltas", sent.append)
            await run.send("request", completion(use_beam_search=True))
            await run.send("prompts", PROMPT)
        await looking
        return sizes

    assert set(range(1, 10)) <= set(asyncio.run(seen_by_another_task()))


def test_logprobs_of_beams_are_sent() -> None:
    engine = FakeEngine([[Beam([Token(7, -0.5)], -1.0, "length")]])
    (delta,) = run(engine, completion(use_beam_search=True, logprobs=True))
    assert delta.tokens == (Token(7, -0.5),)


def test_the_seed_that_the_engine_uses_is_in_the_first_delta_of_each_choice() -> None:
    deltas = run(FakeEngine([7, 8, 256]), completion(n=2, best_of=2, seed=10))
    assert [delta.seed for delta in deltas] == [10, 11, None, None, None, None]
    (whole,) = run(FakeEngine([7, 8, 256]), completion(best_of=2, seed=10))
    assert whole.seed == 10


def test_fewer_beams_than_choices_are_an_error_and_no_empty_answer() -> None:
    engine = FakeEngine([[Beam(tokens(7), -1.0, "length")]])
    error = refusal(engine, completion(n=2, best_of=2, use_beam_search=True))
    assert (error.status, error.code, error.param) == (400, "too_few_beams", "n")
    assert error.message.startswith("'n' is 2, and the beam search found 1 texts")


def test_the_only_choice_ends_when_nobody_needs_it() -> None:
    class OneCalculator(Calculator):
        """Is done with the only choice after its first delta, though not with the stream."""

        deltas = Input[TokenDelta]()

        def process(self, cx: Context) -> None:
            cx.done(self.deltas, (0, 0))

    engine = FakeEngine([7, 8, 9, 10, 256])
    asyncio.run(until_the_run_ends(engine, OneCalculator))
    assert (engine.cancelled, engine.finished) == ([1], [])


def test_a_choice_that_nobody_needs_ends_and_the_others_go_on() -> None:
    class OneCalculator(Calculator):
        """Is done with the first choice after its first delta."""

        deltas = Input[TokenDelta]()

        def process(self, cx: Context) -> None:
            cx.done(self.deltas, (0, 0))

    engine = FakeEngine([7, 8, 9, 10, 256])
    asyncio.run(until_the_run_ends(engine, OneCalculator, completion(n=2, best_of=2)))
    assert (engine.cancelled, engine.finished) == ([1], [2])


# --- context and cache


def max_tokens_given(engine: FakeEngine, request: ChatRequest | CompletionRequest) -> int:
    run(engine, request)
    return engine.requests[0][1].max_tokens


def test_without_a_limit_a_request_gets_what_the_context_leaves() -> None:
    assert max_tokens_given(FakeEngine([256], info=info(context_length=100)), completion()) == 97


def test_without_a_limit_a_request_gets_what_the_cache_leaves() -> None:
    small = info(num_kv_blocks=2, block_size=32)
    assert max_tokens_given(FakeEngine([256], info=small), completion()) == 61
    stateless = info(num_kv_blocks=2, block_size=32, context_length=None)
    assert max_tokens_given(FakeEngine([256], info=stateless), completion()) == 61


def test_without_a_limit_a_request_gets_the_default_at_most() -> None:
    engine = FakeEngine([256], info=info(context_length=100))
    assert max_tokens_given(engine, completion(default_max_tokens=20)) == 20
    engine = FakeEngine([256], info=info(context_length=10))
    assert max_tokens_given(engine, completion(default_max_tokens=20)) == 7


def test_without_a_limit_beams_share_what_the_cache_leaves() -> None:
    small = info(num_kv_blocks=9, block_size=32, context_length=None)
    engine = FakeEngine([[Beam(tokens(256), -1.0, "stop")]], info=small)
    prompts = Prompts((Prompt((1,) * 40),))
    run(engine, completion(best_of=4, use_beam_search=True), prompts)
    # One full block of the prompt is shared; of the other eight each beam has two.
    assert engine.requests[0][1].max_tokens == 3 * 32 - 40


def test_a_limit_that_just_fits_is_taken() -> None:
    engine = FakeEngine([256], info=info(context_length=100))
    assert max_tokens_given(engine, completion(max_tokens=97)) == 97


def test_a_limit_beyond_the_context_is_refused_in_openais_words() -> None:
    engine = FakeEngine([256], info=info(context_length=100))
    error = refusal(engine, chat(max_tokens=98))
    assert (error.status, error.code, error.param) == (400, "context_length_exceeded", "max_tokens")
    assert error.message == (
        "This model's maximum context length is 100 tokens. However, you requested 101 tokens "
        "(3 in the messages, 98 in the completion). "
        "Please reduce the length of the messages or completion."
    )
    assert refusal(engine, chat(max_completion_tokens=98)).param == "max_completion_tokens"
    names = {"messages": "input", "max_completion_tokens": "max_output_tokens"}
    error = refusal(engine, chat(max_completion_tokens=98, names=names))
    assert error.param == "max_output_tokens"
    assert "(3 in the input, 98 in the completion)" in error.message
    assert engine.requests == []


def test_a_limit_beyond_the_cache_is_refused() -> None:
    error = refusal(FakeEngine([256], info=info(num_kv_blocks=1)), completion(max_tokens=30))
    assert (error.status, error.code, error.param) == (400, "context_length_exceeded", "max_tokens")
    assert error.message.startswith("This server's KV cache holds 32 tokens. However, you requested 33")


@pytest.mark.parametrize("limits", [{"context_length": 3}, {"block_size": 3, "num_kv_blocks": 1}])
@pytest.mark.parametrize("wishes", [{}, {"max_tokens": 1}])
def test_a_prompt_that_leaves_no_room_is_refused(limits: dict[str, int], wishes: dict[str, int]) -> None:
    engine = FakeEngine([256], info=info(**limits))
    for request, param in ((chat(**wishes), "messages"), (completion(**wishes), "prompt")):
        error = refusal(engine, request)
        assert (error.status, error.code, error.param) == (400, "context_length_exceeded", param)
        assert f"your {param} resulted in 3 tokens" in error.message
    assert engine.requests == []


def test_a_prompt_beyond_the_batch_is_refused_when_prompts_are_not_split() -> None:
    whole = info(dynamic_split_fuse=False, max_num_batched_tokens=2)
    error = refusal(FakeEngine([256], info=whole), completion())
    assert (error.code, error.param) == ("context_length_exceeded", "prompt")
    split = info(dynamic_split_fuse=True, max_num_batched_tokens=2)
    assert run(FakeEngine([256], info=split), completion())


# --- engines in trouble


def test_an_engine_that_is_not_there_is_503_with_a_time_to_wait() -> None:
    engine = FakeEngine([], unavailable=EngineUnavailable("/secret/path is being started", retry_after=2.5))
    error = refusal(engine, completion())
    assert (error.status, error.code, error.retry_after) == (503, "engine_unavailable", 2.5)
    assert "secret" not in error.message


def test_a_request_that_has_to_give_way_in_a_full_cache_is_503_with_a_time_to_wait() -> None:
    error = refusal(FakeEngine([7, EngineFull("secret blocks", retry_after=1)]), completion())
    assert (error.status, error.code, error.retry_after) == (503, "engine_full", 1)
    assert "secret" not in error.message


def test_a_request_that_a_part_of_the_engine_fails_over_is_500_without_internals() -> None:
    error = refusal(FakeEngine([7, RequestFailed("node 'secret' failed")]), completion())
    assert (error.status, error.type, error.code) == (500, "server_error", "request_failed")
    assert "secret" not in error.message


def test_an_engine_that_dies_is_503() -> None:
    error = refusal(FakeEngine([7, EngineDied("killed by signal 9")]), completion())
    assert (error.status, error.type, error.code) == (503, "server_error", "engine_died")
    assert "signal" not in error.message


def test_a_request_that_the_engine_refuses_is_400_with_its_reason() -> None:
    error = refusal(FakeEngine([RequestRefused("the prompt has token id 999")]), completion())
    assert (error.status, error.code) == (400, "request_refused")
    assert error.message == "The model's engine refuses this request: the prompt has token id 999"


# --- the end before the end

GRAPH = """
version: 1
side_inputs: [engine]
inputs: [request, prompts]
outputs: [deltas]
nodes:
  batching:
    calculator: ContinuousBatchingCalculator
    side_inputs: {engine: engine}
    inputs: {request: request, prompts: prompts}
    outputs: {deltas: deltas}
  two:
    calculator: READER
    inputs: {deltas: deltas}
"""


class TwoCalculator(Calculator):
    """Is done after two deltas."""

    deltas = Input[TokenDelta]()

    def __init__(self) -> None:
        self.seen = 0

    def process(self, cx: Context) -> None:
        self.seen += 1
        if self.seen == 2:
            cx.done(self.deltas)


class EndlessCalculator(Calculator):
    """Reads all there is."""

    deltas = Input[TokenDelta]()


def graph(reader: type[Calculator] = TwoCalculator) -> Graph:
    registry = Registry.of(ContinuousBatchingCalculator, reader)
    return Graph(load_graph_text(GRAPH.replace("READER", reader.__name__), registry=registry))


async def until_the_run_ends(
    engine: FakeEngine, reader: type[Calculator] = TwoCalculator, request: CompletionRequest | None = None
) -> None:
    chats = graph(reader)
    await chats.open({"engine": engine})
    async with chats.run() as run:
        await run.send("request", request or completion())
        await run.send("prompts", PROMPT)


def test_the_engine_forgets_a_request_that_nobody_reads_any_more() -> None:
    engine = FakeEngine([7, 8, 9], finish=None)
    asyncio.run(until_the_run_ends(engine))
    assert engine.cancelled == [1]
    assert engine.finished == []


async def cancelled_after_the_first_delta(engine: FakeEngine) -> None:
    chats = graph()
    await chats.open({"engine": engine})
    first = asyncio.Event()
    async with chats.run() as run:
        run.observe("deltas", lambda packet: first.set())
        await run.send("request", completion())
        await run.send("prompts", PROMPT)
        await first.wait()
        raise RunCancelled("the client left")


def test_the_engine_forgets_a_request_whose_run_is_cancelled() -> None:
    engine = FakeEngine([7], finish=None)
    with pytest.raises(RunCancelled):
        asyncio.run(cancelled_after_the_first_delta(engine))
    assert engine.cancelled == [1]


def test_a_request_that_finished_is_not_cancelled() -> None:
    engine = FakeEngine([7, 256])
    run(engine, completion())
    assert (engine.finished, engine.cancelled) == ([1], [])


@pytest.mark.parametrize(("tokens_of_prompt", "others_run"), [(100, False), (20_000, True)])
def test_others_have_their_turn_between_the_choices_of_a_long_prompt(
    tokens_of_prompt: int, others_run: bool
) -> None:
    turns = 0

    class Watched(FakeEngine):
        """Notes the loop's turns at each request."""

        def __init__(self) -> None:
            super().__init__([5, FakeTokenizer.EOS])
            self.turns: list[int] = []

        def generate(self, prompt: Sequence[int], sampling: SamplingParams, **more: Any) -> Any:
            self.turns.append(turns)
            return super().generate(prompt, sampling, **more)

    async def ask() -> list[int]:
        nonlocal turns
        prompt = Prompt(tuple([7] * tokens_of_prompt))
        sampling = SamplingParams(max_tokens=2)
        engine = Watched()
        asked = [ChoiceRequest(0, choice, prompt, sampling) for choice in range(3)]

        async def enter() -> None:
            async with Choices(asked, engine, 0):
                pass

        entering = asyncio.ensure_future(enter())
        while not entering.done():
            turns += 1
            await asyncio.sleep(0)
        return engine.turns

    at = asyncio.run(ask())
    assert (len(set(at)) == 3) is others_run


# --- log-probabilities of the prompt

READ = ([PromptToken(1), PromptToken(2, -0.5, (), 1)], [PromptToken(3, -2.0, (), 4)])
ALL_READ = (*READ[0], *READ[1])


def test_what_is_known_of_the_prompt_comes_in_parts_before_the_first_token() -> None:
    engine = FakeEngine([*READ, 65, 66])
    out = run(engine, completion(prompt_logprobs=2, echo=True, logprobs=True, top_logprobs=1))
    assert engine.requests[0][1].prompt_logprobs == 2
    assert [delta.prompt_logprobs for delta in out] == [tuple(READ[0]), tuple(READ[1]), (), ()]
    assert [ids(delta.tokens) for delta in out] == [[], [], [65], [66]]


def test_a_request_of_no_tokens_is_read_by_the_engine_where_its_prompt_is_to_be_scored() -> None:
    engine = FakeEngine([*READ, 65], finish="stop")
    out = run(engine, completion(max_tokens=0, echo=True, logprobs=True, top_logprobs=1))
    assert engine.requests[0][1].max_tokens == 1
    assert [(ids(delta.tokens), delta.completion_tokens, delta.finish) for delta in out] == [
        ([], 0, None),
        ([], 0, None),
        ([], 0, "length"),
    ]
    assert sum((delta.prompt_logprobs for delta in out), ()) == ALL_READ
    untouched = FakeEngine([65])
    run(untouched, completion(max_tokens=0, echo=True))
    assert untouched.requests == []


@pytest.mark.parametrize("wishes", [{"n": 2}, {"n": 1, "best_of": 3}, {"n": 2, "max_tokens": 0}], ids=str)
def test_every_choice_has_what_is_known_of_the_prompt(wishes: dict[str, Any]) -> None:
    wishes = {"best_of": wishes["n"], **wishes}
    out = run(FakeEngine([*READ, 65, 66]), completion(prompt_logprobs=0, **wishes))
    for choice in range(wishes["n"]):
        read = [delta.prompt_logprobs for delta in out if delta.choice == choice]
        assert sum(read, ()) == ALL_READ


def test_a_search_brings_what_is_known_of_the_prompt_before_its_beams() -> None:
    engine = FakeEngine([*READ, [Beam(tokens(65, 66), -0.5, "stop")]])
    out = run(engine, completion(prompt_logprobs=0, use_beam_search=True, best_of=1))
    assert sum((delta.prompt_logprobs for delta in out), ()) == ALL_READ
    assert [token for delta in out for token in ids(delta.tokens)] == [65, 66]


# --- what is counted


class Counted:
    """A meter, and what its texts were given: a line for each text."""

    def __init__(self) -> None:
        self.texts: list[list[object]] = []

    def text(self, prompt: int, prompt_tokens: int, max_tokens: int) -> Noted:
        noted = Noted([(prompt, prompt_tokens, max_tokens)])
        self.texts.append(noted.calls)
        return noted


class Noted:
    def __init__(self, calls: list[object]) -> None:
        self.calls = calls

    def reading(self) -> None:
        self.calls.append("reading")

    def tokens(self, count: int, cached: int | None) -> None:
        self.calls.append(count)

    def ended(self, finish: str | None) -> None:
        self.calls.append(finish)


async def counted(engine: FakeEngine, request: CompletionRequest) -> list[list[object]]:
    meter = Counted()
    chats = graph(EndlessCalculator)
    await chats.open({"engine": engine})
    async with chats.run(meter=meter) as run:
        await run.send("request", request)
        await run.send("prompts", PROMPT)
    return meter.texts


@pytest.mark.parametrize(
    ("wishes", "texts"),
    [
        ({"max_tokens": 5}, [[(0, 3, 5), 1, 2, "stop"]]),
        ({"max_tokens": 2}, [[(0, 3, 2), 1, 1, "length"]]),
        ({"max_tokens": 5, "n": 2, "best_of": 2}, [[(0, 3, 5), 1, 2, "stop"]] * 2),
        ({"max_tokens": 5, "best_of": 3}, [[(0, 3, 5), 1, 2, "stop"]] * 3),
        ({"max_tokens": 0}, [[(0, 3, 0), "length"]]),
    ],
)
def test_a_run_s_meter_hears_of_each_text_that_the_engine_generates(
    wishes: dict[str, Any], texts: list[list[object]]
) -> None:
    assert asyncio.run(counted(FakeEngine([7, [8, 9]]), completion(**wishes))) == texts


# --- deadlines


@pytest.mark.parametrize("n", [1, 2])
def test_an_engine_that_stops_between_tokens_costs_the_request_and_is_told_so(n: int) -> None:
    engine = FakeEngine([7, 8], finish=None)
    calculator = ContinuousBatchingCalculator(first_token_seconds=3600, between_tokens_seconds=0.001)
    with pytest.raises(RunError) as failed:
        CalculatorRunner(calculator).run(
            request=[completion(n=n, best_of=n)], prompts=[PROMPT], engine=engine
        )
    cause = failed.value.__cause__
    assert isinstance(cause, RequestError)
    assert (cause.status, cause.code) == (503, "token_timeout")
    assert sorted(engine.cancelled) == list(range(1, n + 1))


def test_an_engine_without_a_first_token_costs_the_request() -> None:
    engine = FakeEngine([], finish=None)
    calculator = ContinuousBatchingCalculator(first_token_seconds=0.001)
    with pytest.raises(RunError) as failed:
        CalculatorRunner(calculator).run(request=[completion()], prompts=[PROMPT], engine=engine)
    cause = failed.value.__cause__
    assert isinstance(cause, RequestError)
    assert (cause.code, engine.cancelled) == ("first_token_timeout", [1])
