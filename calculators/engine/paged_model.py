"""PagedModelCalculator: the model reads a batch."""

from __future__ import annotations

from ovpipe.calculator import Calculator, Context
from ovpipe.calculators.engine.packets import Batch, Logits
from ovpipe.calculators.engine.paging.reads_batches import ReadsBatches
from ovpipe.ports import Input, Output, SideInput
from ovpipe.registry import register


@register
class PagedModelCalculator(Calculator):
    """Has the model read a batch: what a step spends its time with.

    `logits` has a row for each of the batch's sampled rows, and one for each place of a prompt that is to be
    scored; an empty batch gives none.

        model:
          calculator: PagedModelCalculator
          side_inputs: {model: model}
          inputs: {batch: batch}
          outputs: {logits: logits}
    """

    batch = Input[Batch]()
    logits = Output[Logits]()
    model = SideInput[ReadsBatches]()

    def process(self, cx: Context) -> None:
        """The batch's copies of blocks, and one inference."""
        model, batch = cx[self.model], cx[self.batch]
        if batch.copies:
            model.copy_blocks(batch.copies)
        found, sampled = model.read(batch.rows), len(batch.sampled)
        cx.send(self.logits, Logits(found[:sampled], prompt=found[sampled:]))
