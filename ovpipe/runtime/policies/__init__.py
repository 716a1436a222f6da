"""Input policies: how the packets of several inputs come together. One class a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from ovpipe.errors import DeclarationError, NotFoundError, did_you_mean
from ovpipe.graph.plan import PolicyPlan
from ovpipe.runtime.core.input_queue import InputQueue
from ovpipe.runtime.policies.barrier import BarrierInputPolicy
from ovpipe.runtime.policies.default import DefaultInputPolicy
from ovpipe.runtime.policies.early_close import EarlyCloseInputPolicy
from ovpipe.runtime.policies.fixed_size import FixedSizeInputPolicy
from ovpipe.runtime.policies.immediate import ImmediateInputPolicy
from ovpipe.runtime.policies.input_policy import InputPolicy
from ovpipe.runtime.policies.mux import MuxInputPolicy
from ovpipe.runtime.policies.sync_sets import SyncSetsInputPolicy
from ovpipe.runtime.policies.timestamp_align import TimestampAlignInputPolicy

__all__ = ["POLICIES", "BuildPolicy", "InputPolicy", "passes_single_input", "policy_builder"]

BuildPolicy = Callable[[list[InputQueue]], InputPolicy]

POLICIES: Mapping[str, type[InputPolicy]] = MappingProxyType(
    {
        policy.name: policy
        for policy in (
            DefaultInputPolicy,
            ImmediateInputPolicy,
            SyncSetsInputPolicy,
            FixedSizeInputPolicy,
            BarrierInputPolicy,
            EarlyCloseInputPolicy,
            MuxInputPolicy,
            TimestampAlignInputPolicy,
        )
    }
)
"""By the names that graphs and calculators use."""


def policy_builder(plan: PolicyPlan, *, process_timestamp_bounds: bool) -> BuildPolicy:
    """What makes the policy of a node in each run."""
    try:
        policy = POLICIES[plan.name]
    except KeyError:
        raise NotFoundError(
            f"there is no input policy {plan.name!r}: {did_you_mean(plan.name, POLICIES)}"
        ) from None
    if process_timestamp_bounds and not policy.sees_bounds:
        able = ", ".join(name for name, other in POLICIES.items() if other.sees_bounds)
        raise DeclarationError(
            f"a calculator with process_timestamp_bounds cannot have input policy {plan.name!r}, "
            f"which processes packets only; those for it are {able}"
        )
    if not plan.options and not process_timestamp_bounds:
        return policy
    return partial(policy, process_timestamp_bounds=process_timestamp_bounds, **plan.options)


def passes_single_input(plan: PolicyPlan, *, process_timestamp_bounds: bool) -> bool:
    """Whether a node with one input needs no policy to be asked."""
    options = {name: value for name, value in plan.options.items() if (name, value) != ("batch_size", 1)}
    return POLICIES[plan.name].passes_single_input and not options and not process_timestamp_bounds
