"""`precision: auto`: each candidate is loaded and measured once, and the best one serves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final, Generic, TypeVar

from ovpipe.engines.batching_options import Precision
from ovpipe.engines.messages import Progress
from ovpipe.engines.precision.choice import Figures, Forms
from ovpipe.engines.precision.remembered import RememberedFigures
from ovpipe.engines.precision.subject import Subject
from ovpipe.engines.process.native_errors import plain_message
from ovpipe.engines.protocol import EngineError

Core = TypeVar("Core")
Report = Callable[[Progress], None]

_FAILURES: Final = (RuntimeError, ValueError, EngineError)
"""Of a core that cannot be loaded or measured; a server that has left is none of them."""

_log = logging.getLogger("ovpipe.engine.precision")


class AutoPrecision(Generic[Core]):
    """Loads a core in the best of several precisions. Two cores are never there at once."""

    def __init__(
        self,
        *,
        load: Callable[[Forms, Report], Core],
        measure: Callable[[Core], Figures],
        remembered: RememberedFigures,
        choose: Callable[[Mapping[Precision, Figures]], Forms],
        report: Report,
    ) -> None:
        self._load = load
        self._measure = measure
        self._remembered = remembered
        self._choose = choose
        self._report = report

    def load(self, subject: Subject) -> Core:
        """By what an earlier load measured, else by measuring all candidates now.

        Where one of them cannot be loaded or measured the first serves, and nothing is remembered.
        """
        measurement = self._remembered.read(subject)
        if measurement is None:
            with self._remembered.turn(self._say_waiting) as waited:
                measurement = self._remembered.read(subject) if waited else None
                if measurement is None:
                    return self._load_measured(subject)
        chosen = self._choose(measurement.figures)
        self._say(chosen, measurement.figures, f"as measured on {measurement.measured}")
        return self._load(chosen, self._report)

    def _load_measured(self, subject: Subject) -> Core:
        figures, kept = self._measure_all(subject)
        if len(figures) == len(subject.candidates):
            chosen, why = self._choose(figures), "measured now"
            self._remembered.write(subject, figures)
        else:
            chosen, why = Forms.one(subject.candidates[0]), "the others could not be compared with it"
        self._say(chosen, figures, why)
        if kept is not None and chosen == Forms.one(subject.candidates[-1]):
            return kept
        del kept
        return self._load(chosen, self._report)

    def _measure_all(self, subject: Subject) -> tuple[dict[Precision, Figures], Core | None]:
        """The figures of all that could be measured, and the last one's core, which may go on to serve."""
        figures: dict[Precision, Figures] = {}
        core: Core | None = None
        for precision in subject.candidates:
            core = None  # let go of before the next one is loaded
            report = self._of_candidate(precision)
            try:
                core = self._load(Forms.one(precision), report)
                report(Progress(phase="warm_up", detail="a step alone, a step of several, a prompt"))
                figures[precision] = self._measure(core)
            except _FAILURES as error:
                core = None
                _log.warning("precision %s cannot be measured: %s", precision, plain_message(error))
        return figures, core

    def _of_candidate(self, precision: Precision) -> Report:
        def report(progress: Progress) -> None:
            detail = f"measuring precision {precision}: {progress.detail}"
            self._report(Progress(phase=progress.phase, detail=detail, fraction=progress.fraction))

        return report

    def _say_waiting(self) -> None:
        detail = "waiting, since another model's precision is being measured on this machine"
        self._report(Progress(phase="load", detail=detail))

    def _say(self, chosen: Forms, figures: Mapping[Precision, Figures], why: str) -> None:
        """Tells the choice to who starts the server, and to the log."""
        told = "; ".join(f"{precision}: {one.describe()}" for precision, one in figures.items())
        detail = f"precision auto is {chosen}, {why}" + (f" ({told})" if told else "")
        self._report(Progress(phase="load", detail=detail))
        _log.info("%s", detail)
