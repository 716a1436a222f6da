"""The first core that loads, of several: real processes, whose cores only count."""

from __future__ import annotations

import pytest

from ovpipe.calculators.llm.loading.engine_options import CoreCandidate, read_engine
from ovpipe.calculators.llm.loading.first_core import open_first
from ovpipe.engines.cores import CoreDeclaration
from ovpipe.engines.options import CoreOptions
from ovpipe.engines.protocol import EngineLoadError
from tests.engines.clients import FAKE_HOST, bounded, some, tokens_of


class CountingOptions(CoreOptions, frozen=True, kw_only=True):
    load: str | None = None


def candidate(name: str, load: str | None = None) -> CoreCandidate:
    """A core that counts, or that fails at its load."""
    core = CoreDeclaration(
        name=name,
        options=CountingOptions,
        capabilities=frozenset(),
        command=FAKE_HOST,
        grammar_checker=FAKE_HOST,
    )
    return CoreCandidate(core, CountingOptions(models_path="m", load=load))


@pytest.mark.parametrize(("load", "why"), [("no head", "no head"), ("crash", "SIGSEGV")])
def test_the_next_core_serves_where_the_first_cannot_load_and_the_reason_is_told(load: str, why: str) -> None:
    told: list[str] = []

    async def scenario() -> None:
        client = await open_first([candidate("one", load), candidate("two")], told.append, name="fake")
        try:
            assert await tokens_of(client.generate([0], some(2))) == [1, 2]
        finally:
            await client.close()

    bounded(scenario)
    (line,) = told
    assert line.startswith("core auto took 'two': core 'one' cannot load it: engine 'fake' ")
    assert why in line


def test_where_none_loads_the_error_has_what_each_said() -> None:
    async def scenario() -> None:
        with pytest.raises(EngineLoadError, match=r"core 'one': .*no head.*; core 'two': .*no room"):
            await open_first([candidate("one", "no head"), candidate("two", "no room")], print, name="fake")

    bounded(scenario)


def test_a_core_that_was_named_is_taken_without_a_word_or_not_at_all() -> None:
    told: list[str] = []

    async def scenario() -> None:
        await (await open_first([candidate("one")], told.append, name="fake")).close()
        with pytest.raises(EngineLoadError, match="engine 'fake' could not be loaded: no head"):
            await open_first([candidate("one", "no head")], told.append, name="fake")

    bounded(scenario)
    assert told == []


def test_auto_prefers_the_graph_and_gives_both_cores_the_same_options() -> None:
    first, second = read_engine("Node", "m", "GPU", {"core": "auto", "num_kv_blocks": 7})
    assert (first.core.name, second.core.name) == ("graph", "genai")
    for options in (first.options, second.options):
        assert (options.models_path, options.device) == ("m", "GPU")
        assert options.num_kv_blocks == 7  # type: ignore[attr-defined]  # both have it
