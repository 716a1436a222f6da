"""What a model's files hold, as a short text: another one once anything differs."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from ovpipe.model_store.fingerprints import Fingerprints

LARGE = bytes(range(256)) * 8192
LONG_AGO = 1_600_000_000


@pytest.fixture
def fingerprints(tmp_path: Path) -> Fingerprints:
    return Fingerprints(tmp_path / "memory", soon)


def soon() -> float:
    """Now, in ten seconds."""
    return time.time() + 10


def test_a_changed_file_of_the_same_size_and_time_is_another_one(
    fingerprints: Fingerprints, tmp_path: Path
) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(LARGE)
    os.utime(file, (LONG_AGO, LONG_AGO))
    before = fingerprints.of(file)
    assert fingerprints.of(file) == before
    for offset in (0, len(LARGE) // 2 + 7, len(LARGE) - 1):
        with file.open("r+b") as changed:
            changed.seek(offset)
            changed.write(b"!")
        os.utime(file, (LONG_AGO, LONG_AGO))
        assert fingerprints.of(file) != before
        before = fingerprints.of(file)


def test_a_large_file_is_read_once_when_it_is_not_quite_new(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(LARGE)
    for clock, relied_on in ((time.time, False), (soon, True)):
        memory = tmp_path / str(relied_on)
        fingerprints = Fingerprints(memory, clock)
        before = fingerprints.of(file)
        (remembered,) = memory.iterdir()
        digest = hashlib.sha256(LARGE).hexdigest()
        remembered.write_text(remembered.read_text().replace(digest, "0" * 64))
        assert (fingerprints.of(file) != before) is relied_on


def test_the_content_counts_and_not_the_place(fingerprints: Fingerprints, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name, data in {"config.json": b"{}", "model.safetensors": LARGE, "README.md": b"x"}.items():
        (tmp_path / "a" / name).write_bytes(data)
    before = fingerprints.of(tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    (tmp_path / "b" / "README.md").write_text("y")
    assert fingerprints.of(tmp_path / "b") == before
    (tmp_path / "b" / "config.json").rename(tmp_path / "b" / "other.json")
    assert fingerprints.of(tmp_path / "b") != before


def test_all_parts_of_a_gguf_file_count_and_no_other_file(fingerprints: Fingerprints, tmp_path: Path) -> None:
    parts = [tmp_path / f"big-Q4_0-0000{number}-of-00002.gguf" for number in (1, 2)]
    for part in parts:
        part.write_bytes(b"x")
    before = fingerprints.of(parts[0])
    (tmp_path / "big-Q8_0-00001-of-00002.gguf").write_bytes(b"x")
    assert fingerprints.of(parts[0]) == before
    parts[1].write_bytes(b"y")
    assert fingerprints.of(parts[0]) != before


def test_a_broken_memory_is_forgotten(fingerprints: Fingerprints, tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"x")
    before = fingerprints.of(tmp_path / "a.gguf")
    (memory,) = (tmp_path / "memory").iterdir()
    memory.write_text("{")
    assert fingerprints.of(tmp_path / "a.gguf") == before
