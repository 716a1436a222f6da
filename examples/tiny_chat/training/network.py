"""The network in PyTorch, its parameters named as in Hugging Face's checkpoints of Qwen3."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from ovpipe.modelling.config import DecoderConfig

INITIAL_STD = 0.02
SHORT = 256
"""Up to so many tokens, plain products in bf16 are faster on a CPU than PyTorch's fused attention in f32
(4 ms against 10 at 64 tokens, 69 against 41 at 480); fused in bf16 is slower than either."""


class Network(nn.Module):
    """A causal language model: ids [rows, tokens] -> logits of chosen positions [chosen, vocab_size].

    Rows are padded at their end, which no token before it attends to; so a causal mask is enough.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.model = Layers(config)
        inverse = config.rope_theta ** (-torch.arange(0, config.head_dim, 2) / config.head_dim)
        angles = torch.outer(torch.arange(config.max_position_embeddings), inverse)
        angles = torch.cat([angles, angles], -1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                deep = name.endswith(("o_proj.weight", "down_proj.weight"))
                std = INITIAL_STD / (2 * config.num_layers) ** 0.5 if deep else INITIAL_STD
                nn.init.normal_(parameter, std=std)

    def forward(self, ids: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Logits of the positions where `chosen` is true, of all without it."""
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        hidden = self.model.embed_tokens(ids)
        for layer in self.model.layers:
            hidden = layer(hidden, cos, sin)
        if chosen is not None:
            hidden = hidden[chosen]
        return functional.linear(self.model.norm(hidden), self.model.embed_tokens.weight)


class Layers(nn.Module):
    """Embeddings, layers and the last norm."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.norm = Norm(config.hidden_size, config.rms_eps)


class Layer(nn.Module):
    """Attention, then the feed-forward part, each behind a norm."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.input_layernorm = Norm(config.hidden_size, config.rms_eps)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = Norm(config.hidden_size, config.rms_eps)
        self.mlp = FeedForward(config)

    def forward(self, hidden: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """[rows, tokens, hidden_size] -> the same."""
        hidden = hidden + self.self_attn(self.input_layernorm(hidden), cos, sin)
        return hidden + self.mlp(self.post_attention_layernorm(hidden))


class Attention(nn.Module):
    """Grouped-query attention with normalised, rotated queries and keys."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        queries, keys = config.num_heads * config.head_dim, config.num_kv_heads * config.head_dim
        self.q_proj = nn.Linear(config.hidden_size, queries, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, keys, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, keys, bias=False)
        self.o_proj = nn.Linear(queries, config.hidden_size, bias=False)
        self.q_norm = Norm(config.head_dim, config.rms_eps)
        self.k_norm = Norm(config.head_dim, config.rms_eps)

    def forward(self, hidden: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """[rows, tokens, hidden_size] -> the same."""
        config, (rows, tokens, _) = self.config, hidden.shape
        heads = (rows, tokens, -1, config.head_dim)
        query = rotated(self.q_norm(self.q_proj(hidden).view(heads)).transpose(1, 2), cos, sin)
        key = rotated(self.k_norm(self.k_proj(hidden).view(heads)).transpose(1, 2), cos, sin)
        value = self.v_proj(hidden).view(heads).transpose(1, 2)
        group = config.num_heads // config.num_kv_heads
        key, value = (states.repeat_interleave(group, 1) for states in (key, value))
        mixed = attended(query, key, value)
        return self.o_proj(mixed.transpose(1, 2).reshape(rows, tokens, -1))


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """[rows, tokens, hidden_size] -> the same."""
        return self.down_proj(functional.silu(self.gate_proj(hidden)) * self.up_proj(hidden))


class Norm(nn.Module):
    """Divides by the root mean square, in the precision of what comes in."""

    def __init__(self, size: int, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.epsilon = epsilon

    def forward(self, states: Tensor) -> Tensor:
        """[..., size] -> the same."""
        return functional.rms_norm(states, self.weight.shape, self.weight.to(states.dtype), self.epsilon)


def attended(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention: [rows, heads, tokens, head_dim] of each -> the same."""
    tokens = query.shape[2]
    if tokens > SHORT or not torch.is_autocast_enabled("cpu"):
        with torch.autocast("cpu", enabled=False):
            return functional.scaled_dot_product_attention(
                query.float(), key.float(), value.float(), is_causal=True
            )
    later = torch.ones(tokens, tokens, dtype=torch.bool).triu(1)
    scores = (query @ key.transpose(-1, -2)) * query.shape[3] ** -0.5
    return scores.masked_fill(later, -torch.inf).softmax(-1) @ value


def rotated(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions: states [rows, heads, tokens, head_dim], cos and sin [tokens, head_dim]."""
    first, second = states.chunk(2, -1)
    return states * cos + torch.cat([-second, first], -1) * sin
