"""A server's figures, read from /metrics."""

from __future__ import annotations

import re
import urllib.request


def figure(url: str, name: str, model: str) -> float:
    """One engine figure of one model."""
    sample = rf'ovpipe_{name}{{model="{re.escape(model)}",side_packet="engine"}}'
    text = _metrics(url)
    found = re.search(rf"^{sample} (\S+)$", text, re.MULTILINE)
    assert found is not None, text
    return float(found[1])


def running_and_waiting(url: str, model: str) -> float:
    """The requests that one model has taken in: with their engine, and before the turn that it gives."""
    of_model = rf'{{model="{re.escape(model)}"}} (\S+)$'
    text = _metrics(url)
    return sum(map(float, re.findall(rf"^ovpipe_requests_(?:running|waiting){of_model}", text, re.MULTILINE)))


def _metrics(url: str) -> str:
    with urllib.request.urlopen(f"{url}/metrics") as response:
        text: str = response.read().decode()
    return text
