"""OpenVINO's error messages, without the places in its sources where they passed."""

from __future__ import annotations

import re

_PLACE = re.compile(
    r"^(Exception from \S+:\d+:|Check '.*' failed at \S+:\d+:"
    r"|\[\d\d:\d\d:\d\d\] \S+:\d+:( Check failed: \(.*?\) is false:)?)\s*"  # xgrammar's
)


def plain_message(error: BaseException) -> str:
    """What the error says, on one line: "Device with "NPU" name is not registered", say."""
    lines = [_PLACE.sub("", line).strip() for line in str(error).splitlines()]
    text = " ".join(line for line in lines if line)
    return text or f"{type(error).__name__} without a message"
