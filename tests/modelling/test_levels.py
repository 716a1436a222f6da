"""Matrices as whole numbers with scales."""

import numpy as np
import openvino as ov
import pytest
from numpy.typing import NDArray
from openvino import opset13 as ops

from ovpipe.modelling.constants import Precision, levels_constant, matrix_constant
from ovpipe.modelling.levels import Levels, int4_levels, int8_levels, stacked

WEIGHTS = np.random.default_rng(3).standard_normal((70, 256)).astype(np.float32) * np.float32(0.05)


def values(levels: Levels) -> NDArray[np.float32]:
    """The matrix that the levels stand for, by the words of their docstring."""
    numbers = levels.numbers.astype(np.int16)
    if levels.bits == 4:
        numbers = np.stack([numbers & 15, numbers >> 4], axis=2)
    apart = numbers.reshape(levels.shape) - (0 if levels.zeros is None else levels.zeros.astype(np.int16))
    scaled = levels.scales.astype(np.float32) * apart
    return scaled.reshape(len(numbers), -1).astype(np.float32)


def product_with(node: object, columns: int) -> ov.CompiledModel:
    x = ops.parameter([-1, columns], np.float32, name="x")
    model = ov.Model([ops.matmul(x, node, False, True)], [x], "product")
    return ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


@pytest.mark.parametrize("levels", [int8_levels(WEIGHTS), int8_levels(WEIGHTS, 32), int4_levels(WEIGHTS, 64)])
def test_the_graph_has_the_matrix_that_the_levels_stand_for(levels: Levels) -> None:
    model = ov.Model([levels_constant(levels, "some.weight")], [], "matrix")
    (found,) = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([]).values()
    # The graph multiplies in f16.
    np.testing.assert_allclose(found, values(levels), rtol=1e-3, atol=0)


def test_rounding_is_within_half_a_step() -> None:
    for levels in (int8_levels(WEIGHTS), int8_levels(WEIGHTS, 32)):
        # A scale that is rounded to f16 lets the largest be clipped a little.
        step = levels.scales.astype(np.float32)
        apart = np.abs(values(levels) - WEIGHTS).reshape(levels.shape)
        assert (apart <= step * 0.57).all()


def test_four_bits_are_nearer_than_those_of_a_groups_whole_range() -> None:
    groups = WEIGHTS.reshape(70, 4, 64)
    low, high = groups.min(axis=2, keepdims=True), groups.max(axis=2, keepdims=True)
    step = (high - low) / 15
    zero = np.rint(-low / step)
    plain = ((np.clip(np.rint(groups / step) + zero, 0, 15) - zero) * step).reshape(70, 256)
    ours = values(int4_levels(WEIGHTS, 64))
    assert ((ours - WEIGHTS) ** 2).mean() < 0.94 * ((plain - WEIGHTS) ** 2).mean()


def test_groups_of_one_sign_and_of_zeros_have_levels_too() -> None:
    matrix = np.concatenate([np.zeros((1, 64)), np.full((1, 64), 0.3), np.full((1, 64), -0.3)])
    found = values(int4_levels(matrix.astype(np.float32), 64))
    np.testing.assert_allclose(found, matrix, rtol=1e-3, atol=0)


def test_matrices_one_below_the_other_are_the_same_levels() -> None:
    parts = [int4_levels(WEIGHTS[:30], 64), int4_levels(WEIGHTS[30:], 64)]
    np.testing.assert_array_equal(values(stacked(parts)), values(int4_levels(WEIGHTS, 64)))


@pytest.mark.parametrize(("precision", "kept"), [("int8", "i8"), ("int8 in groups", "i8"), ("int4", "u4")])
def test_openvino_multiplies_with_the_numbers_as_they_are(precision: Precision, kept: str) -> None:
    model = product_with(matrix_constant(WEIGHTS, "some.weight", precision), 256)
    products = [
        node.get_rt_info()["runtimePrecision"].astype(str)
        for node in model.get_runtime_model().get_ops()
        if node.get_rt_info()["layerType"].astype(str) == "FullyConnected"
    ]
    assert products == [kept]


def test_a_bf16_is_kept_bit_by_bit_and_others_are_rounded_to_the_nearest() -> None:
    bits = WEIGHTS.view(np.uint32)
    exact = (bits & 0xFFFF0000).view(np.float32)
    node = matrix_constant(exact, "some.weight", "bf16")
    (found,) = ov.Core().compile_model(ov.Model([node], [], "m"), "CPU", {})([]).values()
    np.testing.assert_array_equal(found, exact)
    middle = np.array([[1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-16]], np.float32)
    node = matrix_constant(middle, "some.weight", "bf16")
    (found,) = ov.Core().compile_model(ov.Model([node], [], "m"), "CPU", {})([]).values()
    np.testing.assert_array_equal(found, [[1, 1 + 2**-6, 1 + 2**-7]])


@pytest.mark.parametrize("columns", [48, 30])
def test_rows_that_no_group_divides_have_one_scale(columns: int) -> None:
    part = np.ascontiguousarray(WEIGHTS[:, :columns])
    model = product_with(matrix_constant(part, "some.weight", "int4"), columns)
    x = np.eye(columns, dtype=np.float32)
    (found,) = model([x]).values()
    assert np.abs(found.T - part).max() < (0.02 if columns == 48 else 0.001)
