"""What ovpipe reads of a config.json, and what it refuses."""

from contextlib import suppress
from typing import Any

import pytest

from ovpipe.modelling.architectures import ARCHITECTURES
from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.config_json.reader import read_config
from ovpipe.modelling.rope import plain_rope
from ovpipe.modelling.unsupported import UnsupportedModel
from tests.modelling.references.cases import CASES

LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 64,
    "hidden_size": 64,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}


def read(**changes: Any) -> DecoderConfig:
    return read_config({**LLAMA, **changes})


def refused(**changes: Any) -> str:
    with pytest.raises(UnsupportedModel) as error:
        read(**changes)
    return str(error.value)


def test_what_a_llama_file_leaves_out_has_transformers_defaults() -> None:
    config = read(num_key_value_heads=None)
    assert (config.num_kv_heads, config.head_dim, config.rms_eps) == (4, 16, 1e-6)
    assert (config.norms, config.activation, config.tie_embeddings) == ("before", "silu", False)
    assert [layer.window for layer in config.layers] == [None] * 3
    assert {layer.rope for layer in config.layers} == {plain_rope(10_000, 16)}


def test_an_unknown_family_is_refused_with_the_known_ones_and_the_way_round() -> None:
    message = refused(model_type="falcon")
    assert message.startswith(
        "config.json: model_type 'falcon' is not one of those that ovpipe builds: llama, mistral, qwen2,"
    )
    assert "optimum-cli export openvino --model MODEL FOLDER" in message
    assert "torch==2.13.0+cpu" in message
    assert "model_type None is not one of those" in refused(model_type=None)


@pytest.mark.parametrize("family", ["mixtral", "qwen3_moe", "gpt_oss"])
def test_a_mixture_of_experts_is_refused_by_that_name(family: str) -> None:
    assert f"'{family}' is a mixture of experts, which ovpipe does not build yet" in refused(
        model_type=family, architectures=None
    )


def test_a_model_with_another_head_is_refused() -> None:
    assert "the model is a LlamaForSequenceClassification; of 'llama' ovpipe builds LlamaForCausalLM" in (
        refused(architectures=["LlamaForSequenceClassification"])
    )


def test_an_unknown_key_is_refused_with_its_value() -> None:
    message = refused(logit_temperature=0.7, sparse=[1, 2])
    assert (
        "ovpipe does not know what logit_temperature = 0.7, sparse = [1, 2] does to a llama model" in message
    )


def test_an_unknown_key_that_is_off_changes_nothing() -> None:
    assert read(clip_qkv=None, use_parallel_residual=False, new_dropout=0.0, _name_or_path="x") == read()


def test_what_other_families_read_is_unknown_to_this_one() -> None:
    assert "attn_logit_softcapping = 50.0" in refused(attn_logit_softcapping=50.0)
    assert "sliding_window = 4096" in refused(sliding_window=4096)
    assert read(sliding_window=None) == read()


def test_quantised_weights_are_refused_by_their_method() -> None:
    message = refused(quantization_config={"quant_method": "gptq", "bits": 4})
    assert "the weights are quantised (gptq); ovpipe reads f32, f16 and bf16" in message
    assert "GGUF" in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hidden_size": None}, "hidden_size is missing; it must be a positive whole number"),
        ({"num_hidden_layers": "4"}, "num_hidden_layers is '4'"),
        ({"vocab_size": True}, "vocab_size is True"),
        ({"num_key_value_heads": 3}, "config.json: num_heads 4 is not a multiple of num_kv_heads 3"),
        ({"rms_norm_eps": -1.0}, "rms_norm_eps is -1.0; it must be a positive number"),
        ({"hidden_act": "relu2"}, "the activation 'relu2' is not one of those that ovpipe builds: silu"),
        ({"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}, "rope_type 'dynamic' is not one of"),
        (
            {"rope_scaling": {"type": "linear", "factor": "x"}},
            "the rope's factor is 'x'; it must be a positive number",
        ),
        ({"rope_scaling": {"type": "linear", "factor": 2.0, "base": 3}}, "of type 'linear' has base, which"),
        ({"rope_scaling": {"type": "linear", "factor": 0}}, "the rope's factor is 0; it must be"),
        (
            {"rope_theta": 1.0, "rope_scaling": {"type": "yarn", "factor": 2.0}},
            "the numbers of its rope make no frequencies",
        ),
        ({"tie_word_embeddings": "false"}, "tie_word_embeddings is 'false'; it must be true or false"),
        ({"rope_scaling": [1]}, "the rope's parameters are [1], not an object"),
        ({"partial_rotary_factor": 0.5}, "partial_rotary_factor is 0.5, which ovpipe does not build"),
    ],
)
def test_a_value_that_cannot_be_is_refused(changes: dict[str, Any], said: str) -> None:
    assert said in refused(**changes)


