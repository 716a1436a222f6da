"""`ovpipe serve`: a server for one graph, for the models of a server.yaml, or for the embedded model."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from ovpipe.cli.assignments import Assignments, parameters_of
from ovpipe.cli.display import display_for
from ovpipe.cli.last_resort import end_process_after
from ovpipe.cli.logs import LogFormat, LogLevel, configure_logs
from ovpipe.cli.model_sources import with_models
from ovpipe.cli.one_model import GraphArguments, one_model
from ovpipe.cli.project import CalculatorsFolder, collect_calculators
from ovpipe.cli.security_options import (
    AllowedHostNames,
    ApiKeyFile,
    ApiKeys,
    CertFile,
    CorsOrigins,
    Insecure,
    KeyFile,
    with_options,
)
from ovpipe.cli.server_display import ServerDisplay
from ovpipe.cli.telemetry import OtlpEndpoint, tracing
from ovpipe.model_store.store import ModelStore
from ovpipe.runtime.watching.trace import Trace
from ovpipe.serving.config import Address, ServerConfig
from ovpipe.serving.config_file import read_server_config
from ovpipe.serving.limits import Limits
from ovpipe.serving.models.declared import Declared
from ovpipe.serving.models.reloader import Configured, Reloading
from ovpipe.serving.models.repository import Repository
from ovpipe.serving.security.config import SecurityConfig
from ovpipe.serving.security.doors import Doors
from ovpipe.serving.server import serve as run_server

SLACK_SECONDS = 5.0
"""How much longer than its own limits a shutdown may take before the process is ended."""
SWITCH_SECONDS = 0.001
"""After which a thread that computes lets the event loop go on. Python's own is 0.005, for each of them."""
SAVE_SECONDS = 30.0
"""How much longer it may take to write a trace."""


def serve(
    graphs: GraphArguments = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The model's name in requests. Default: the graph file's name."),
    ] = None,
    assignments: Assignments = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A server.yaml with several models.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(metavar="HOST", help="The address to listen on. Default: 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, metavar="PORT", help="The port; with 0 the system chooses one. Default: 8000."
        ),
    ] = None,
    api_key: ApiKeys = None,
    api_keys: ApiKeyFile = None,
    allowed_hosts: AllowedHostNames = None,
    cors_origin: CorsOrigins = None,
    insecure: Insecure = False,
    ssl_certfile: CertFile = None,
    ssl_keyfile: KeyFile = None,
    calculators: CalculatorsFolder = None,
    log_level: Annotated[LogLevel, typer.Option(help="How much the log says.")] = LogLevel.INFO,
    log_format: Annotated[
        LogFormat, typer.Option(help="How the log is written: lines of text, or one JSON object a line.")
    ] = LogFormat.TEXT,
    trace: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Trace the nodes of the latest requests; write the trace as Chrome-trace JSON at the end.",
        ),
    ] = None,
    node_metrics: Annotated[
        bool, typer.Option("--node-metrics", "--node-figures", help="Add metrics of every node to /metrics.")
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch/--no-watch", help="Read server.yaml again when it, a graph or a calculator changes."
        ),
    ] = True,
    otlp_traces_endpoint: OtlpEndpoint = None,
    access_log: Annotated[bool, typer.Option("--access-log", help="Log a line for each request.")] = False,
) -> None:
    """Serves models over HTTP, as OpenAI's API does."""
    sys.setswitchinterval(SWITCH_SECONDS)
    configure_logs(log_level, access_log=access_log, format=log_format)

    def doors_of(security: SecurityConfig, listens_at: str) -> Doors:
        """Refuses an address where anybody would be let in, before any model is downloaded or imported."""
        chosen = with_options(
            security,
            os.environ,
            keys=api_key,
            key_file=api_keys,
            allowed_hosts=allowed_hosts,
            cors_origins=cors_origin,
            insecure=insecure,
            certfile=ssl_certfile,
            keyfile=ssl_keyfile,
        )
        return Doors.of(chosen, listens_at if host is None else host)

    if config is None:
        doors = doors_of(SecurityConfig(), Address().host)
        one = one_model(graphs or (), model, parameters_of(assignments))
        given = ServerConfig((one,), Address(), Limits())
        configured = Configured(given, collect_calculators(given.graphs(), calculators))
        reloading = None
    elif not graphs and model is None and not assignments:
        stated = read_server_config(config)
        doors = doors_of(stated.security, stated.address.host)
        read = partial(_read, config, calculators)
        configured = read()
        reloading = Reloading(config, configured.config, read, watch)
    else:
        raise typer.BadParameter("a server.yaml names its graphs itself; leave out GRAPH, --model and --set")
    chosen = configured.config
    address = Address(
        chosen.address.host if host is None else host, chosen.address.port if port is None else port
    )
    repository = Repository.load(
        chosen.models, configured.registry, chosen.resources, chosen.limits, chosen.memory_bytes
    )
    kept = _trace_for(trace)
    repository.watch(kept, node_metrics=node_metrics)
    save_seconds = 0 if trace is None else SAVE_SECONDS
    loading = {f"resource {one.name}": [one.graph.stem] for one in chosen.resources}
    loading |= {f"model {one.name}": [graph.file.stem for graph in one.graphs] for one in chosen.models}
    with display_for(loading, sys.stdout) as lines:
        example = chosen.models[0].name
        display = ServerDisplay(
            lines,
            loading,
            example,
            lambda: end_process_after(_stop_seconds(repository.limits) + save_seconds),
            asks_for_key=doors.guard.keys.required,
        )
        try:
            with tracing(otlp_traces_endpoint, os.environ) as tracer:
                asyncio.run(run_server(repository, address, chosen.limits, display, doors, reloading, tracer))
        finally:
            if trace is not None and kept is not None:
                kept.save(trace)


def _read(file: Path, calculators: Path | None) -> Configured:
    """What a server.yaml says, its models' sources made folders. Raises OvpipeError with all mistakes."""
    chosen = read_server_config(file)
    registry = collect_calculators(chosen.graphs(), calculators)
    if chosen.has_sources:  # whose graphs are right, then, before a model is downloaded or imported
        Declared.load(chosen.models, chosen.resources, registry)
        chosen = with_models(chosen, ModelStore.of_user(os.environ), sys.stdout)
    return Configured(chosen, registry)


def _trace_for(file: Path | None) -> Trace | None:
    """A trace if there is a file for it; refuses at once a file that could not be written at the end."""
    if file is None:
        return None
    try:
        file.open("a").close()
    except OSError as error:
        raise typer.BadParameter(
            f"{file} cannot be written: {error.strerror}", param_hint="--trace"
        ) from error
    return Trace()


def _stop_seconds(limits: Limits) -> float:
    """The longest time that a shutdown takes by its own limits, and some slack."""
    return limits.drain_seconds + limits.run_close_seconds + 3 * limits.graph_close_seconds + SLACK_SECONDS
