"""The options of `ovpipe serve` that say who may come in."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from ovpipe.serving.security.api_key import ApiKey, key_of
from ovpipe.serving.security.config import SecurityConfig
from ovpipe.serving.security.roles import Role

ENVIRONMENT: Final = "OVPIPE_API_KEY"
ROLES: Final = frozenset((Role.INFERENCE, Role.METRICS))
"""Those of a key without a file. Who has it is often everybody; an admin's key comes in a file."""

ApiKeys: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--api-key",
        metavar="KEY",
        help="A key that requests must bring; may be repeated. Every user of this machine can see it in the "
        f"list of processes: {ENVIRONMENT} in the environment, or --api-keys, hides it.",
    ),
]
ApiKeyFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--api-keys", metavar="FILE", help="A file of keys with names and roles, from `ovpipe keys new`."
    ),
]
AllowedHostNames: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-hosts",
        metavar="NAMES",
        help="Names by which clients reach the server, apart by commas, besides localhost and addresses of "
        "digits. '*' allows every name.",
    ),
]
CorsOrigins: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--cors-origin",
        metavar="ORIGINS",
        help="Origins of web pages that may use the server, apart by commas, as in https://chat.example.com. "
        "'*' allows every page.",
    ),
]
Insecure: TypeAlias = Annotated[
    bool,
    typer.Option("--insecure", help="Let everybody in where other machines can reach a server without keys."),
]
CertFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--ssl-certfile", metavar="FILE", help="The server's certificate, in PEM: it speaks HTTPS."),
]
KeyFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--ssl-keyfile", metavar="FILE", help="The certificate's key. Default: it stands in the same file."
    ),
]


def with_options(
    config: SecurityConfig,
    environment: MutableMapping[str, str],
    *,
    keys: Sequence[str] | None = None,
    key_file: Path | None = None,
    allowed_hosts: Sequence[str] | None = None,
    cors_origins: Sequence[str] | None = None,
    insecure: bool = False,
    certfile: Path | None = None,
    keyfile: Path | None = None,
) -> SecurityConfig:
    """What a server.yaml says, and what the command line and the environment say over it.

    The key is taken out of the environment, so that no engine, and no process that a node starts, has it.
    """
    given = environment.pop(ENVIRONMENT, "")
    from_environment = (key_of(ENVIRONMENT, given, ROLES),) if given else ()
    return replace(
        config,
        given_keys=(*_named(keys or ()), *from_environment),
        api_keys=config.api_keys if key_file is None else key_file,
        allowed_hosts=config.allowed_hosts if allowed_hosts is None else _apart(allowed_hosts),
        cors_origins=config.cors_origins if cors_origins is None else _apart(cors_origins),
        insecure=config.insecure or insecure,
        ssl_certfile=certfile or config.ssl_certfile,
        # A certificate of the command line goes with the key there, or has its own.
        ssl_keyfile=keyfile or (config.ssl_keyfile if certfile is None else None),
    )


def _apart(values: Sequence[str]) -> tuple[str, ...]:
    """What is given by commas, or by repeating the option."""
    return tuple(name for value in values for name in value.split(","))


def _named(secrets: Sequence[str]) -> list[ApiKey]:
    return [key_of(f"api-key-{number}", secret, ROLES) for number, secret in enumerate(secrets, 1)]
