"""A checkpoint's parameters as constants of the graph, and the products made with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from openvino import opset13 as ops

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.constants import (
    Keep,
    Storage,
    levels_constant,
    matrix_constant,
    precision_of,
    vector_constant,
)
from ovpipe.modelling.kept import Kept, with_sums
from ovpipe.modelling.layers.values import floats, ints, rank_of
from ovpipe.modelling.levels import Levels, stacked
from ovpipe.modelling.weights import Array, Weights

_BLOCKS = ("blocks", "blocks and rests")


class Parameters:
    """Takes each parameter from `weights` when the graph comes to it, and checks its shape.

    `apart` keeps every projection a product of its own, under the name by which LoRA adapters find it;
    else projections of the same input are one product, which reads its input and its weights once.
    """

    def __init__(
        self, config: DecoderConfig, weights: Weights, storage: Storage, keep: Keep, *, apart: bool
    ) -> None:
        self.config = config
        self._weights = weights
        self._shapes = config.shapes()
        self._storage = storage
        self._keep = keep
        self._apart = apart

    def matrix(self, name: str) -> Any:
        """A matrix [out, in] as it is stored, as a node of type f32."""
        return matrix_constant(self._checked(name), name, precision_of(self._storage, name), self._keep)

    def linear(self, x: Any, name: str, *, bias: bool = False) -> Any:
        """The product of x and the transposed matrix, plus the bias."""
        added = self._vector(f"{name}.bias", 3) if bias else None
        x, matrix = self._operands(x, [f"{name}.weight"], f"{name}.weight")
        return _product(x, matrix, name, added)

    def linears(
        self, x: Any, module: str, names: Sequence[str], widths: Sequence[int], *, bias: bool = False
    ) -> list[Any]:
        """The projections `names` of one input; `widths` are their outputs'.

        Where the checkpoint has them as one matrix, `names` has one name.
        """
        places = [f"{module}.{name}" for name in names]
        if len(places) > 1 and (self._apart or not self._stored_alike(places)):
            return [self.linear(x, place, bias=bias) for place in places]
        joined = (
            self.linear(x, *places, bias=bias) if len(places) == 1 else self._joined(x, places, bias=bias)
        )
        return list(ops.variadic_split(joined, ints(-1), ints(list(widths))).outputs())

    def rms_norm(self, x: Any, name: str) -> Any:
        """Root-mean-square norm: x / sqrt(mean(x²) + eps) * weight, over the last axis."""
        mean = ops.reduce_mean(ops.power(x, floats(2)), ints([-1]), keep_dims=True)
        scale = ops.divide(floats(1), ops.sqrt(ops.add(mean, floats(self.config.rms_eps))))
        weight = self._checked(f"{name}.weight")
        if self.config.norm_offset:
            weight = weight + np.float32(self.config.norm_offset)
        return ops.multiply(ops.multiply(x, scale), vector_constant(weight, f"{name}.weight", rank_of(x)))

    def _stored_alike(self, places: Sequence[str]) -> bool:
        return len({precision_of(self._storage, f"{place}.weight") for place in places}) == 1

    def _joined(self, x: Any, places: Sequence[str], *, bias: bool) -> Any:
        """The product of x with several matrices, one below the other."""
        name = "+".join([places[0], *(place.rpartition(".")[2] for place in places[1:])])
        added = None
        if bias:
            added = vector_constant(self._stacked([f"{place}.bias" for place in places]), f"{name}.bias", 3)
        x, matrix = self._operands(x, [f"{place}.weight" for place in places], f"{name}.weight")
        return _product(x, matrix, name, added)

    def _operands(self, x: Any, names: Sequence[str], name: str) -> tuple[Any, Any]:
        """The input and the matrix of a product; matrices of several names stand one below the other."""
        precision = precision_of(self._storage, names[0])
        columns = self._shapes[names[0]][1]
        # A product with rests has inputs of its own, which a LoRA adapter's product does not.
        if precision in _BLOCKS and not (precision == "blocks and rests" and self._apart):
            levels = self._levels(names)
            if levels is not None:
                constant = levels_constant(levels, name, self._keep)
                return (with_sums(x, columns) if precision == "blocks and rests" else x), constant
        if precision in _BLOCKS:
            precision = "int8 in groups"
        matrix = self._checked(names[0]) if len(names) == 1 else self._stacked(names)
        return x, matrix_constant(matrix, name, precision, self._keep)

    def _levels(self, names: Sequence[str]) -> Levels | None:
        """The numbers that the source keeps, or None."""
        assert isinstance(self._storage, Kept)
        parts = []
        for name in names:
            part = self._storage.levels(name)
            if part is None:
                return None
            parts.append(part)
        return parts[0] if len(parts) == 1 else stacked(parts)

    def _stacked(self, names: Sequence[str]) -> Array:
        """Parameters one below the other, with one of them in memory beside the whole."""
        heights = [self._shapes[name][0] for name in names]
        whole = np.empty((sum(heights), *self._shapes[names[0]][1:]), np.float32)
        end = 0
        for name, height in zip(names, heights, strict=True):
            whole[end : end + height] = self._checked(name)
            end += height
        return whole

    def _vector(self, name: str, rank: int) -> Any:
        return vector_constant(self._checked(name), name, rank)

    def _checked(self, name: str) -> Array:
        values: Array = np.asarray(self._weights(name), np.float32)
        if values.shape != self._shapes[name]:
            raise ValueError(f"{name} has shape {values.shape}; the config makes it {self._shapes[name]}")
        return values


def _product(x: Any, matrix: Any, name: str, bias: Any | None) -> Any:
    product = ops.matmul(x, matrix, False, True)
    # The name torch tracing gives it, by which genai finds where a LoRA adapter belongs.
    product.set_friendly_name(f"__module.{name}/ov_ext::linear/MatMul")
    return product if bias is None else ops.add(product, bias)
