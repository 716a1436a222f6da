"""Folders as Hugging Face keeps models."""

import json
from pathlib import Path

import numpy as np
import pytest

from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.sources.checkpoint import weights_of
from ovpipe.modelling.sources.model_source import BrokenModel
from ovpipe.modelling.sources.opening import open_source
from ovpipe.modelling.sources.safetensors_folder import INDEX, SafetensorsFolder
from ovpipe.modelling.unsupported import UnsupportedModel
from ovpipe.modelling.weights import Array
from tests.modelling.references.cases import CASES, IDS
from tests.modelling.sources.writing import write_model, write_safetensors
from tests.modelling.stateful import compiled, logits

CASE = CASES["llama 3.2"]
WEIGHTS: dict[str, Array] = {name: CASE.weights(name) for name in CASE.config.shapes()}
NAMES = list(WEIGHTS)


def test_a_folder_gives_the_logits_of_its_model(tmp_path: Path) -> None:
    source = SafetensorsFolder(write_model(tmp_path, CASE.content, WEIGHTS))
    config = read_config(source.config)
    model = build_decoder(config, weights_of(source, config))
    np.testing.assert_allclose(logits(compiled(model), IDS), CASE.logits, atol=1e-4, rtol=0)


def sharded(folder: Path) -> Path:
    """The model in two files, the second in bf16, with an index."""
    (folder / "config.json").write_text(json.dumps(CASE.content), "utf-8")
    files = {"model-00001-of-00002.safetensors": NAMES[:20], "model-00002-of-00002.safetensors": NAMES[20:]}
    for (file, names), dtype in zip(files.items(), ("F32", "BF16"), strict=True):
        write_safetensors(folder / file, [(name, WEIGHTS[name]) for name in names], dtype)
    weight_map = {name: file for file, names in files.items() for name in names}
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": weight_map}), "utf-8")
    return folder


@pytest.mark.parametrize("indexed", [True, False])
def test_a_model_in_several_files_is_read_by_its_index_or_its_numbers(tmp_path: Path, indexed: bool) -> None:
    sharded(tmp_path)
    write_safetensors(
        tmp_path / "consolidated.safetensors", [("tok_embeddings.weight", WEIGHTS[NAMES[0]])], "F32"
    )
    if not indexed:
        (tmp_path / INDEX).unlink()
    source = SafetensorsFolder(tmp_path)
    assert set(source.names) == set(NAMES)
    np.testing.assert_array_equal(source.tensor(NAMES[3]), WEIGHTS[NAMES[3]])
    np.testing.assert_allclose(source.tensor(NAMES[-2]), WEIGHTS[NAMES[-2]], rtol=2**-7)


def refused(folder: Path) -> str:
    with pytest.raises((BrokenModel, UnsupportedModel)) as error:
        SafetensorsFolder(folder)
    return str(error.value)


@pytest.mark.parametrize("indexed", [True, False])
def test_a_file_that_is_missing_is_named(tmp_path: Path, indexed: bool) -> None:
    sharded(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    if not indexed:
        (tmp_path / INDEX).unlink()
    assert "lacks model-00002-of-00002.safetensors; was it fetched whole?" in refused(tmp_path)


@pytest.mark.parametrize(
    "file", ["../model.safetensors", "/etc/passwd", "a/b.safetensors", "model.bin", 3, None]
)
def test_an_index_names_files_beside_it_only(tmp_path: Path, file: object) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CASE.content), "utf-8")
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": {"a": file}}), "utf-8")
    assert f"says that a is in {file!r}, which names no safetensors file beside it" in refused(tmp_path)


def test_an_index_that_says_otherwise_than_the_files_is_refused(tmp_path: Path) -> None:
    sharded(tmp_path)
    index = json.loads((tmp_path / INDEX).read_text("utf-8"))
    index["weight_map"][NAMES[0]] = "model-00002-of-00002.safetensors"
    (tmp_path / INDEX).write_text(json.dumps(index), "utf-8")
    assert f"says that {NAMES[0]} is in model-00002-of-00002.safetensors, and it is not" in refused(tmp_path)
    (tmp_path / INDEX).write_text("{}", "utf-8")
    assert "has no weight_map" in refused(tmp_path)


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "model.pt", "pytorch_model-00001-of-00002.bin", "last.ckpt"]
)
def test_pickle_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CASE.content), "utf-8")
    (tmp_path / name).write_bytes(b"\x80\x02}q\x00.")
    message = refused(tmp_path)
    assert f"the weights are pickle ({name}), which runs code when it is read" in message
    assert "model.safetensors" in message


def test_a_folder_without_what_a_model_needs_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path) == f"{tmp_path / 'config.json'}: is missing"
    (tmp_path / "config.json").write_text("[1]", "utf-8")
    assert "is not a JSON object" in refused(tmp_path)
    (tmp_path / "config.json").write_text("{", "utf-8")
    assert "is not JSON" in refused(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(CASE.content), "utf-8")
    assert "has no weights; ovpipe looks for model.safetensors" in refused(tmp_path)
    write_safetensors(tmp_path / "adapter_model.safetensors", [], "F32")
    assert "has adapter_model.safetensors; ovpipe looks for model.safetensors" in refused(tmp_path)


