"""The timestamp_align input policy: inputs whose timestamps begin at different points."""

from __future__ import annotations

from functools import partial

import pytest

from ovpipe.errors import TimestampError
from ovpipe.runtime.policies.timestamp_align import TimestampAlignInputPolicy
from ovpipe.timestamp import DONE, POST_STREAM
from tests.runtime.policies.by_hand import ByHand

TO_CAMERA = partial(TimestampAlignInputPolicy, base="camera")


def test_inputs_are_moved_to_the_base_by_the_packets_that_meet_first() -> None:
    """Behaviour 29."""
    inputs = ByHand(TO_CAMERA, "video", "camera")
    for at in (101, 102):
        inputs.send("camera", at)
        assert inputs.take_all() == [(at, {"camera": f"camera{at}"})]
    inputs.send("video", 1)
    assert inputs.take() is None
    assert inputs.policy.bound() == 103
    inputs.send("camera", 103)
    assert inputs.take_all() == [(103, {"video": "video1", "camera": "camera103"})]
    inputs.send("camera", 104)
    assert inputs.take() is None  # the base waits too from now on
    inputs.send("video", 4)
    assert inputs.take_all() == [(104, {"camera": "camera104"})]
    assert inputs.policy.bound() == 105
    inputs.end("video", "camera")
    assert inputs.take_all() == [(106, {"video": "video4"})]
    assert inputs.policy.bound() == DONE


def test_bounds_are_moved_too() -> None:
    inputs = ByHand(TO_CAMERA, "video", "camera")
    inputs.send("video", 0)
    assert inputs.take() is None
    inputs.send("camera", 1000)
    assert inputs.take_all() == [(1000, {"video": "video0", "camera": "camera1000"})]
    inputs.send("camera", 1010)
    inputs.settle("video", 10)
    assert inputs.take() is None
    inputs.settle("video", 11)
    assert inputs.take_all() == [(1010, {"camera": "camera1010"})]
    assert inputs.policy.bound() == 1011


def test_until_every_input_has_met_the_base_it_goes_alone() -> None:
    inputs = ByHand(TO_CAMERA, "video", "sound", "camera")
    inputs.send("video", 101)
    inputs.send("camera", 101)
    assert inputs.take_all() == [(101, {"camera": "camera101"})]
    inputs.send("sound", 50)
    inputs.send("camera", 102)
    assert inputs.take_all() == [(102, {"video": "video101", "sound": "sound50", "camera": "camera102"})]


def test_an_input_that_ends_without_a_packet_is_not_waited_for() -> None:
    inputs = ByHand(TO_CAMERA, "video", "sound", "camera")
    inputs.send("video", 1)
    inputs.end("sound")
    inputs.send("camera", 101)
    assert inputs.take_all() == [(101, {"video": "video1", "camera": "camera101"})]


def test_a_base_that_ends_before_anything_met_it_ends_the_node() -> None:
    inputs = ByHand(TO_CAMERA, "video", "camera")
    inputs.send("video", 1)
    inputs.end("camera")
    assert inputs.take() is None
    assert inputs.policy.bound() == DONE


def test_alone_the_base_is_passed_on() -> None:
    inputs = ByHand(TO_CAMERA, "camera")
    inputs.send("camera", 5)
    inputs.send("camera", 9)
    assert inputs.take_all() == [(5, {"camera": "camera5"}), (9, {"camera": "camera9"})]


def test_alone_the_base_may_have_a_special_timestamp() -> None:
    inputs = ByHand(TO_CAMERA, "video", "camera")
    inputs.end("video")
    inputs.send("camera", POST_STREAM)
    assert [at for at, _ in inputs.take_all()] == [POST_STREAM]


def test_special_timestamps_have_no_distance() -> None:
    inputs = ByHand(TO_CAMERA, "video", "camera")
    inputs.send("video", 1)
    inputs.send("camera", POST_STREAM)
    with pytest.raises(TimestampError, match="cannot align 'video' at 1 with 'camera' at POST_STREAM"):
        inputs.take()
