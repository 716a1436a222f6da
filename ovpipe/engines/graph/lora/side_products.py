"""add_adapters: LoRA adapters as products beside those of a model, each token through its request's own.

Beside a projection stand two small products over all adapters together: down to the sum of their ranks, then
up again. Between them each token keeps the numbers of its own adapter and loses the others'. So a batch may
mix requests of any adapters and of none, and a token without one gets exactly 0 added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ovpipe.engines.graph.lora.low_rank import Adapter, LowRank, Matrix

ADAPTER_OF_TOKEN: Final = "adapter_of_token"
"""The input that says which adapter each token has: f32 [tokens, adapters], 1 at its own."""

_PRODUCT = re.compile(r"(?:__module\.)?(?P<module>[\w.]+)\.(?P<names>\w+(?:\+\w+)*)/.+")
"""A projection's product, by the name of ovpipe's builder and optimum-intel; ovpipe joins several."""


def add_adapters(model: Any, adapters: Sequence[Adapter]) -> None:
    """Puts the adapters into a model that reads tokens of a paged cache.

    Raises ValueError for one that changes what the model has not, or has in another shape.
    """
    from openvino import opset13 as ops

    chooser = ops.parameter([-1, len(adapters)], np.float32, name=ADAPTER_OF_TOKEN)
    chooser.output(0).get_tensor().set_names({ADAPTER_OF_TOKEN})
    beside = _SideProducts(adapters, chooser)
    for node in model.get_ordered_ops():
        match = _PRODUCT.fullmatch(node.get_friendly_name()) if node.get_type_name() == "MatMul" else None
        if match is not None:
            names = match["names"].split("+")
            beside.add(node, [f"{match['module']}.{name}" for name in names])
    beside.check_placed()
    model.add_parameters([chooser])
    model.validate_nodes_and_infer_types()


class _SideProducts:
    def __init__(self, adapters: Sequence[Adapter], chooser: Any) -> None:
        self._adapters = adapters
        self._chooser = chooser
        self._missing = {adapter.name: set(adapter.changes) for adapter in adapters}
        self._masks: dict[tuple[tuple[int, ...], int], Any] = {}

    def add(self, product: Any, modules: Sequence[str]) -> None:
        """Beside a product of one projection, or of several whose outputs stand one behind the other."""
        from openvino import opset13 as ops

        changed = [
            (number, module, adapter.changes[module])
            for number, adapter in enumerate(self._adapters)
            for module in modules
            if module in adapter.changes
        ]
        if not changed:
            return
        widths = _widths(product, len(modules))
        inputs = product.input(0).get_partial_shape()[-1].get_length()
        begins = dict(zip(modules, np.cumsum([0, *widths]).tolist(), strict=False))
        width_of = dict(zip(modules, widths, strict=True))
        ups = []
        for number, module, change in changed:
            self._check(number, module, change, inputs, width_of[module])
            up = np.zeros((sum(widths), change.rank), np.float32)
            up[begins[module] : begins[module] + width_of[module]] = change.up
            ups.append(up)
            self._missing[self._adapters[number].name].discard(module)
        down = np.concatenate([change.down for _, _, change in changed])
        owners = tuple(number for number, _, change in changed for _ in range(change.rank))
        output = product.output(0)
        readers = output.get_target_inputs()
        # The same product with another input, so that the plugin may join the two as it likes.
        small = ops.matmul(product.input_value(0), _constant(down), False, True)
        own = ops.multiply(small, self._mask(owners, _tokens_axis(product)))
        added = ops.add(output, ops.matmul(own, _constant(np.concatenate(ups, axis=1)), False, True))
        for reader in readers:
            reader.replace_source_output(added.output(0))

    def check_placed(self) -> None:
        """Raises ValueError where an adapter changes what the model has not."""
        for adapter in self._adapters:
            missing = sorted(self._missing[adapter.name])
            if missing:
                more = f" and {len(missing) - 1} others" if len(missing) > 1 else ""
                raise ValueError(
                    f"adapters: {adapter.place} changes {missing[0]}{more}, which this model has no product "
                    "of that name for; an adapter belongs to the model that it was trained on"
                )

    def _mask(self, owners: tuple[int, ...], axis: int) -> Any:
        """For each token and each number of a rank, 1 where the token has the number's adapter."""
        from openvino import opset13 as ops

        if (owners, axis) not in self._masks:
            columns = ops.constant(np.array(owners, np.int64))
            chosen = ops.gather(self._chooser, columns, ops.constant(np.array(1, np.int64)))
            other = ops.constant(np.array([1 - axis], np.int64))
            self._masks[owners, axis] = ops.unsqueeze(chosen, other)
        return self._masks[owners, axis]

    def _check(self, number: int, module: str, change: LowRank, inputs: int, outputs: int) -> None:
        if (change.down.shape[1], change.up.shape[0]) != (inputs, outputs):
            raise ValueError(
                f"adapters: {self._adapters[number].place} changes {module} from {change.down.shape[1]} to "
                f"{change.up.shape[0]} numbers; this model's is from {inputs} to {outputs}"
            )


def _constant(matrix: Matrix) -> Any:
    from openvino import opset13 as ops

    return ops.constant(np.ascontiguousarray(matrix))


def _tokens_axis(product: Any) -> int:
    """Which axis counts the tokens: activations are [tokens, 1, width], or [1, tokens, width]."""
    shape = product.input(0).get_partial_shape()
    return 0 if shape[1].is_static and shape[1].get_length() == 1 else 1


def _widths(product: Any, parts: int) -> list[int]:
    """How many outputs each projection has of a product of several."""
    if parts == 1:
        return [product.output(0).get_partial_shape()[-1].get_length()]
    node = product
    while node.get_type_name() != "VariadicSplit":
        (reader,) = node.output(0).get_target_inputs()
        node = reader.get_node()
    widths: list[int] = node.input_value(2).get_node().get_data().tolist()
    return widths
