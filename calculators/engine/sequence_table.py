"""SequenceTableCalculator: the table of an engine's sequences."""

from __future__ import annotations

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.sequences.sequence_table import SequenceTable
from ovpipe.ports import SideOutput
from ovpipe.registry import register


@register
class SequenceTableCalculator(Calculator):
    """Makes the table of the sequences that run and that wait, empty.

    No streams. Side output `sequences`: a side packet, so that the sequences outlive a run that fails.

        sequence_table:
          calculator: SequenceTableCalculator
          side_outputs: {sequences: sequences}
    """

    sequences = SideOutput[SequenceTable]()

    def open(self, cx: Context) -> None:
        """Makes the table."""
        cx.set_side(self.sequences, SequenceTable())
