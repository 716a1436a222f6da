"""From a config.json to a DecoderConfig."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ovpipe.modelling.config import Activation, DecoderConfig
from ovpipe.modelling.config_json.checks import architecture_of, check_keys
from ovpipe.modelling.config_json.layers import layers_of
from ovpipe.modelling.config_json.values import Values
from ovpipe.modelling.unsupported import UnsupportedModel

_ACTIVATIONS: Mapping[str, Activation] = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
}


def read_config(content: Mapping[str, Any], *, long_context: bool = False) -> DecoderConfig:
    """The decoder that a config.json describes, with transformers' defaults for what it leaves out.

    Of a model that sees images, the part that reads text.

    A model with a longrope (Phi-3 and 4) is built for its original context, and its
    `max_position_embeddings` says so; with `long_context` for the whole. transformers changes over once a
    sequence is longer, and computes all keys again, which a cache of keys cannot do.

    Raises UnsupportedModel for a family, or a key, that ovpipe does not build.
    """
    content = text_part(content)
    architecture = architecture_of(content)
    check_keys(content, architecture)
    try:
        return _config(Values(content, architecture), long_context)
    except UnsupportedModel:
        raise
    except ValueError as error:  # what DecoderConfig finds impossible
        raise UnsupportedModel(f"config.json: {error}") from error


def text_part(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The config of the language model inside one that sees images; else the same."""
    text = content.get("text_config")
    if content.get("model_type") != "gemma3" or not isinstance(text, Mapping):
        return content
    # Which tokens begin and end a text stands outside.
    tokens = {key: value for key, value in content.items() if key.endswith("_token_id")}
    outside = {key: content[key] for key in ("tie_word_embeddings", "quantization_config") if key in content}
    return {**tokens, **outside, **text, "model_type": "gemma3_text", "architectures": ["Gemma3ForCausalLM"]}


def _config(given: Values, long_context: bool) -> DecoderConfig:
    architecture, hidden = given.architecture, given.whole("hidden_size")
    by_config, qkv = architecture.biases == "by config", architecture.biases == "qkv"
    biased = by_config and given.flag("attention_bias")
    layers, max_positions = layers_of(given, long_context=long_context)
    return DecoderConfig(
        vocab_size=given.whole("vocab_size"),
        hidden_size=hidden,
        num_layers=given.whole("num_hidden_layers"),
        num_heads=given.whole("num_attention_heads"),
        num_kv_heads=given.whole("num_key_value_heads", given.whole("num_attention_heads")),
        head_dim=given.head_dim(),
        intermediate_size=given.whole("intermediate_size"),
        max_position_embeddings=max_positions,
        rms_eps=given.number("rms_norm_eps"),
        norms=architecture.norms,
        norm_offset=architecture.norm_offset,
        qk_norm=architecture.qk_norm,
        attention_bias=biased or qkv,
        output_bias=biased,
        mlp_bias=by_config and given.flag("mlp_bias"),
        fused_projections=architecture.fused_projections,
        activation=_activation(given),
        attention_scale=_attention_scale(given),
        attention_cap=given.optional("attn_logit_softcapping"),
        logits_cap=given.optional("final_logit_softcapping"),
        embedding_scale=hidden**0.5
        if architecture.scaled_embeddings
        else given.number("embedding_multiplier"),
        residual_scale=given.number("residual_multiplier"),
        logits_divisor=given.number("logits_scaling"),
        tie_embeddings=given.flag("tie_word_embeddings"),
        layers=layers,
        family=given.family,
        bos_token_id=given.token("bos_token_id"),
        eos_token_id=given.token("eos_token_id"),
        pad_token_id=given.token("pad_token_id"),
    )


def _activation(given: Values) -> Activation:
    name = given.get("hidden_activation") or given.get("hidden_act")
    if not isinstance(name, str) or name not in _ACTIVATIONS:
        raise UnsupportedModel(
            f"config.json: the activation {name!r} is not one of those that ovpipe builds: "
            f"{', '.join(_ACTIVATIONS)}"
        )
    return _ACTIVATIONS[name]


def _attention_scale(given: Values) -> float | None:
    if given.get("attention_multiplier") is not None:
        return given.number("attention_multiplier")
    scalar = given.optional("query_pre_attn_scalar")
    return None if scalar is None else scalar**-0.5
