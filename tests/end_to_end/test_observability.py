"""What one sees of a server from outside: metrics by vLLM's names, ids and lines of requests, live runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from ovpipe.serving.metrics.vllm_names import OF_ENGINES, OF_TEXTS
from tests.serving.asking import CHAT, JSON_HEADERS, get, post, raw, streamed, streaming
from tests.serving.server_process import ServerProcess


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    """The embedded model in the core graph, which counts the most of its engine."""
    arguments = ("--set", "engine.core=graph", "--set", "engine.num_kv_blocks=64", "--node-metrics")
    with ServerProcess(*arguments, "--access-log", "--log-format", "json") as server:
        server.wait_ready()
        yield server


Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(server: ServerProcess) -> Samples:
    """All samples of /metrics by name and labels, as Prometheus' own parser reads them."""
    page = get(server.url, "/metrics").body.decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """A sample of the model tiny-chat by vLLM's name."""
    everything = {"model_name": "tiny-chat", "engine": "0"} | labels
    return samples[f"vllm:{name}", frozenset(everything.items())]


def chat(say: str = "What is ovpipe?", **parameters: object) -> dict[str, object]:
    messages = [{"role": "user", "content": say}]
    return {"messages": messages, "max_tokens": 12, "temperature": 0, "ignore_eos": True, **parameters}