def checked(folder: Path, weights: dict[str, Array], case: str = "llama 3.2") -> None:
    source = SafetensorsFolder(write_model(folder, CASES[case].content, weights))
    weights_of(source, read_config(source.config))


def test_a_parameter_that_is_missing_is_named(tmp_path: Path) -> None:
    few = {name: values for name, values in WEIGHTS.items() if "layers.3.mlp" not in name}
    with pytest.raises(
        BrokenModel, match=r"lacks model.layers.3.mlp.gate_proj.weight and 2 more, which a llama"
    ):
        checked(tmp_path, few)


def test_a_parameter_that_nothing_reads_is_refused(tmp_path: Path) -> None:
    extra = {**WEIGHTS, "model.layers.0.self_attn.q_proj.bias": np.zeros(64, np.float32)}
    with pytest.raises(
        UnsupportedModel, match=r"does not know what model.layers.0.self_attn.q_proj.bias does"
    ):
        checked(tmp_path, extra)


def test_what_says_nothing_new_is_ignored(tmp_path: Path) -> None:
    frequencies = {
        f"model.layers.{index}.self_attn.rotary_emb.inv_freq": np.ones(8, np.float32) for index in range(4)
    }
    # The head, written out though it is the embeddings.
    checked(tmp_path, {**WEIGHTS, **frequencies, "lm_head.weight": WEIGHTS["model.embed_tokens.weight"]})


def test_a_head_of_its_own_is_wanted_where_it_is_not_the_embeddings(tmp_path: Path) -> None:
    case = CASES["llama 2"]
    weights = {name: case.weights(name) for name in case.config.shapes() if name != "lm_head.weight"}
    with pytest.raises(BrokenModel, match="lacks lm_head.weight, which a llama model has"):
        checked(tmp_path, weights, "llama 2")


@pytest.mark.parametrize("inside", ["language_model.model.", "model.language_model."])
def test_the_text_part_of_gemma_3_is_found_inside_one_that_sees_images(tmp_path: Path, inside: str) -> None:
    case = CASES["gemma 3"]
    weights = {inside + name.removeprefix("model."): case.weights(name) for name in case.config.shapes()}
    images = {
        "vision_tower.vision_model.post_layernorm.weight": np.ones(4, np.float32),
        "model.multi_modal_projector.mm_soft_emb_norm.weight": np.ones(4, np.float32),
    }
    text = {key: value for key, value in case.content.items() if key not in ("architectures", "eos_token_id")}
    content = {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "model_type": "gemma3",
        "eos_token_id": [1, 106],
        "text_config": text,
        "vision_config": {"hidden_size": 4},
    }
    source = SafetensorsFolder(write_model(tmp_path, content, {**weights, **images}))
    config = read_config(source.config)
    model = build_decoder(config, weights_of(source, config))
    np.testing.assert_allclose(logits(compiled(model), IDS), case.logits, atol=1e-4, rtol=0)


def test_a_tensor_of_another_shape_is_refused_by_the_builder(tmp_path: Path) -> None:
    wrong = {**WEIGHTS, NAMES[1]: np.ones((32, 64), np.float32)}
    source = SafetensorsFolder(write_model(tmp_path, CASE.content, wrong))
    config = read_config(source.config)
    with pytest.raises(ValueError, match=rf"{NAMES[1]} has shape \(32, 64\)"):
        build_decoder(config, weights_of(source, config))


def test_it_gives_the_files_that_say_how_texts_are_read_and_written(tmp_path: Path) -> None:
    folder = write_model(tmp_path, CASE.content, WEIGHTS)
    (folder / "tokenizer.json").write_text('{"model": {"type": "BPE"}}')
    (folder / "tokenizer_config.json").write_text('{"eos_token": "</s>", "chat_template": "old"}')
    (folder / "chat_template.jinja").write_text("new")
    (folder / "generation_config.json").write_text('{"eos_token_id": [1, 2]}')

    source = open_source(folder)

    assert source.tokenizer == {"model": {"type": "BPE"}}
    assert source.tokenizer_config == {"eos_token": "</s>", "chat_template": "new"}
    assert source.generation_config == {"eos_token_id": [1, 2]}


def test_several_chat_templates_keep_their_names(tmp_path: Path) -> None:
    folder = write_model(tmp_path, CASE.content, WEIGHTS)
    (folder / "chat_template.jinja").write_text("one")
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "rag.jinja").write_text("two")

    templates = open_source(folder).tokenizer_config["chat_template"]

    assert templates == [{"name": "rag", "template": "two"}, {"name": "default", "template": "one"}]


def test_a_folder_without_a_tokenizer_says_which_file_is_missing(tmp_path: Path) -> None:
    source = open_source(write_model(tmp_path, CASE.content, WEIGHTS))

    assert (source.tokenizer_config, source.generation_config) == ({}, {})
    with pytest.raises(
        BrokenModel, match=r"has no tokenizer: none of tokenizer\.json, tokenizer\.model, tekken\.json"
    ):
        _ = source.tokenizer


def test_a_path_of_nothing_and_a_file_of_another_kind_are_no_source(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")

    with pytest.raises(FileNotFoundError, match="nothing does not exist"):
        open_source(tmp_path / "nothing")
    with pytest.raises(UnsupportedModel, match="model.onnx is neither a folder"):
        open_source(tmp_path / "model.onnx")
