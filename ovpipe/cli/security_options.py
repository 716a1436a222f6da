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


def with_options(
    config: SecurityConfig,
    *,
    keys: Sequence[str] | None,
    key_file: Path | None,
    environment: MutableMapping[str, str],
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
    )


def _named(secrets: Sequence[str]) -> list[ApiKey]:
    return [key_of(f"api-key-{number}", secret, ROLES) for number, secret in enumerate(secrets, 1)]
