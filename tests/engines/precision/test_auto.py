"""How `precision: auto` loads, measures, lets go and remembers; with loads that cost nothing."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ovpipe.engines.batching_options import Precision
from ovpipe.engines.messages import Progress
from ovpipe.engines.precision.auto import AutoPrecision
from ovpipe.engines.precision.choice import Figures, Forms, best_forms, best_precision
from ovpipe.engines.precision.remembered import RememberedFigures
from tests.engines.precision.subjects import both, figures, subject

F32_BETTER = both(figures(60, 100, 1), figures(44, 58, 1))
DEFAULT_BETTER = both(figures(44, 58, 1), figures(60, 100, 1))


def one_form(measured: Mapping[Precision, Figures]) -> Forms:
    return Forms.one(best_precision(measured, 100))


def two_forms(measured: Mapping[Precision, Figures]) -> Forms:
    return best_forms(measured, 1_000)


class Loaded:
    """A core as far as it matters here: it is there, in a precision."""

    def __init__(self, forms: Forms) -> None:
        self.forms = forms
        self.precision = forms.decode


class Machine:
    """Loads cores whose figures are known, and looks at how many there are."""

    def __init__(self, folder: Path, known: dict[Precision, Figures]) -> None:
        self.folder = folder
        self.known = known
        self.fails: dict[Precision, Exception] = {}
        self.loads: list[str] = []
        self.told: list[str] = []
        self.tell: Callable[[str], None] = self.told.append
        self._alive: weakref.WeakSet[Loaded] = weakref.WeakSet()

    def load(self, choose: Callable[[Mapping[Precision, Figures]], Forms] = one_form) -> Loaded:
        auto: AutoPrecision[Loaded] = AutoPrecision(
            load=self._load,
            measure=lambda core: self.known[core.precision],
            remembered=RememberedFigures(self.folder),
            choose=choose,
            report=lambda progress: self.tell(progress.detail),
        )
        return auto.load(subject())

    def _load(self, forms: Forms, report: Callable[[Progress], None]) -> Loaded:
        assert not self._alive, "the one before is still there"
        self.loads.append(str(forms))
        report(Progress(phase="load", detail="compiling"))
        if forms.decode in self.fails:
            raise self.fails[forms.decode]
        core = Loaded(forms)
        self._alive.add(core)
        return core


def test_the_first_load_measures_each_alone_and_the_last_one_goes_on_to_serve(tmp_path: Path) -> None:
    machine = Machine(tmp_path, F32_BETTER)
    assert machine.load().precision == "f32"
    assert machine.loads == ["default", "f32"]
    assert machine.told == [
        "measuring precision default: compiling",
        "measuring precision default: a step alone, a step of several, a prompt",
        "measuring precision f32: compiling",
        "measuring precision f32: a step alone, a step of several, a prompt",
        "precision auto is f32, measured now (default: a step of 1 takes 60 ms, of 8 100 ms, a prompt 1 ms a "
        "token; f32: a step of 1 takes 44 ms, of 8 58 ms, a prompt 1 ms a token)",
    ]


def test_the_loser_is_let_go_before_the_winner_is_loaded_again(tmp_path: Path) -> None:
    machine = Machine(tmp_path, DEFAULT_BETTER)
    assert machine.load().precision == "default"
    assert machine.loads == ["default", "f32", "default"]


@pytest.mark.parametrize("known", [F32_BETTER, DEFAULT_BETTER], ids=["f32", "default"])
def test_a_later_load_measures_nothing_and_says_when_it_was_measured(
    tmp_path: Path, known: dict[Precision, Figures]
) -> None:
    chosen = Machine(tmp_path, known).load().precision
    later = Machine(tmp_path, {})
    assert later.load().precision == chosen
    assert later.loads == [chosen]
    first, compiling = later.told
    assert first.startswith(f"precision auto is {chosen}, as measured on 20")
    assert compiling == "compiling"


def test_two_forms_are_loaded_at_once_where_these_serve_best(tmp_path: Path) -> None:
    # A prompt is read in half the time by the one, a step decodes in half the time by the other.
    machine = Machine(tmp_path, both(figures(60, 100, 1), figures(30, 50, 2)))
    assert machine.load(two_forms).forms == Forms(decode="f32", prefill="default")
    assert machine.loads == ["default", "f32", "f32 for decoding and default for prompts"]
    assert machine.told[-2].startswith("precision auto is f32 for decoding and default for prompts, measured")
    later = Machine(tmp_path, {})
    later.load(two_forms)
    assert later.loads == ["f32 for decoding and default for prompts"]


def test_a_candidate_that_cannot_be_loaded_leaves_the_devices_own_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    machine = Machine(tmp_path, F32_BETTER)
    machine.fails["f32"] = RuntimeError("no kernel")
    assert machine.load().precision == "default"
    assert "precision f32 cannot be measured: no kernel" in caplog.text
    assert list(tmp_path.glob("*.json")) == []
    assert Machine(tmp_path, F32_BETTER).load().precision == "f32"


def test_a_candidate_that_cannot_be_measured_leaves_the_devices_own(tmp_path: Path) -> None:
    def too_small(core: Loaded) -> Figures:
        raise ValueError(f"{core.precision}: the cache is too small")

    machine = Machine(tmp_path, {})
    auto: AutoPrecision[Loaded] = AutoPrecision(
        load=machine._load,
        measure=too_small,
        remembered=RememberedFigures(tmp_path),
        choose=one_form,
        report=lambda progress: machine.told.append(progress.detail),
    )
    assert auto.load(subject()).precision == "default"
    assert machine.told[-2] == "precision auto is default, the others could not be compared with it"


def test_two_that_load_at_once_measure_in_turns_and_the_second_remembers_what_the_first_measured(
    tmp_path: Path,
) -> None:
    second, waits = Machine(tmp_path, {}), threading.Event()
    second.tell = lambda detail: waits.set() if detail.startswith("waiting") else None
    cores: list[Loaded] = []
    thread = threading.Thread(target=lambda: cores.append(second.load()))
    first = RememberedFigures(tmp_path)
    with first.turn(lambda: None) as waited:
        assert not waited
        thread.start()
        assert waits.wait(60)
        assert second.loads == []
        first.write(subject(), F32_BETTER)
    thread.join()
    assert [core.precision for core in cores] == second.loads == ["f32"]


def test_one_that_waited_for_another_model_measures_its_own(tmp_path: Path) -> None:
    machine, waits = Machine(tmp_path, F32_BETTER), threading.Event()
    machine.tell = lambda detail: waits.set() if detail.startswith("waiting") else None
    thread = threading.Thread(target=machine.load)
    with RememberedFigures(tmp_path).turn(lambda: None):
        thread.start()
        assert waits.wait(60)
    thread.join()
    assert machine.loads == ["default", "f32"]


def test_a_model_that_cannot_be_loaded_at_all_fails_with_its_own_error(tmp_path: Path) -> None:
    machine = Machine(tmp_path, {})
    machine.fails = {"default": RuntimeError("no such operation"), "f32": RuntimeError("no such operation")}
    with pytest.raises(RuntimeError, match="no such operation"):
        machine.load()


def test_a_server_that_leaves_ends_the_measuring(tmp_path: Path) -> None:
    machine = Machine(tmp_path, F32_BETTER)
    machine.fails["default"] = ConnectionResetError("the server left")
    with pytest.raises(ConnectionResetError):
        machine.load()
    assert machine.loads == ["default"]
