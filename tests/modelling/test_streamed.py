"""Models written to disk while they are built."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import openvino as ov
import pytest

from ovpipe.modelling.constants import Precision
from ovpipe.modelling.decoder import build_decoder
from ovpipe.modelling.streamed import save_decoder
from tests.modelling.references.cases import CASES, IDS
from tests.modelling.stateful import compiled, logits


@pytest.mark.parametrize("precision", ["f32", "f16", "bf16", "int8", "int8 in groups", "int4"])
@pytest.mark.slow
def test_the_file_says_what_the_graph_in_memory_says(tmp_path: Path, precision: Precision) -> None:
    case, path = CASES["gemma 3"], tmp_path / "openvino_model.xml"
    save_decoder(path, case.config, case.weights, precision=precision)
    read = logits(compiled(ov.Core().read_model(path)), IDS)
    built = logits(compiled(build_decoder(case.config, case.weights, precision=precision)), IDS)
    np.testing.assert_array_equal(read, built)
    assert {file.name for file in tmp_path.iterdir()} == {"openvino_model.xml", "openvino_model.bin"}


def test_biases_norms_and_single_projections_are_in_the_file_too(tmp_path: Path) -> None:
    case, path = CASES["llama with biases"], tmp_path / "openvino_model.xml"
    save_decoder(path, case.config, case.weights, adapters=True)
    read = logits(compiled(ov.Core().read_model(path)), IDS)
    np.testing.assert_allclose(read, case.logits, atol=1e-4, rtol=0)


BUILDS_IN_LITTLE_MEMORY = """
import sys
from pathlib import Path
import numpy as np
from ovpipe.modelling.config import DecoderConfig
from ovpipe.modelling.streamed import save_decoder
from ovpipe.modelling.weights import random_weights

config = DecoderConfig(
    vocab_size=64_000, hidden_size=1024, num_layers=14, num_heads=16, num_kv_heads=4, head_dim=64,
    intermediate_size=4096, max_position_embeddings=512, tie_embeddings=True,
)
shapes = config.shapes()
largest = 4 * max(int(np.prod(shape)) for shape in shapes.values())


def peak():  # of this program alone; getrusage would count what its parent had
    return 1024 * int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])


before = peak()
save_decoder(
    Path(sys.argv[1]) / "openvino_model.xml", config,
    lambda name: np.full(shapes[name], 0.01, np.float32), precision=sys.argv[2],
)
print(peak() - before, largest)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "share"), [("f32", 0), ("f16", 0.5), ("int8", 0.25)])
def test_memory_holds_the_largest_parameter_and_what_is_stored_of_it(
    tmp_path: Path, precision: Precision, share: float
) -> None:
    program = [sys.executable, "-c", BUILDS_IN_LITTLE_MEMORY, str(tmp_path), precision]
    ran = subprocess.run(program, capture_output=True, text=True, check=True)
    took, largest = map(int, ran.stdout.split())
    assert took < largest * (1 + share) + 150e6
