"""What is measured is kept in the user's cache folder, and nothing that happens to it there fails a load."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ovpipe.engines.precision.remembered import RememberedFigures
from ovpipe.engines.precision.subject import Machine, ModelContent
from tests.engines.precision.subjects import both, figures, subject

FIGURES = both(figures(60, 100, 1), figures(44, 58, 2))


def test_figures_are_there_for_the_next_process_and_only_for_their_subject(tmp_path: Path) -> None:
    RememberedFigures(tmp_path / "new").write(subject(), FIGURES)
    later = RememberedFigures(tmp_path / "new")
    found = later.read(subject())
    assert found is not None
    assert found.figures == FIGURES
    others = [
        subject(machine=Machine(processor="Xeon", cpus=4, capabilities=["BF16"])),
        subject(machine=Machine(processor="Xeon", cpus=2, capabilities=["BF16", "FP16"])),
        subject(model=ModelContent(graph="abd", weights_bytes=10**9)),
        subject(draft=ModelContent(graph="abc", weights_bytes=10**9)),
        subject(properties={}),
        subject(max_num_batched_tokens=512),
        subject(candidates=["default", "f32", "bf16"]),
        subject(openvino="2030.1"),
    ]
    assert [later.read(other) for other in others] == [None] * len(others)


def test_what_is_measured_again_takes_the_place_of_the_old_and_leaves_one_file(tmp_path: Path) -> None:
    remembered = RememberedFigures(tmp_path)
    remembered.write(subject(), FIGURES)
    again = both(figures(1, 2, 3), figures(4, 5, 6))
    remembered.write(subject(), again)
    found = remembered.read(subject())
    assert found is not None
    assert found.figures == again
    assert [file.name for file in tmp_path.iterdir()] == [f"{subject().key}.json"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b'{"measured": "now", "figures": {}, "of": {}}', b"null"],
    ids=str,
)
def test_a_broken_file_is_logged_and_measured_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    file = tmp_path / f"{subject().key}.json"
    file.write_bytes(content)
    remembered = RememberedFigures(tmp_path)
    assert remembered.read(subject()) is None
    assert f"{file} cannot be read, so it is measured again" in caplog.text
    remembered.write(subject(), FIGURES)
    assert remembered.read(subject()) is not None


def test_figures_that_nothing_can_have_are_no_figures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    remembered = RememberedFigures(tmp_path)
    remembered.write(subject(), FIGURES)
    file = tmp_path / f"{subject().key}.json"
    file.write_text(file.read_text().replace("0.044", "-1.0"))
    assert remembered.read(subject()) is None
    assert "it must be finite and above 0" in caplog.text


def test_a_file_under_the_name_of_another_is_not_believed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    remembered, other = RememberedFigures(tmp_path), subject(device="CPU.1")
    remembered.write(subject(), FIGURES)
    (tmp_path / f"{subject().key}.json").rename(tmp_path / f"{other.key}.json")
    assert remembered.read(other) is None
    assert "is of something else than its name says" in caplog.text


def test_a_folder_that_cannot_be_written_is_logged_and_no_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder can be here")
    remembered = RememberedFigures(tmp_path / "file" / "precision")
    assert remembered.read(subject()) is None
    remembered.write(subject(), FIGURES)
    assert "cannot be written, so the next load measures again" in caplog.text


def test_the_folder_is_the_users_cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    RememberedFigures.of_user({"XDG_CACHE_HOME": str(tmp_path)}).write(subject(), FIGURES)
    assert (tmp_path / "ovpipe" / "precision" / f"{subject().key}.json").is_file()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    RememberedFigures.of_user({}).write(subject(), FIGURES)
    assert (tmp_path / "home" / ".cache" / "ovpipe" / "precision" / f"{subject().key}.json").is_file()


def test_without_a_home_nothing_is_kept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    remembered = RememberedFigures.of_user({})
    remembered.write(subject(), FIGURES)
    assert remembered.read(subject()) is None
    assert "what is measured cannot be remembered: Could not determine home directory" in caplog.text


def test_servers_that_write_at_once_never_leave_a_reader_half_a_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    remembered = RememberedFigures(tmp_path)
    remembered.write(subject(), FIGURES)

    def write() -> None:
        for _ in range(50):
            RememberedFigures(tmp_path).write(subject(), FIGURES)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert remembered.read(subject()) is not None
    for writer in writers:
        writer.join()
    assert not caplog.text
    assert len(list(tmp_path.iterdir())) == 1
