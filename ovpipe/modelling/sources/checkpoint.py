"""A source's parameters as the decoder asks for them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.sources.model_source import BrokenModel, ModelSource
from ovpipe.modelling.unsupported import UnsupportedModel
from ovpipe.modelling.weights import Weights

_INSIDE = (("language_model.", ""), ("model.language_model.", "model."))
"""How the parameters of a language model are named inside one that sees images, of old and of new."""

_IGNORED = re.compile(r"(?:.*\.)?(?:rotary_emb\.inv_freq|vision_tower\..+|multi_modal_projector\..+)")
"""Frequencies, which the config gives, and the parts that see images."""


def weights_of(source: ModelSource, config: DecoderConfig) -> Weights:
    """Gives the parameters of `config` from the source.

    Checks first that the source has each of them and nothing else: a parameter that nothing reads means
    that the model is not what its config.json says.
    """
    found = names_in(source)
    wanted = config.shapes().keys()
    missing = [name for name in wanted if name not in found]
    if missing:
        raise BrokenModel(source.path, f"lacks {_some(missing)}, which a {config.model_type} model has")
    unread = [name for plain, name in found.items() if plain not in wanted and not _is_ignored(plain, config)]
    if unread:
        raise UnsupportedModel(
            f"{source.path}: ovpipe does not know what {_some(unread)} does in a {config.model_type} model"
        )
    return lambda name: source.tensor(found[name])


def names_in(source: ModelSource) -> dict[str, str]:
    """What the source calls each parameter."""
    return {_plain(name): name for name in source.names}


def _plain(name: str) -> str:
    for inside, outside in _INSIDE:
        if name.startswith(inside):
            return outside + name.removeprefix(inside)
    return name


def _is_ignored(name: str, config: DecoderConfig) -> bool:
    """Some files write the head out though it is the embeddings."""
    return bool(_IGNORED.fullmatch(name)) or (config.tie_embeddings and name == "lm_head.weight")


def _some(names: Iterable[str]) -> str:
    first, *rest = names
    return f"{first} and {len(rest)} more" if rest else first
