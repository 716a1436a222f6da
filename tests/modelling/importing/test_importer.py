"""A folder of Hugging Face's form becomes one that can be served, or is refused by what is wrong with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import openvino as ov
import pytest

from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.importing.importer import import_model
from ovpipe.modelling.importing.room import NoRoom, check_room
from ovpipe.modelling.sources.checkpoint import weights_of
from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.sources.opening import open_source
from ovpipe.modelling.storage import WeightsChoice
from ovpipe.modelling.unsupported import UnsupportedModel
from tests.modelling.importing.folders import CHAT_TEMPLATE, CONFIG, write_folder

FOLDER = {
    "config.json",
    "generation_config.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    *(f"openvino_{part}.{end}" for part in ("model", "tokenizer", "detokenizer") for end in ("xml", "bin")),
}
LONGROPE: dict[str, Any] = {
    "architectures": ["Phi3ForCausalLM"],
    "model_type": "phi3",
    "max_position_embeddings": 4096,
    "original_max_position_embeddings": 1024,
    "rope_scaling": {"type": "longrope", "short_factor": [1.0] * 8, "long_factor": [4.0] * 8},
    "tie_word_embeddings": False,
}
CAPPED: dict[str, Any] = {
    "architectures": ["Gemma2ForCausalLM"],
    "model_type": "gemma2",
    "attn_logit_softcapping": 50.0,
    "final_logit_softcapping": 30.0,
    "query_pre_attn_scalar": 16,
    "sliding_window": 64,
    "head_dim": 16,
    "hidden_activation": "gelu_pytorch_tanh",
}


def content(file: Path) -> Any:
    return json.loads(file.read_text("utf-8"))


def test_the_folder_has_what_a_server_needs_and_computes_what_the_source_says(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "tiny")
    steps: list[tuple[int, int]] = []
    import_model(source, tmp_path / "made", weights="f32", progress=lambda *step: steps.append(step))
    assert {file.name for file in (tmp_path / "made").iterdir()} == FOLDER
    assert {file.name for file in tmp_path.iterdir()} == {"tiny", "made"}
    assert steps == sorted(steps), "progress goes back"
    assert steps[-1][0] == (tmp_path / "made" / "openvino_model.bin").stat().st_size
    opened, config = open_source(source), read_config(CONFIG)
    wanted = build_decoder(config, weights_of(opened, config))
    got = ov.Core().read_model(tmp_path / "made" / "openvino_model.xml")
    assert np.array_equal(logits(got), logits(wanted))


def logits(model: ov.Model) -> Any:
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    request = ov.Core().compile_model(model, "CPU", exact).create_infer_request()
    ids = np.arange(5, dtype=np.int64)[None]
    ones = np.ones_like(ids)
    return request.infer(
        {"input_ids": ids, "attention_mask": ones, "position_ids": ids, "beam_idx": np.zeros(1, np.int32)}
    )["logits"].copy()


@pytest.mark.parametrize("weights", get_args(WeightsChoice))
@pytest.mark.slow
def test_every_choice_of_weights_is_a_model_that_runs(tmp_path: Path, weights: WeightsChoice) -> None:
    source = write_folder(tmp_path / "tiny")
    import_model(source, tmp_path / "made", weights=weights)
    found = logits(ov.Core().read_model(tmp_path / "made" / "openvino_model.xml"))
    assert np.isfinite(found).all()


def test_all_tokens_that_may_end_an_answer_do(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "tiny", eos_token_id=0)
    (source / "generation_config.json").write_text('{"eos_token_id": [5], "temperature": 0.6}')
    import_model(source, tmp_path / "made")
    # 5 and 0 are stated, and 2 is <|im_end|>, by which the chat template ends what the assistant says.
    assert content(tmp_path / "made" / "generation_config.json") == {
        "eos_token_id": [5, 0, 2],
        "temperature": 0.6,
    }


def test_the_chat_template_stands_in_a_file_of_its_own_and_several_stay_together(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "tiny")
    import_model(source, tmp_path / "one")
    assert (tmp_path / "one" / "chat_template.jinja").read_bytes() == CHAT_TEMPLATE.encode()
    assert "chat_template" not in content(tmp_path / "one" / "tokenizer_config.json")
    named = [
        {"name": "default", "template": CHAT_TEMPLATE},
        {"name": "../../tool", "template": "{{ tools }}"},
    ]
    tokens = {**content(source / "tokenizer_config.json"), "chat_template": named}
    (source / "tokenizer_config.json").write_text(json.dumps(tokens))
    import_model(source, tmp_path / "two")
    assert content(tmp_path / "two" / "tokenizer_config.json")["chat_template"] == named
    assert {file.name for file in (tmp_path / "two").iterdir()} == FOLDER - {"chat_template.jinja"}


def test_a_longrope_is_built_for_its_original_context_or_for_all_of_it(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "phi", **LONGROPE)
    import_model(source, tmp_path / "short")
    import_model(source, tmp_path / "long", long_context=True)
    assert content(tmp_path / "short" / "config.json")["max_position_embeddings"] == 1024
    assert content(tmp_path / "long" / "config.json")["max_position_embeddings"] == 4096
    ids = [
        f.read_bytes()
        for f in (tmp_path / "short" / "openvino_model.bin", tmp_path / "long" / "openvino_model.bin")
    ]
    assert ids[0] != ids[1], "their ropes differ"


def test_projections_stay_apart_for_adapters(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "tiny")
    import_model(source, tmp_path / "fused")
    import_model(source, tmp_path / "apart", adapters=True)
    fused, apart = ((tmp_path / name / "openvino_model.xml").read_text() for name in ("fused", "apart"))
    assert "self_attn.q_proj+k_proj+v_proj" in fused
    assert "self_attn.q_proj+k_proj+v_proj" not in apart
    assert "__module.model.layers.0.self_attn.q_proj/" in apart


def test_a_model_that_could_not_be_served_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "gemma", **CAPPED)
    with pytest.raises(UnsupportedModel, match="attention scores are capped at 50"):
        import_model(source, tmp_path / "made")
    assert [file.name for file in tmp_path.iterdir()] == ["gemma"]


def test_a_model_without_a_tokenizer_leaves_nothing(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "tiny")
    (source / "tokenizer.json").unlink()
    with pytest.raises(BrokenModel, match="tokenizer.json"):
        import_model(source, tmp_path / "made")
    assert [file.name for file in tmp_path.iterdir()] == ["tiny"]


def test_what_is_in_the_targets_place_stays(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "tiny")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="mine is there already"):
        import_model(source, tmp_path / "mine")
    assert (tmp_path / "mine" / "file").read_text() == "mine"


def test_a_disk_that_is_too_small_is_reported_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match=r"a.gguf takes about \d+.* has .* left; make room"):
        check_room(tmp_path / "not" / "there", 1 << 60, Path("a.gguf"))
    source = write_folder(tmp_path / "tiny")
    code = IMPORT_ON_A_SMALL_DISK.format(source=source, disk=tmp_path / "disk")
    (tmp_path / "disk").mkdir()
    mount = f"mount -t tmpfs -o size=2m none {tmp_path / 'disk'} && exec {sys.executable} -c '{code}'"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "NoRoom" not in done.stderr and ("unshare" in done.stderr or "mount" in done.stderr):
        pytest.skip(f"a file system of one's own is not to be had here: {done.stderr}")
    assert "tiny takes about 67 MB as OpenVINO's model, and the disk of" in done.stderr
    assert "has 2 MB left" in done.stderr
    assert done.stdout == "[]\n"


IMPORT_ON_A_SMALL_DISK = """
from pathlib import Path
from ovpipe.modelling.importing.importer import import_model
try:
    import_model(Path("{source}"), Path("{disk}/made"))
finally:
    print(list(Path("{disk}").iterdir()))
"""


def test_a_disk_that_takes_no_more_ends_the_import_and_nothing_is_left(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "tiny", intermediate_size=4096)
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_WITH_SMALL_FILES, str(source), str(tmp_path / "made")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "OSError: [Errno 27] File too large" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["tiny"]


# The limit comes when the tokenizer is written: the files after it are larger.
IMPORT_WITH_SMALL_FILES = """
import resource, sys
from pathlib import Path
from ovpipe.modelling.importing.importer import import_model

limited = lambda written, expected: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
import_model(Path(sys.argv[1]), Path(sys.argv[2]), progress=limited)
"""
