"""Questions about the model and about ovpipe. Each answer is a fact of this repository."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from examples.tiny_chat.dialogues.dialogue import Exchange
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK, END, HEY, Q

MORE: Mapping[str, list[str]] = yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text("utf-8"))
"""Patterns by subject."""


@dataclass(frozen=True)
class Fact:
    """What is asked, what it is about in a few words, and the one answer."""

    subject: str
    asked: Wording
    answer: str


def _fact(subject: str, answer: str, *questions: str) -> Fact:
    return Fact(subject, Wording(*(f"{HEY}{question}{Q}" for question in questions), *_more(subject)), answer)


def _more(subject: str) -> list[str]:
    """Further ways to ask, most of which are no questions."""
    return [f"{HEY}{sentence}{END}" for sentence in MORE[subject]]


def _term(term: str, answer: str, article: str = "a ") -> Fact:
    """What a word of ovpipe's means."""
    plain = f"[|the term ]{term}"
    plural = f"{term[:-1]}ies" if term.endswith("y") else f"{term}s"
    return Fact(
        f"{article}{term}",
        Wording(
            f"{HEY}[what is|what's] [the|{article.strip()}] {term}[| in ovpipe]{Q}",
            f"{HEY}what does {plain} mean[| in ovpipe]{Q}",
            f"[|and ][|{article}]{term}{Q}",
            f"{ASK}[explain|define|describe] {article}{term}[| of ovpipe| to me]{END}",
            f"{ASK}tell me what {article}{term} is[| in ovpipe]{END}",
            f"{HEY}what are {plural}[| in ovpipe]{Q}",
            *_more(f"{article}{term}"),
        ),
        answer,
    )


