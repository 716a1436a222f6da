"""import_model: a GGUF file or a folder of Hugging Face's becomes a folder that can be served."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openvino as ov
import openvino_tokenizers

from ovpipe.modelling.importing.plan import ImportPlan, plan_import
from ovpipe.modelling.importing.room import check_room
from ovpipe.modelling.importing.text_files import write_text_files
from ovpipe.modelling.importing.whole_folder import check_vacant, whole_folder
from ovpipe.modelling.sources.checkpoint import weights_of
from ovpipe.modelling.sources.model_source import ModelSource
from ovpipe.modelling.storage import WeightsChoice
from ovpipe.modelling.streamed import save_decoder
from ovpipe.modelling.tokenizing import build_tokenizer_models

Progress = Callable[[int, int], None]
"""Gets how many bytes are written, and about how many there will be."""

_DECODER, _TOKENIZER, _DETOKENIZER = (
    f"openvino_{part}.xml" for part in ("model", "tokenizer", "detokenizer")
)


def import_model(
    path: Path,
    target: Path,
    *,
    weights: WeightsChoice | None = None,
    adapters: bool = False,
    long_context: bool = False,
    progress: Progress = lambda written, expected: None,
    finish: Callable[[Path], None] = lambda folder: None,
) -> ImportPlan:
    """Writes the folder `target`, which openvino-genai and ovpipe serve, and gives what it was made by.

    `adapters` keeps projections apart, which LoRA adapters need. `long_context` builds a model with a
    longrope for the whole of its context. `target` appears when it is whole, or not at all: `finish` gets the
    folder before, may add to it, and may raise.

    Raises FileNotFoundError where there is no source, FileExistsError where there is something in the
    target's place, BrokenModel and UnsupportedModel for what the source is, and OSError when the disk
    takes no more: NoRoom before anything is written.
    """
    check_vacant(target)
    plan = plan_import(path, weights=weights, long_context=long_context)
    parameters = weights_of(plan.source, plan.config)
    expected = plan.bytes
    check_room(target.parent, expected, path)
    with whole_folder(target) as folder:
        write_text_files(folder, plan.source, plan.config)
        _write_tokenizer(folder, plan.source)
        save_decoder(
            folder / _DECODER,
            plan.config,
            parameters,
            precision=plan.storage,
            adapters=adapters,
            written=lambda count: progress(count, max(count, expected)),
        )
        _check_readable(folder)
        finish(folder)
    return plan


def _write_tokenizer(folder: Path, source: ModelSource) -> None:
    models = build_tokenizer_models(source.tokenizer, source.tokenizer_config)
    ov.save_model(models.tokenizer, folder / _TOKENIZER, compress_to_fp16=False)
    ov.save_model(models.detokenizer, folder / _DETOKENIZER, compress_to_fp16=False)


def _check_readable(folder: Path) -> None:
    """Reads the graphs back. openvino.save_model does not report a disk that takes no more."""
    core = ov.Core()
    core.add_extension(str(openvino_tokenizers._ext_path))
    for name in (_TOKENIZER, _DETOKENIZER, _DECODER):
        try:
            core.read_model(folder / name)
        except RuntimeError as error:
            raise OSError(f"{folder / name} was not written whole; is the disk full?") from error
