"""A host process with a core that obeys its prompts. A script: `python fake_host.py --fd N --parent PID`.

A request counts up from its prompt's last token, one token a step. A prompt that starts with a
negative number is a command:

    -1 SIGKILL ourselves, -2 hang, -3 raise, -4 refuse, -5 give up, -12 give way, -13 fail over it
    (each at the request's 2nd step; refusing at once), -6 hang before the first token, -7 ten steps of 0.1 s before the first token,
    -8 send nonsense, -9 poison the core before the first token and have all that start so suspected,
    -16 keep 400 MiB of memory from the 2nd step on,
    -14 compute for ever (at the 2nd step), -15 compute for long before the first token,
    -10 the same with nobody suspected, -11 say that the prompt is being read and then nothing for long.

A request with a grammar that says "sleep" sleeps in its first step, with "spin" it computes for 0.4 s there.

Options: `load` ("hang", "crash" or the message to fail with), `needs_file` (a load
without that file fails), `says` (printed to stdout while loading), `phases` (of Progress to report),
`step_seconds`, `device` and `seconds_per_token` (that it says of itself), `settles` (options that this load settles), `child` (starts a program for 20 seconds: "careless" with all that is inherited, "holding"
in a session of its own and with the socket).
"""

from __future__ import annotations

import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ovpipe.engines.messages import Progress, Reading, Refused
from ovpipe.engines.process.host import Report, main
from ovpipe.engines.process.poison import PoisonedByGrammar
from ovpipe.engines.protocol import Delta, EngineInfo, EngineStats, GenerateRequest, RequestRefused, Token


class CountingCore:
    """Counts up. Its cache figure lags two steps behind, as genai's does."""

    def __init__(self, options: dict[str, Any], report: Report) -> None:
        self.info = EngineInfo(
            core="fake",
            device=options.get("device", "CPU"),
            context_length=4096,
            vocab_size=1000,
            eos_token_ids=[0],
            num_kv_blocks=100,
            block_size=32,
            cache_bytes=0,
            max_num_seqs=16,
            max_num_batched_tokens=256,
            dynamic_split_fuse=True,
            seconds_per_token=options.get("seconds_per_token", 0.0),
            settled=options.get("settles", {}),
            generation_config=options,
        )
        self.options = options
        self.report = report
        self.live: dict[int, GenerateRequest] = {}
        self.ages: dict[int, int] = {}
        self.generated: dict[int, int] = {}
        self.usage = [0, 0, 0]
        self.grammars = self.steps = self.tokens = self.prompt_tokens = self.running = self.max_running = 0

    def add(self, request: GenerateRequest) -> None:
        if request.prompt[0] == -4:
            raise RequestRefused("told to refuse")
        self.live[request.id] = request
        self.ages[request.id] = self.generated[request.id] = 0
        self.prompt_tokens += len(request.prompt)

    def cancel(self, request_id: int) -> None:
        self.live.pop(request_id, None)

    def step(self) -> Sequence[Delta | Refused]:
        time.sleep(self.options.get("step_seconds", 0))
        self.steps += 1
        self.running = len(self.live)
        self.max_running = max(self.max_running, self.running)
        outcomes: list[Delta | Refused] = []
        for request in list(self.live.values()):
            self.ages[request.id] += 1
            outcome = self.outcome(request, self.ages[request.id])
            if outcome is not None:
                outcomes.append(outcome)
        self.usage = [*self.usage[1:], len(self.live)]
        return outcomes

    def outcome(self, request: GenerateRequest, age: int) -> Delta | Refused | None:
        if request.sampling.grammar is not None and age == 1:
            self.compile(request.sampling.grammar.text)
        match request.prompt[0], age:
            case -1, 2:
                os.kill(os.getpid(), signal.SIGKILL)
            case (-2, 2) | (-6, 1):
                time.sleep(3600)
            case -3, 2:
                raise RuntimeError("told to raise")
            case ((-5 | -12 | -13) as kind, 2):
                del self.live[request.id]
                return Refused(request.id, "told to give up", transient=kind == -12, failed=kind == -13)
            case -7, _ if age <= 10:
                time.sleep(0.1)
                return None
            case -11, _:
                if age == 1:
                    self.report(Reading(request.id))
                time.sleep(0.1)
                return None
            case -16, 2:
                self.grown = bytearray(400 * 1024**2)
                self.grown[::4096] = b"x" * (len(self.grown) // 4096)
            case (-14, 2) | (-15, 1):
                end = time.process_time() + (math.inf if age == 2 else 1.5)
                while time.process_time() < end:
                    pass
            case -9, 1:
                raise PoisonedByGrammar("no grammar", [r.id for r in self.live.values() if r.prompt[0] == -9])
            case -10, 1:
                raise RuntimeError("told to raise at once")
            case -8, 2:
                socket.socket(fileno=os.dup(the_socket())).sendall(b"\x00\x00\x00\x01\xc1")
        count = self.generated[request.id] = self.generated[request.id] + 1
        self.tokens += 1
        if count < request.sampling.max_tokens:
            return Delta(request.id, [Token(request.prompt[-1] + count)], count)
        del self.live[request.id]
        return Delta(request.id, [Token(request.prompt[-1] + count)], count, "length")

    def compile(self, grammar: str) -> None:
        self.grammars += 1
        if grammar == "sleep":
            time.sleep(3600)
        end = time.process_time() + 0.4
        while grammar == "spin" and time.process_time() < end:
            pass

    def stats(self) -> EngineStats:
        return EngineStats(
            num_requests=len(self.live),
            num_running=self.running,
            max_running=self.max_running,
            worn_out="grammars" if self.grammars > self.options.get("most_grammars", 10**9) else "",
            kv_cache_usage=self.usage[0] / 100,
            steps=self.steps,
            generated_tokens=self.tokens,
            prompt_tokens=self.prompt_tokens,
        )


def the_socket() -> int:
    return int(sys.argv[sys.argv.index("--fd") + 1])


def build(options: dict[str, Any], report: Report) -> CountingCore:
    for phase in options.get("phases", ["load", "warm_up"]):
        report(Progress(phase=phase, detail=f"fake {phase}"))
    if "says" in options:
        os.write(1, options["says"].encode() + b"\n")
    sleep = ["sleep", "20"]
    match options.get("child"):
        case "careless":
            subprocess.Popen(sleep, close_fds=False, stderr=subprocess.DEVNULL)
        case "holding":
            subprocess.Popen(
                sleep, pass_fds=[the_socket()], start_new_session=True, stderr=subprocess.DEVNULL
            )
    if "needs_file" in options and not Path(options["needs_file"]).exists():
        raise RuntimeError("the file is missing")
    match options.get("load"):
        case None:
            return CountingCore(options, report)
        case "hang":
            time.sleep(3600)
        case "crash":
            os.write(2, b"Segmentation something\n")
            os.kill(os.getpid(), signal.SIGSEGV)
    raise ValueError(options["load"])


if __name__ == "__main__":
    main(build)