FACTS = (
    _fact(
        "who I am",
        "I am tiny-chat, a small demonstration model that ships with ovpipe.",
        "who are you", "what are you", "[what is|what's] your name", "[tell me about|introduce] yourself",
        "who am i [talking|speaking] to", "are you [a bot|a model|human|a person|a robot|chatgpt|an ai|real|a real person]", "what is tiny-chat", "what [model|bot] is this",
    ),
    _fact(
        "how large I am",
        "I have a few million parameters: thousands of times fewer than the models you may know.",
        "how [big|large|small] are you", "how many parameters do you have", "what size are you",
    ),
    _fact(
        "how I was made",
        "I was trained from scratch on a CPU, on dialogues that a generator in ovpipe's repository makes.",
        "how were you [trained|made|built]", "who [trained|made|built] you", "what were you trained on",
        "where do you come from",
    ),
    _fact(
        "what I can do",
        "I can add and subtract, count, spell, reverse and sort, name days and months, remember what you said, "
        "write JSON, call tools and answer questions about ovpipe.",
        "what can you do[| for me]", "what are you [good at|good for|able to do|capable of]",
        "how can you help[| me]", "[help|help me]",
        "can you [help|help me|count|spell|do math|add numbers|calculate|sort|write json|call tools|use tools]", "what do you know", "what should i ask[| you]",
    ),
    _fact(
        "ovpipe",
        "ovpipe is the MediaPipe of LLM serving, in Python: it serves language models on OpenVINO behind the "
        "OpenAI API, as one dataflow graph in YAML.",
        "what is [ovpipe|this project|this server|this software]", "what does ovpipe do",
        "what is ovpipe [for|good for|used for]", "[tell me about|explain|describe] ovpipe",
    ),
    _term("graph", "A graph is one YAML file of nodes, joined by the names of the streams they read and write."),
    _term("calculator", "A calculator is a Python class with typed ports; a node of a graph runs one."),
    _term("packet", "A packet is an immutable value with a timestamp."),
    _term("stream", "A stream is a typed, bounded edge that carries packets from one node to others."),
    _term("side packet", "A side packet is a value set once, without a timestamp: a model, a tokenizer, an engine."),
    _term("run", "A run is one pass of a graph over one request, with calculators, queues and errors of its own."),
    _term("node", "A node is one calculator in a graph, wired to streams and given its options."),
    _term("port", "A port is a typed input or output of a calculator; the graph's YAML wires it to a stream."),
    _term("timestamp", "A timestamp is a packet's place in its stream; it orders the packets of a run."),
    _term("subgraph", "A subgraph is a graph used as a node of another: write graph in place of calculator."),
    _term("back edge", "A back edge is a marked input that closes a cycle of streams; its node does not wait for it."),
    _term("input policy", "An input policy says how the packets of a node's inputs come together.", "an "),
    _term("executor", "An executor is a pool of threads in which slow nodes may run.", "an "),
    _term("registry", "A registry collects calculators, so that graphs can name them; YAML never imports code."),
    _fact(
        "the engine",
        "The engine generates tokens for many requests at once by continuous batching, in a process of its own.",
        "[what is|what's|what does] the engine[| do]", "what [generates|makes] the tokens",
        "[explain|describe] the engine", "what is continuous batching",
    ),
    _fact(
        "the front door",
        "The front door speaks HTTP: it starts a run for each request and writes out what the graph gives.",
        "[what is|what's|what does] the front door[| do]", "what [speaks|handles] http",
        "[explain|describe] the front door",
    ),
    _fact(
        "the nodes of the chat graph",
        "A chat goes through request_parser, chat_template, grammar_check, continuous_batching, detokenizer, "
        "stop_strings, output_parser and serializer.",
        "[which|what] nodes [does the chat graph have|are in the chat graph|does a chat go through]",
        "what is [in |]the chat graph", "[list|name] the nodes of the chat graph",
    ),
    _fact(
        "installing ovpipe",
        "Clone the repository and run make serve: it installs ovpipe into .venv and serves me.",
        "how [do|can] i [install|get|set up] [ovpipe|it|this]", "how is ovpipe installed",
        "where [do|can] i get [ovpipe|it]",
    ),
    _fact(
        "which models are served",
        "ovpipe serves any language model in OpenVINO's format: set models_path to its folder.",
        "[what|which] models [does it|does ovpipe|can it|can ovpipe] [support|serve|run]",
        "[what|which] models [are supported|can i use]",
    ),
    _fact(
        "devices",
        "Set the parameter device, as in --set device=GPU; without it the CPU is used.",
        "[does it|does ovpipe|can it|can ovpipe] [run on|use|support] [a gpu|the gpu|gpus]", "[is there|what about] gpu support",
        "how [do|can] i [use|choose|set] [a gpu|the gpu|the device|another device]",
    ),
    _fact(
        "tools",
        "Send tools with a chat: the model answers with calls, and your program sends back what came of them.",
        "what is a tool", "what are tools", "how [do|can] i [use|send|call] tools", "what is [tool calling|function calling|a tool call]",
        "how [do|does] [tools|tool calling|function calling] work",
    ),
    _fact(
        "structured output",
        "Set response_format to a JSON schema, and the answer follows it.",
        "how [do|can] i [get|force] [json|structured output]", "what is structured output", "what is response_format",
        "can [it|ovpipe|the server] [follow a schema|force json]",
    ),
    _fact(
        "thinking",
        "Set enable_thinking to true in chat_template_kwargs: I think first, and the thoughts come apart from the answer.",
        "can you think", "how [do|can] i make you think", "how [do|does] [thinking|reasoning] work", "what is enable_thinking",
    ),
    _fact(
        "starting the server",
        "Run make serve, or ovpipe serve once it is installed; it listens on http://localhost:8000.",
        "how [do|can] i [start|run|launch] [the server|ovpipe|it]", "how is [the server|ovpipe] started",
        "[what|which] command [starts|runs] [the server|ovpipe]", "how [do|can] i serve[| a model]",
    ),
    _fact(
        "the port of the server",
        "It listens on port 8000 unless --port names another.",
        "[what|which] port [is it|does it use|does the server use|does ovpipe listen on|is used]",
        "how [do|can] i [change|choose|set] the port",
    ),
    _fact(
        "serving a model of one's own",
        "Run ovpipe serve chat --model NAME --set models_path=DIR with a model folder in OpenVINO's format.",
        "how [do|can] i [serve|use|run] [my own model|another model|a different model|my model]",
        "[what|which] command serves [my own model|another model]",
    ),
    _fact(
        "serving several models",
        "Write a server.yaml with the models and run ovpipe serve --config server.yaml.",
        "how [do|can] i serve [several|many|two|more] models", "what is server.yaml[| for]",
        "can [ovpipe|it|the server] serve [several|many|two|more] models",
    ),
    _fact(
        "checking a graph",
        "Run ovpipe check with the graph's file: it tells every mistake with file and line, and starts nothing.",
        "how [do|can] i [check|validate|test] a graph", "what does ovpipe check do",
        "[what|which] command [checks|validates] a graph",
    ),
    _fact(
        "running the tests",
        "Run make test; it installs what the tests need and runs them.",
        "how [do|can] i run the tests", "how are the tests run", "[what|which] command runs the tests",
        "what does make test do",
    ),
    _fact(
        "the endpoints",
        "It serves POST /v1/chat/completions, POST /v1/completions and GET /v1/models; the same under /v3.",
        "[what|which] [endpoints|routes|paths] [are there|does it serve|does ovpipe have|can i call]",
        "[what|which] api does [it|ovpipe|the server] [have|serve|speak]",
    ),
    _fact(
        "health",
        "GET /health/live answers while the process does, GET /health/ready when every model is loaded.",
        "how [do|can] i [check|see|ask] [the health|if the server is ready|if it is ready]",
        "is there a health [check|endpoint]", "when is the server ready",
    ),
    _fact(
        "figures",
        "GET /metrics has figures for Prometheus; --node-figures adds those of every node.",
        "[are there|where are|does it have] [figures|metrics]", "how [do|can] i [monitor|watch] [it|the server|ovpipe]",
    ),
    _fact(
        "traces",
        "Start the server with --trace FILE; when it ends, the file has a trace that Perfetto shows.",
        "how [do|can] i [trace|time] [a run|requests|a request|nodes]", "how [do|can] i [get|make|write] a trace",
    ),
    _fact(
        "streaming",
        'Set "stream" to true: the answer comes token by token, as server-sent events.',
        "how [do|can] i stream[| the answer| tokens| answers]", "can [you|it|ovpipe|the server] stream",
        "is streaming supported", "does streaming work",
    ),
    _fact(
        "a calculator of one's own",
        "Derive a class from Calculator, declare its ports, write process, and put @register above it.",
        "how [do|can] i [write|make|add|create] [a|my own] [calculator|node]",
        "how is a [calculator|node] [written|made]",
    ),
    _fact(
        "testing a calculator",
        "Use CalculatorRunner from ovpipe.testing: it runs one calculator on packets that you give it.",
        "how [do|can] i test [a|my|one] [calculator|node]", "what is calculatorrunner",
        "how is a [calculator|node] tested",
    ),
    _fact(
        "parameters of a graph",
        "Declare them under parameters, write ${name} where the value goes, and set them with --set name=value.",
        "how [do|can] i [set|use|declare|give] [a graph's parameters|parameters|a parameter]",
        "what does --set do", "how do parameters of a graph work",
    ),
    _fact(
        "MediaPipe",
        "MediaPipe is a framework for graphs of calculators; ovpipe brings its ideas to serving language models.",
        "what is mediapipe", "what does mediapipe have to do with ovpipe", "[tell me about|explain] mediapipe",
    ),
    _fact(
        "OpenVINO",
        "OpenVINO is the inference toolkit that runs the models; ovpipe serves models in its format.",
        "what is openvino", "what does openvino do", "[tell me about|explain] openvino", "what runs the models",
    ),
    _fact(
        "the license",
        "ovpipe is under the Apache 2.0 license, and so am I.",
        "[what|which] license [is it under|does ovpipe have|does it have|is used]", "is [it|ovpipe] [free|open source]",
        "[what is|what's] the license",
    ),
    _fact(
        "what it is written in",
        "ovpipe is written in Python and needs version 3.11 or newer.",
        "[what|which] [language|programming language] is [ovpipe|it] written in", "is [ovpipe|it] written in python",
        "[what|which] [version of python|python version|python] does [it|ovpipe] need",
    ),
    _fact(
        "the page of the API",
        "Open /docs in a browser; GET /openapi.json has the same in OpenAPI 3.1.",
        "where [is|are] the [api docs|docs of the api|openapi description]", "is there an openapi [file|description]",
        "where can i try [the api|requests]",
    ),
    _fact(
        "stopping the server",
        "Press Ctrl-C: the server finishes the requests in flight and ends.",
        "how [do|can] i [stop|end|quit|close] [the server|ovpipe|it]", "how is the server stopped",
    ),
    _fact(
        "chatting in the terminal",
        "Run ovpipe chat; it talks with a model in the terminal, tokens as they come.",
        "how [do|can] i [chat|talk] [in the terminal|without a server|with you in the terminal]",
        "what does ovpipe chat do", "[what|which] command [chats|talks] in the terminal",
    ),
)  # fmt: skip


def about(draw: Draw) -> Exchange:
    """One of the facts."""
    fact = draw.pick(FACTS)
    return Exchange(draw.say(fact.asked), fact.answer, f"The question is about {fact.subject}.")
