"""The model that tests serve is the one its script makes."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import openvino as ov
import openvino_genai
import pytest

from ovpipe.tokenizers.tokenizer import Tokenizer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "tests" / "models" / "tiny-random"
F32 = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32"}


def without_versions(xml: bytes) -> bytes:
    return re.sub(rb'<(openvino_tokenizers_version|info name="OpenVINO Runtime") value="[^"]*"', b"", xml)


def test_the_script_makes_what_is_kept(tmp_path: Path) -> None:
    script = ROOT / "examples" / "random_model" / "make.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "made")], check=True, capture_output=True)
    made = {path.name: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    shipped = {path.name: path.read_bytes() for path in SHIPPED.iterdir()}
    del shipped["README.md"]
    assert made.keys() == shipped.keys()
    for name in made:
        assert without_versions(made[name]) == without_versions(shipped[name]), name


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 1_000_000


@pytest.fixture(scope="module")
def answers() -> dict[str, list[int]]:
    """Greedy answers of 64 tokens by prompt: 128 prompts of 5 to 500 tokens, 32 at a time."""
    tokenizer = Tokenizer.load(SHIPPED)
    words = (ROOT / "examples" / "random_model" / "corpus.txt").read_text("utf-8").split()
    lengths = np.geomspace(1, 250, 128).astype(int)
    prompts = [f"Question {index}: " + " ".join(words[index : index + n]) for index, n in enumerate(lengths)]
    return dict(zip(prompts, generate(tokenizer, prompts, batch=32), strict=True))


def generate(tokenizer: Tokenizer, prompts: list[str], *, batch: int) -> list[list[int]]:
    scheduler = openvino_genai.SchedulerConfig()
    scheduler.num_kv_blocks = 800
    scheduler.enable_prefix_caching = True
    pipeline = openvino_genai.ContinuousBatchingPipeline(str(SHIPPED), scheduler, "CPU", F32)
    config = openvino_genai.GenerationConfig(max_new_tokens=64, ignore_eos=True)
    ids = [np.array([tokenizer.encode(prompt, add_special_tokens=True)]) for prompt in prompts]
    assert max(prompt.size for prompt in ids) <= 500
    answers: list[list[int]] = []
    for start in range(0, len(ids), batch):
        handles = [
            pipeline.add_request(start + index, ov.Tensor(prompt), config)
            for index, prompt in enumerate(ids[start : start + batch])
        ]
        while pipeline.has_non_finished_requests():
            pipeline.step()
        answers += [handle.read_all()[0].generated_ids for handle in handles]
    return answers


def test_different_prompts_have_different_answers(answers: dict[str, list[int]]) -> None:
    assert len({tuple(answer) for answer in answers.values()}) == 128


def test_answers_do_not_run_in_circles(answers: dict[str, list[int]]) -> None:
    assert min(len(set(answer[-32:])) for answer in answers.values()) > 20


def test_answers_seldom_end_soon(answers: dict[str, list[int]]) -> None:
    eos = Tokenizer.load(SHIPPED).eos_token_ids[0]
    assert sum(eos in answer for answer in answers.values()) < 7


def test_answers_have_no_control_characters(answers: dict[str, list[int]]) -> None:
    tokenizer = Tokenizer.load(SHIPPED)
    text = "".join(tokenizer.decode(answer) for answer in answers.values())
    assert {character for character in text if not character.isprintable()} <= {"\n", "\t"}


def test_an_answer_is_the_same_alone_and_in_a_batch(answers: dict[str, list[int]]) -> None:
    alone = generate(Tokenizer.load(SHIPPED), list(answers), batch=1)
    assert alone == list(answers.values())