def test_a_window_that_is_no_shorter_than_the_context_is_none() -> None:
    mistral = {"model_type": "mistral", "architectures": ["MistralForCausalLM"]}
    assert {layer.window for layer in read(**mistral, sliding_window=256).layers} == {None}
    assert {layer.window for layer in read(**mistral, sliding_window=255).layers} == {255}


def test_layer_types_say_which_layers_have_a_window() -> None:
    qwen = {"model_type": "qwen2", "architectures": None, "use_sliding_window": True, "sliding_window": 8}
    kinds = ["sliding_attention", "full_attention", "sliding_attention"]
    assert [layer.window for layer in read(**qwen, layer_types=kinds).layers] == [8, None, 8]
    assert "layer_types has 'chunked_attention'" in refused(
        **qwen, layer_types=["chunked_attention", *kinds[1:]]
    )
    assert "there is no sliding_window" in refused(**{**qwen, "use_sliding_window": False}, layer_types=kinds)
    assert "layer_types must be a list of 3 names" in refused(**qwen, layer_types=kinds[:2])


def test_a_longrope_is_read_for_the_original_context_or_for_the_whole() -> None:
    phi = {
        **LLAMA,
        "model_type": "phi3",
        "architectures": ["Phi3ForCausalLM"],
        "original_max_position_embeddings": 32,
        "rope_scaling": {"type": "su", "short_factor": [1.0] * 8, "long_factor": [4.0] * 8},
    }
    short, long = read_config(phi), read_config(phi, long_context=True)
    assert (short.max_position_embeddings, long.max_position_embeddings) == (32, 256)
    assert short.layers[0].rope != long.layers[0].rope
    with pytest.raises(UnsupportedModel, match="the rope's long_factor must be a list of 8 numbers"):
        read_config({**phi, "rope_scaling": {"type": "su", "short_factor": [1.0] * 8}}, long_context=True)


def test_gemma_3_that_sees_images_is_read_as_its_text_part() -> None:
    content = {
        "architectures": ["Gemma3ForConditionalGeneration"],
        "model_type": "gemma3",
        "boi_token_index": 255_999,
        "eos_token_id": [1, 106],
        "text_config": {
            "hidden_size": 2560,
            "intermediate_size": 10_240,
            "model_type": "gemma3_text",
            "num_hidden_layers": 34,
            "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
            "sliding_window": 1024,
        },
        "vision_config": {"hidden_size": 1152},
    }
    config = read_config(content)
    assert (config.vocab_size, config.num_heads, config.num_kv_heads, config.head_dim) == (262_208, 8, 4, 256)
    assert [layer.window for layer in config.layers[:7]] == [1024] * 5 + [None, 1024]
    assert config.layers[0].rope == plain_rope(10_000, 256)
    assert config.layers[5].rope is not None
    assert config.layers[5].rope.frequencies[0] == 1 / 8
    assert config.eos_token_id == 1


def test_gemma_3_of_transformers_5_names_a_rope_for_each_kind_of_layer() -> None:
    old = {
        **LLAMA,
        "architectures": None,
        "model_type": "gemma3_text",
        "rope_theta": 1e6,
        "rope_local_base_freq": 1e4,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
    }
    new = {
        **LLAMA,
        "architectures": None,
        "model_type": "gemma3_text",
        "rope_parameters": {
            "full_attention": {"factor": 8.0, "rope_type": "linear", "rope_theta": 1e6},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        },
    }
    assert read_config(old) == read_config(new)


def test_a_part_that_makes_no_pairs_is_refused() -> None:
    phi = {"model_type": "phi3", "architectures": None}
    assert read(**phi, partial_rotary_factor=0.5).layers[0].rope == plain_rope(10_000, 8)
    assert "partial_rotary_factor is 0.2, which makes no pairs of a head's 16 dimensions" in (
        refused(**phi, partial_rotary_factor=0.2)
    )


ODD_VALUES: list[Any] = [None, True, 0, -1, 0.5, 1e999, "x", [], [1], ["x"], {}, {"a": 1}, [[]]]


@pytest.mark.parametrize("name", CASES)
def test_a_file_with_any_value_is_read_or_refused(name: str) -> None:
    content = CASES[name].content
    for key in (
        content.keys() | ARCHITECTURES[content["model_type"]].keys | {"rope_scaling", "rope_parameters"}
    ):
        for value in ODD_VALUES:
            read_or_refuse({**content, key: value})
    for rope in ("rope_scaling", "rope_parameters"):
        for key in content.get(rope) or {}:
            for value in ODD_VALUES:
                read_or_refuse({**content, rope: {**content[rope], key: value}})


def read_or_refuse(content: dict[str, Any]) -> None:
    for long_context in (False, True):
        with suppress(UnsupportedModel):
            read_config(content, long_context=long_context)


def test_every_family_of_the_table_reads_a_small_config() -> None:
    for family, architecture in ARCHITECTURES.items():
        config = read(model_type=family, architectures=[architecture.class_name])
        assert config.model_type == family
        assert len(config.layers) == 3
