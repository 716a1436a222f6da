"""What one sees of a server from outside: metrics by vLLM's names, ids and lines of requests, live runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from docs.generate import DOCS
from ovpipe.serving.metrics.vllm_names import OF_ENGINES, OF_TEXTS
from tests.end_to_end.collector import Collector
from tests.end_to_end.dashboards import Samples, check_query
from tests.serving.asking import CHAT, JSON_HEADERS, get, post, raw, streamed, streaming
from tests.serving.server_process import ServerProcess


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """Takes the traces of the server."""
    with Collector() as collector:
        yield collector


@pytest.fixture(scope="module")
def server(collector: Collector) -> Iterator[ServerProcess]:
    """The embedded model in the core graph, which counts the most of its engine."""
    arguments = ("--set", "engine.core=graph", "--set", "engine.num_kv_blocks=64", "--node-metrics")
    watching = ("--access-log", "--log-format", "json", "--otlp-traces-endpoint", collector.url)
    with ServerProcess(*arguments, *watching, env={"OTEL_BSP_SCHEDULE_DELAY": "100"}) as server:
        server.wait_ready()
        yield server


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
    assert (entry["model"], entry["graph"], entry["finish_reason"]) == ("tiny-chat", "chat", "length")
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
    graph = model["graphs"][0]
    assert (model["model"], model["state"], graph["graph"]) == ("tiny-chat", "available", "chat")
    nodes = {node["name"]: node for node in graph["nodes"]}
    assert nodes["serializer"]["calculator"] == "SseSerializerCalculator"
    assert re.search(r"chat.yaml:\d+$", nodes["serializer"]["place"])
    assert nodes["serializer"]["metrics"]["packets"] > 0


def test_a_run_that_there_is_not_is_a_404_and_nothing_is_written_to(server: ServerProcess) -> None:
    assert get(server.url, "/debug/runs/nobody").error() == (404, "run_not_found", None)
    assert post(server.url, {}, "/debug/runs/nobody").status == 405
    assert post(server.url, {}, "/debug/graphs").status == 405


# --- dashboards

DASHBOARD = json.loads((DOCS / "grafana" / "ovpipe.json").read_text("utf-8"))
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
]
VLLM_S_DASHBOARDS = {
    "vllm:e2e_request_latency_seconds_bucket",
    "vllm:generation_tokens_total",
    "vllm:gpu_cache_usage_perc",
    "vllm:inter_token_latency_seconds_bucket",
    "vllm:kv_cache_usage_perc",
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "vllm:prefix_cache_hits_total",
    "vllm:prefix_cache_queries_total",
    "vllm:prompt_tokens_total",
    "vllm:request_decode_time_seconds_sum",
    "vllm:request_generation_tokens_bucket",
    "vllm:request_inference_time_seconds_sum",
    "vllm:request_max_num_generation_tokens_sum",
    "vllm:request_prefill_time_seconds_sum",
    "vllm:request_prompt_tokens_bucket",
    "vllm:request_queue_time_seconds_sum",
    "vllm:request_success_total",
    "vllm:time_per_output_token_seconds_bucket",
    "vllm:time_to_first_token_seconds_bucket",
}
"""What the dashboards that vLLM publishes ask for."""


@pytest.fixture(scope="module")
def served(server: ServerProcess) -> Samples:
    """The metrics after some requests, one of which was refused."""
    assert post(server.url, chat()).status == 200
    assert post(server.url, chat(temperature=-1)).status == 400
    return scrape(server)


@pytest.mark.parametrize("query", QUERIES)
def test_what_the_dashboard_asks_for_is_there(served: Samples, query: str) -> None:
    concrete = query.replace("$__rate_interval", "5m").replace("$model_name", "tiny-chat")
    assert check_query(served, concrete) > 0


@pytest.mark.parametrize(
    "query",
    [
        "vllm:no_such_metric",
        'vllm:num_requests_running{model_name="other"}',
        "sum by (no) (ovpipe_engine_up)",
    ],
)
def test_a_query_of_what_there_is_not_is_found(served: Samples, query: str) -> None:
    with pytest.raises(AssertionError):
        check_query(served, query)


def test_what_vllm_s_own_dashboards_ask_for_is_there(served: Samples) -> None:
    assert {name for name, _ in served} >= VLLM_S_DASHBOARDS
    (variable,) = (one for one in DASHBOARD["templating"]["list"] if one["name"] == "model_name")
    assert variable["query"] == "label_values(vllm:num_requests_running, model_name)"


# --- traces; the last of them ends the collector


def test_a_request_is_a_span_with_its_model_and_tokens_in_the_client_s_trace(
    server: ServerProcess, collector: Collector
) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    headers = {**JSON_HEADERS, "traceparent": f"00-{trace}-{parent}-01", "X-Request-Id": "traced"}
    answer = post(server.url, chat(), headers=headers)
    spans = collector.wait_for_trace(trace)
    request = next(span for span in spans if span.parent == parent)
    usage = answer.json()["usage"]
    assert request.name == "chat tiny-chat"
    assert request.attributes["gen_ai.operation.name"] == "chat"
    assert request.attributes["gen_ai.request.model"] == "tiny-chat"
    assert request.attributes["gen_ai.usage.input_tokens"] == usage["prompt_tokens"]
    assert request.attributes["gen_ai.usage.output_tokens"] == usage["completion_tokens"]
    assert request.attributes["gen_ai.response.finish_reasons"] == ["length"]
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["gen_ai.request.id"] == "traced"
    nodes = {span.name: span for span in spans if span.parent == request.id}
    assert {"request_parser", "chat_template", "continuous_batching", "detokenizer", "serializer"} <= set(
        nodes
    )
    assert nodes["detokenizer"].attributes["ovpipe.node.calls"] >= 1
    for span in nodes.values():
        assert request.began <= span.began <= span.ended <= request.ended
    assert logged(server, "traced")["trace_id"] == trace


def test_a_trace_that_the_client_does_not_record_is_not_sent(
    server: ServerProcess, collector: Collector
) -> None:
    unrecorded, recorded = "1af7651916cd43dd8448eb211c80319c", "2af7651916cd43dd8448eb211c80319c"
    for trace, flags in ((unrecorded, "00"), (recorded, "01")):
        headers = {**JSON_HEADERS, "traceparent": f"00-{trace}-b7ad6b7169203331-{flags}"}
        assert post(server.url, chat(), headers=headers).status == 200
    collector.wait_for_trace(recorded)
    assert not collector.spans_of(unrecorded)


def test_a_collector_that_is_gone_costs_one_warning_and_no_request(
    server: ServerProcess, collector: Collector
) -> None:
    collector.close()
    for _ in range(3):
        assert post(server.url, chat()).status == 200
    server.wait_line("traces cannot be sent to the collector and are dropped", timeout=60)
    assert post(server.url, chat()).status == 200
    assert sum("traces cannot be sent" in line for line in server.log) == 1
