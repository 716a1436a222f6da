"""MediaPipe's Python binding: PassThroughCalculators, and an observer that counts."""

from __future__ import annotations

import time
from queue import SimpleQueue

import mediapipe

from tests.benchmarks.peers.jobs import Job, answer

create = mediapipe.packet_creator.create_int


def graph_of(job: Job) -> tuple[str, str]:
    """The graph's text, and its output stream."""
    if job.shape == "chain":
        nodes = [node([f"s{i}"], [f"s{i + 1}"]) for i in range(job.size)]
        output = f"s{job.size}"
    else:
        branches = [f"b{i}" for i in range(job.size)]
        nodes = [node(["s0"], [branch]) for branch in branches]
        nodes.append(node(branches, [f"joined_{branch}" for branch in branches]))
        output = "joined_b0"
    return f'input_stream: "s0" output_stream: "{output}" ' + "".join(nodes), output


def node(inputs: list[str], outputs: list[str]) -> str:
    """A node that hands each of its inputs on."""
    streams = [f'input_stream: "{name}"' for name in inputs] + [
        f'output_stream: "{name}"' for name in outputs
    ]
    return f'node {{ calculator: "PassThroughCalculator" {" ".join(streams)} }} '


def measure(job: Job) -> float:
    """Sends the packets; in lockstep it waits for each at the observer."""
    text, output = graph_of(job)
    graph = mediapipe.CalculatorGraph(graph_config=text)
    lockstep = job.mode == "lockstep"
    seen: SimpleQueue[object] = SimpleQueue()
    graph.observe_output_stream(output, lambda name, packet: seen.put(packet))
    graph.start_run()
    begin = time.perf_counter()
    for i in range(job.packets):
        graph.add_packet_to_input_stream("s0", create(i).at(i))
        if lockstep:
            seen.get()
    graph.close_all_packet_sources()
    graph.wait_until_done()
    took = time.perf_counter() - begin
    assert seen.qsize() == (0 if lockstep else job.packets)
    return took / job.packets * 1e6


if __name__ == "__main__":
    answer(measure, "mediapipe")
