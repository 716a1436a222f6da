"""Records what transformers says to the real model's own weights, in f32.

    python -m tests.real.references.record PATH/TO/SmolLM2-135M-Instruct.Q4_1.gguf
    python -m tests.real.references.record PATH/TO/SmolLM2-135M-Instruct.Q4_1.gguf penalties beams

Needs what neither ovpipe nor its tests do: pip install torch==2.13.0 transformers==5.23.0 gguf accelerate
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers.pre_tokenizers import ByteLevel, Digits
from tokenizers.pre_tokenizers import Sequence as Steps
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.generation.logits_process import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from tests.real.references.cases import BEAMS, FILE, PENALTIES, SAMPLINGS, STARTS, TOKENS
from tests.real.references.prompts import CHATS

LEAST_GAP = 1e-3
"""How far the likeliest token's logit must be above the next one's: else rounding may turn the text."""

LIKELIEST = 200
"""How many tokens a distribution has at most."""


class CountPenalty:
    """OpenAI's frequency and presence penalty: the answer's own tokens count, not the prompt's."""

    def __init__(self, prompt: int, *, frequency: float, presence: float) -> None:
        self._prompt, self._frequency, self._presence = prompt, frequency, presence

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        counts = torch.bincount(input_ids[0, self._prompt :], minlength=scores.shape[-1])
        return scores - self._frequency * counts - self._presence * (counts > 0)


class Recorder:
    """The model and the tokenizer of a GGUF file, as transformers reads them."""

    def __init__(self, file: Path) -> None:
        where = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
        self.tokenizer = AutoTokenizer.from_pretrained(**where)
        # transformers does not read tokenizer.ggml.pre: SmolLM's is one token for each digit.
        steps = [Digits(individual_digits=True), ByteLevel(add_prefix_space=False, use_regex=True)]
        self.tokenizer.backend_tokenizer.pre_tokenizer = Steps(steps)
        self.model = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32).eval()

    def chat(self, name: str) -> dict[str, Any]:
        prompt = self.prompt_of(name)
        return {"prompt": prompt, **self.greedy(name, prompt)}

    def penalised(self, name: str, penalties: dict[str, float]) -> dict[str, Any]:
        prompt = self.prompt_of(name)
        count = CountPenalty(
            len(prompt),
            frequency=penalties.get("frequency_penalty", 0.0),
            presence=penalties.get("presence_penalty", 0.0),
        )
        repetition = RepetitionPenaltyLogitsProcessor(penalties.get("repetition_penalty", 1.0))
        return self.greedy(name, prompt, [repetition, count])

    def prompt_of(self, name: str) -> list[int]:
        ids: list[int] = self.tokenizer.apply_chat_template(
            CHATS[name], add_generation_prompt=True, return_dict=False
        )
        return ids

    def greedy(self, name: str, prompt: list[int], processors: Sequence[Any] = ()) -> dict[str, Any]:
        """The text of the likeliest tokens, and the model's own log-probability of each."""
        ids = torch.tensor([prompt])
        with torch.no_grad():
            made = self.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=TOKENS,
                do_sample=False,
                logits_processor=LogitsProcessorList(processors),
                output_logits=True,
                output_scores=True,
                return_dict_in_generate=True,
            )
        new = made.sequences[0, len(prompt) :].tolist()
        best = torch.stack(made.scores)[:, 0].topk(2).values
        gap = float((best[:, 0] - best[:, 1]).min())
        if gap < LEAST_GAP:
            sys.stderr.write(f"{name}: two tokens are within {gap:.1e} of each other; ask otherwise\n")
        logprobs = torch.stack(made.logits)[:, 0].log_softmax(-1)
        chosen = [round(float(row[token]), 5) for row, token in zip(logprobs, new, strict=True)]
        return {"ids": new, "text": self.text(new), "logprobs": chosen}

    def beams(self, name: str, wishes: dict[str, Any]) -> list[str]:
        """The texts of a beam search, the best first."""
        ids = torch.tensor([self.prompt_of(name)])
        with torch.no_grad():
            made = self.model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=TOKENS,
                do_sample=False,
                num_beams=wishes["best_of"],
                num_return_sequences=wishes["n"],
                length_penalty=wishes.get("length_penalty", 1.0),
                early_stopping=wishes.get("early_stopping", False),
            )
        return [self.text(row[ids.shape[1] :].tolist()) for row in made]

    def start(self, name: str) -> list[int]:
        ids: list[int] = self.tokenizer(STARTS[name])["input_ids"]
        assert len(ids) == 33, (name, len(ids))
        return ids

    def distribution(self, start: str, sampling: dict[str, Any]) -> dict[str, float]:
        """The probabilities of the likeliest tokens that may come next; of few, all."""
        ids = torch.tensor([self.start(start)])
        warpers = LogitsProcessorList([TemperatureLogitsWarper(float(sampling.get("temperature", 1.0)))])
        if "top_k" in sampling:
            warpers.append(TopKLogitsWarper(sampling["top_k"]))
        if "top_p" in sampling:
            warpers.append(TopPLogitsWarper(sampling["top_p"]))
        if "min_p" in sampling:
            warpers.append(MinPLogitsWarper(sampling["min_p"]))
        with torch.no_grad():
            (probabilities,) = warpers(ids, self.model(ids).logits[:, -1]).double().softmax(-1)
        likely = [token for token in probabilities.topk(LIKELIEST).indices.tolist() if probabilities[token]]
        return {str(token): round(float(probabilities[token]), 7) for token in likely}

    def text(self, ids: list[int]) -> str:
        decoded: str = self.tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return decoded


def record(file: Path, *parts: str) -> dict[str, Any]:
    """The content of references.json, these parts of it made anew; without any, all."""
    recorder = Recorder(file)
    making: dict[str, Callable[[], dict[str, Any]]] = {
        "chats": lambda: {name: recorder.chat(name) for name in CHATS},
        "penalties": lambda: {case: recorder.penalised(*one) for case, one in PENALTIES.items()},
        "beams": lambda: {case: recorder.beams(*one) for case, one in BEAMS.items()},
        "starts": lambda: {name: recorder.start(name) for name in STARTS},
        "distributions": lambda: {case: recorder.distribution(*one) for case, one in SAMPLINGS.items()},
    }
    kept = json.loads(FILE.read_text("utf-8")) if parts else {}
    return {part: make() if part in (parts or making) else kept[part] for part, make in making.items()}


def one_case_a_line(content: dict[str, Any]) -> str:
    """JSON that a person can compare with another version of it."""
    cases = {
        part: ",\n".join(
            f"    {json.dumps(name, ensure_ascii=False)}: {json.dumps(case, ensure_ascii=False)}"
            for name, case in entries.items()
        )
        for part, entries in content.items()
    }
    return "{\n" + ",\n".join(f'  "{part}": {{\n{lines}\n  }}' for part, lines in cases.items()) + "\n}\n"


if __name__ == "__main__":
    content = record(Path(sys.argv[1]), *sys.argv[2:])
    FILE.write_text(one_case_a_line(content), encoding="utf-8")
    sys.stdout.write(f"{FILE}\n")
