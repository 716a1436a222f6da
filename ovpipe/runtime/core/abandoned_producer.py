"""AbandonedProducer: a producer that has lost its last consumer, and is to end."""

from __future__ import annotations

from ovpipe.runtime.core.consumer import Consumer
from ovpipe.runtime.core.stream import Producer


class AbandonedProducer:
    """Stands in the ready list for the producer.

    The pump ends producers one by one, not by recursion, so that a stop travels up a graph of any depth.
    """

    __slots__ = ("producer", "queued")

    outside = False

    def __init__(self, producer: Producer) -> None:
        self.producer = producer
        self.queued = True

    @property
    def name(self) -> str:
        """The producer's."""
        return self.producer.name

    def drain(self) -> Consumer | None:
        """Ends the producer. One in the middle of an async call learns of it by its next send or drain."""
        return self.producer.lost_consumer()
