"""`ovpipe chat`: a conversation in the terminal, through a graph or with a server."""

from __future__ import annotations

import io
import logging
import os
import re
import sys
from typing import Annotated, Any

import typer

from ovpipe.cli.assignments import Assignments, parameters_of
from ovpipe.cli.chatting.background import BackgroundLoop
from ovpipe.cli.chatting.conversation import Conversation
from ovpipe.cli.chatting.interrupts import Interrupts
from ovpipe.cli.chatting.questions import FileLines, LineSource, Questions, TerminalLines
from ovpipe.cli.chatting.screen import Screen
from ovpipe.cli.chatting.session import Session
from ovpipe.cli.chatting.transport import ChatError, Transport
from ovpipe.cli.last_resort import end_process_after
from ovpipe.cli.logs import LogLevel, configure_logs
from ovpipe.cli.one_model import GraphArgument, one_model
from ovpipe.cli.project import CalculatorsFolder, collect_calculators
from ovpipe.serving.config import DEFAULT_GRAPHS

CLOSE_SECONDS = 30.0
"""How long closing may take before the process is ended; a graph's own limit is shorter."""


def chat(
    graph: GraphArgument = None,
    assignments: Assignments = None,
    calculators: CalculatorsFolder = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The model's name in requests. Default: the graph file's, or the server's first.",
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Talk with a server of OpenAI's API at this base URL, with or without /v1.",
        ),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(metavar="KEY", envvar="OPENAI_API_KEY", help="The Bearer token to send to that server."),
    ] = None,
    system: Annotated[str | None, typer.Option(metavar="TEXT", help="The system prompt.")] = None,
    think: Annotated[
        bool | None,
        typer.Option(
            "--think/--no-think",
            help="Let the model think before it answers, or not. Default: as its chat template says.",
        ),
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The most tokens of an answer.")
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="X", help="The sampling temperature; 0 always takes the likeliest token."
        ),
    ] = None,
) -> None:
    """Talks with a model in the terminal. There, /help lists the commands.

    Without a terminal, each line of the input is a question, and the output is a transcript.
    """
    configure_logs(LogLevel.WARNING, access_log=False)
    logging.getLogger("ovpipe.runtime.runs.failures").setLevel(logging.CRITICAL)  # a turn says how it failed
    for name, stream in (("input", sys.stdin), ("output", sys.stdout)):
        if stream is None:
            raise ChatError(
                f"the standard {name} is closed; talk at a terminal, or with a file or pipe in its place"
            )
    _replace_characters_that_fail()
    # Each way imports what it needs: a graph its runtime, a server an HTTP client.
    if url is None:
        from ovpipe.cli.chatting.graph_transport import GraphTransport

        what = [] if graph is None else [graph]
        config = one_model(
            what, model, parameters_of(assignments), file=sys.stderr, serving=DEFAULT_GRAPHS[:1]
        )
        transport: Transport = GraphTransport(
            config, collect_calculators([one.file for one in config.graphs], calculators)
        )
    elif graph is None and not assignments and calculators is None:
        checked = _checked_url(url), model, _checked_key(api_key)
        from ovpipe.cli.chatting.url_transport import UrlTransport

        transport = UrlTransport(*checked)
    else:
        raise typer.BadParameter(
            "a server at a URL has its own graphs; leave out GRAPH, --set and --calculators",
            param_hint="--url",
        )
    parameters = {"max_tokens": max_tokens, "temperature": temperature}
    given = {name: value for name, value in parameters.items() if value is not None}
    if not _talk(transport, given, system, think):
        raise typer.Exit(1)


def _talk(transport: Transport, parameters: dict[str, Any], system: str | None, think: bool | None) -> bool:
    """Runs the whole conversation; False when a turn failed and there is no terminal to show it."""
    at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    styled = at_terminal and os.environ.get("TERM") != "dumb"
    screen = Screen(sys.stdout, styled=styled, max_tokens=parameters.get("max_tokens"))
    with BackgroundLoop() as loop:
        try:
            with Interrupts() as interrupts:
                loop.run(transport.open, interrupts.stopping)
                conversation = Conversation(
                    {"model": transport.model, **parameters}, system=system, think=think
                )
                if at_terminal:
                    lines: LineSource = TerminalLines(interrupts)
                    screen.say(f"{transport.model} ({transport.place}): /help lists commands, /bye leaves")
                else:
                    lines = FileLines(sys.stdin, sys.stdout, interrupts)
                session = Session(
                    transport,
                    loop,
                    interrupts,
                    conversation,
                    Questions(lines),
                    screen,
                    at_terminal=at_terminal,
                )
                return session.talk() or at_terminal
        finally:
            end_process_after(CLOSE_SECONDS)
            loop.run(transport.close)


def _checked_url(url: str) -> str:
    if re.fullmatch(r"https?://[^/?#@\s]+(/[^?#\s]*)?", url):
        return url
    raise typer.BadParameter(
        f"{url!r} is no base URL; write one as in http://localhost:8000", param_hint="--url"
    )


def _checked_key(key: str | None) -> str | None:
    """The key, without the white space that files and shells put around it."""
    stripped = (key or "").strip()
    if stripped and not re.fullmatch(r"[\x21-\x7e]+", stripped):
        raise typer.BadParameter(
            "the key has characters that no header can carry; see what OPENAI_API_KEY holds",
            param_hint="--api-key",
        )
    return stripped or None


def _replace_characters_that_fail() -> None:
    """Has the streams replace what the terminal's encoding does not have, instead of raising an error."""
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
