"""pipecat's Pipeline of FrameProcessors. It has no join, so it runs chains only."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from loguru import logger
from pipecat.frames.frames import DataFrame, EndFrame, Frame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from tests.benchmarks.peers.jobs import Job, answer


class Pass(FrameProcessor):
    """Hands frames on."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """One frame."""
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Sink(FrameProcessor):
    """Says when it has seen so many data frames."""

    def __init__(self) -> None:
        super().__init__()
        self.missing = 0
        self.seen = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """One frame."""
        await super().process_frame(frame, direction)
        if isinstance(frame, DataFrame):
            self.missing -= 1
            if self.missing == 0:
                self.seen.set()
        await self.push_frame(frame, direction)

    async def wait(self) -> None:
        """Until it has seen what was announced."""
        await self.seen.wait()
        self.seen.clear()


async def run(job: Job) -> float:
    """Queues the frames; the figure begins when the pipeline has started."""
    sink = Sink()
    worker = PipelineWorker(
        Pipeline([*(Pass() for _ in range(job.size)), sink]),
        cancel_on_idle_timeout=False,
        idle_timeout_secs=None,
        enable_rtvi=False,
        enable_turn_tracking=False,
    )
    started = asyncio.Event()

    @worker.event_handler("on_pipeline_started")
    async def on_started(worker: Any, frame: Frame) -> None:
        started.set()

    async def feed() -> float:
        await started.wait()
        step = 1 if job.mode == "lockstep" else job.packets
        begin = time.perf_counter()
        for _ in range(0, job.packets, step):
            sink.missing = step
            for _ in range(step):
                await worker.queue_frame(DataFrame())
            await sink.wait()
        took = time.perf_counter() - begin
        await worker.queue_frame(EndFrame())
        return took / job.packets * 1e6

    runner = WorkerRunner()
    await runner.add_workers(worker)
    _, figure = await asyncio.gather(runner.run(), feed())
    return figure


def measure(job: Job) -> float | None:
    """Chains; None for a fan."""
    return asyncio.run(run(job)) if job.shape == "chain" else None


if __name__ == "__main__":
    logger.remove()
    answer(measure, "pipecat-ai")
