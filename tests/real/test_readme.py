"""The second thing that README says to try."""

import re
import shlex
import subprocess
import sys

import openai
import pytest

from tests.house.pages import ROOT
from tests.real.model_file import model_file
from tests.serving.server_process import ServerProcess

SECONDS = 180
pytestmark = [pytest.mark.real, pytest.mark.timeout(SECONDS)]

COMMAND = re.compile(r'^make serve ARGS="\$\(\.venv/bin/python (.*)\)"$', re.MULTILINE)


def test_the_real_model_of_the_readme_is_served_by_its_file_and_answers() -> None:
    [fetch] = COMMAND.findall((ROOT / "README.md").read_text())
    command = [sys.executable, *shlex.split(fetch)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == str(model_file())
    with ServerProcess(said.strip()) as server:
        server.wait_ready()
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
            [model] = client.models.list()
            assert model.id == "SmolLM2-135M-Instruct"
            answer = client.chat.completions.create(
                model=model.id,
                messages=[{"role": "user", "content": "Hello"}],
                temperature=0,
                max_tokens=20,
            )
            assert str(answer.choices[0].message.content).startswith("Hello!")