def test_a_request_moves_vllm_s_metrics_by_what_its_usage_says(server: ServerProcess) -> None:
    before = scrape(server)
    answer = post(server.url, chat(n=2))
    after = scrape(server)
    usage = answer.json()["usage"]

    def moved(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert answer.status == 200
    assert moved("generation_tokens_total") == usage["completion_tokens"] == 24
    assert moved("prompt_tokens_total") == 2 * usage["prompt_tokens"], (
        "each choice has its prompt, as in vLLM"
    )
    assert moved("request_success_total", finished_reason="length") == 2
    assert moved("time_to_first_token_seconds_count") == 2
    assert moved("inter_token_latency_seconds_count") == moved("time_per_output_token_seconds_count") == 22
    assert moved("request_generation_tokens_sum") == 24
    assert moved("request_max_num_generation_tokens_sum") == 12
    assert moved("request_params_max_tokens_sum") == 24
    for name in ("e2e_request_latency", "request_queue_time", "request_prefill_time", "request_decode_time"):
        assert moved(f"{name}_seconds_count") == 2
        assert moved(f"{name}_seconds_sum") > 0
    assert value(after, "num_requests_running") == value(after, "num_requests_waiting") == 0
    assert moved("prefix_cache_queries_total") > 0


def test_a_text_that_runs_is_seen_while_it_runs_and_one_that_is_left_is_an_abort(
    server: ServerProcess,
) -> None:
    before = scrape(server)
    with streamed(server.url, chat(max_tokens=800, stream=True)) as response:
        while b'"content"' not in response.readline():
            pass
        during = scrape(server)
        assert value(during, "num_requests_running") == 1
        assert value(during, "kv_cache_usage_perc") == value(during, "gpu_cache_usage_perc") > 0
    for _ in range(100):  # each look is a request, after which the server has had its turn
        after = scrape(server)
        if value(after, "num_requests_running") == 0:
            break
    aborts = [value(samples, "request_success_total", finished_reason="abort") for samples in (before, after)]
    assert aborts[1] == aborts[0] + 1


def test_a_text_that_a_stop_string_cuts_has_stopped(server: ServerProcess) -> None:
    text = post(server.url, chat()).json()["choices"][0]["message"]["content"]
    before = scrape(server)
    assert post(server.url, chat(stop=[text[3:6]])).json()["choices"][0]["finish_reason"] == "stop"
    after = scrape(server)
    stops = [value(samples, "request_success_total", finished_reason="stop") for samples in (before, after)]
    assert stops[1] == stops[0] + 1


def test_every_name_of_the_tables_is_on_the_page_and_a_refusal_is_there_by_its_reason(
    server: ServerProcess,
) -> None:
    assert post(server.url, chat(temperature=-1)).status == 400
    assert post(server.url, {"model": "nobody"}).status == 404
    samples = scrape(server)
    names = {name for name, _ in samples}
    ending = {"counter": "_total", "gauge": "", "histogram": "_bucket"}
    assert {metric.full_name + ending[metric.kind] for metric in (*OF_TEXTS, *OF_ENGINES)} < names
    sizes = next(dict(labels) for name, labels in samples if name == "vllm:cache_config_info")
    assert sizes["num_gpu_blocks"] == "64"
    refused = {
        (labels["model"], labels["reason"]): number
        for name, found in samples
        if name == "ovpipe_requests_refused_total"
        for labels, number in [(dict(found), samples[name, found])]
    }
    assert refused["", "model_not_found"] == 1
    assert [model for model, _ in refused] == ["tiny-chat", ""], json.dumps(str(refused))


# --- ids and the log


def logged(server: ServerProcess, request_id: str) -> dict[str, Any]:
    """The line of a request in the log."""
    line = server.wait_line(rf'.*"logger": "ovpipe.access".*"request_id": "{re.escape(request_id)}".*')
    entry = json.loads(line[0])
    assert isinstance(entry, dict)
    return entry


def test_the_line_of_a_request_has_its_id_its_model_its_tokens_and_its_times(server: ServerProcess) -> None:
    answer = post(server.url, chat(), headers={**JSON_HEADERS, "X-Request-Id": "from-a-client/1"})
    assert answer.headers["x-request-id"] == "from-a-client/1"
    assert answer.json()["id"].endswith("from-a-client/1")
    entry = logged(server, "from-a-client/1")
    usage = answer.json()["usage"]
    assert entry["level"] == "info"
    assert (entry["method"], entry["url"], entry["status"]) == ("POST", CHAT, 200)
    assert (entry["model"], entry["finish_reason"]) == ("tiny-chat", "length")
    assert entry["prompt_tokens"] == usage["prompt_tokens"]
    assert entry["completion_tokens"] == usage["completion_tokens"] == 12
    assert 0 < entry["ttft"] < entry["duration"]


@pytest.mark.parametrize("asked", ["two words", "a\tb", "x" * 129, 'quote"', "é"])
def test_an_id_that_could_forge_a_line_is_replaced(server: ServerProcess, asked: str) -> None:
    request = f"GET /version HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-Id: {asked}\r\n\r\n"
    answer = raw(server.url, request.encode())
    given = re.search(rb"X-Request-Id: ([0-9a-f]{32})\r\n", answer)
    assert given is not None, answer
    assert logged(server, given[1].decode())["url"] == "/version"


def test_a_refused_request_has_an_id_and_its_line_says_why(server: ServerProcess) -> None:
    answer = post(server.url, chat(temperature=-1))
    entry = logged(server, answer.headers["x-request-id"])
    assert (entry["status"], entry["error"], entry["model"]) == (400, answer.error()[1], "tiny-chat")
    unknown = get(server.url, "/nowhere?api_key=hidden")
    entry = logged(server, unknown.headers["x-request-id"])
    assert (entry["status"], entry["url"]) == (404, "/nowhere?api_key=***")


def test_a_client_that_leaves_is_in_the_log_as_499(server: ServerProcess) -> None:
    with streamed(server.url, chat(max_tokens=800, stream=True)) as response:
        name = response.getheader("x-request-id")
        assert name is not None
        while b'"content"' not in response.readline():
            pass
    entry = logged(server, name)
    assert (entry["status"], entry["finish_reason"]) == (499, "abort")


# --- live runs


def test_a_live_run_is_found_by_the_request_s_id_and_says_what_it_waits_for(server: ServerProcess) -> None:
    body = json.dumps(chat(max_tokens=800, stream=True)).encode()
    headers = {**JSON_HEADERS, "X-Request-Id": "watched"}
    with streaming(server.url, "POST", CHAT, body, headers) as response:
        while b'"content"' not in response.readline():
            pass
        second = post(server.url, chat(), headers=headers)
        assert second.headers["x-request-id"] != "watched", "a live request has this id"
        runs = get(server.url, "/debug/runs").json()
        assert [(run["id"], run["model"], run["state"]) for run in runs["oldest"]] == [
            ("watched", "tiny-chat", "running")
        ]
        run = get(server.url, "/debug/runs/watched").json()
    assert "node 'continuous_batching' is in a call at 0 that has not ended" in run["waits"]
    states = {node["name"]: node["state"] for node in run["snapshot"]["nodes"]}
    assert states["request_parser"] == "closed"
    assert states["continuous_batching"] == "in a call"
    assert "What is ovpipe" not in json.dumps(run)


def test_graphs_are_shown_with_their_nodes_and_what_these_have_done(server: ServerProcess) -> None:
    post(server.url, chat())
    (model,) = get(server.url, "/debug/graphs").json()["models"]
    assert (model["model"], model["state"], model["graph"]) == ("tiny-chat", "available", "chat")
    nodes = {node["name"]: node for node in model["nodes"]}
    assert nodes["serializer"]["calculator"] == "SseSerializerCalculator"
    assert re.search(r"chat.yaml:\d+$", nodes["serializer"]["place"])
    assert nodes["serializer"]["metrics"]["packets"] > 0


def test_a_run_that_there_is_not_is_a_404_and_nothing_is_written_to(server: ServerProcess) -> None:
    assert get(server.url, "/debug/runs/nobody").error() == (404, "run_not_found", None)
    assert post(server.url, {}, "/debug/runs/nobody").status == 405
    assert post(server.url, {}, "/debug/graphs").status == 405
