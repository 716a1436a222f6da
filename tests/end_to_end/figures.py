"""A server's figures, read from /metrics."""

from __future__ import annotations

import re
import urllib.request


def figure(url: str, name: str, model: str) -> float:
    """One engine figure of one model."""
    with urllib.request.urlopen(f"{url}/metrics") as response:
        text = response.read().decode()
    found = re.search(
        rf'^ovpipe_{name}{{model="{re.escape(model)}",side_packet="engine"}} (\S+)$', text, re.MULTILINE
    )
    assert found is not None, text
    return float(found[1])
