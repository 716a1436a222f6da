"""The file of API keys: a line for each, `NAME:ROLE[,ROLE]:sha256:HASH`, as htpasswd has them.

A line may end with `:FIRST..LAST`, the range that the key's requests may have as `priority`.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ovpipe.errors import did_you_mean
from ovpipe.graph.place import Findings, Place
from ovpipe.serving.security.api_key import NAME, ApiKey
from ovpipe.serving.security.errors import SecurityError
from ovpipe.serving.security.roles import Role

log = logging.getLogger(__name__)

HASH: Final = re.compile(r"[0-9a-f]{64}")
PRIORITIES: Final = re.compile(r"(-?\d{1,9})\.\.(-?\d{1,9})")
MOST_KEYS: Final = 1_000
"""Every request is compared with all of them: a tenth of a millisecond for so many."""
MOST_BYTES: Final = 1_000_000
HEADER: Final = "# API keys of an ovpipe server, NAME:ROLE[,ROLE]:sha256:HASH. `ovpipe keys new` adds one.\n"


def read_keys(file: Path) -> tuple[ApiKey, ...]:
    """The keys in a file. Raises GraphError with every mistake and its line, SecurityError without a file."""
    findings = Findings()
    keys: dict[str, ApiKey] = {}
    for number, line in _lines(file):
        place = Place(str(file), number)
        try:
            key = parsed(line)
        except SecurityError as error:
            findings.add(place, str(error))
            continue
        if key.name in keys:
            findings.add(place, f"there are two keys of the name {key.name!r}; give each its own")
        keys[key.name] = key
    findings.check()
    if len(keys) > MOST_KEYS:
        raise SecurityError(f"{file}: there are more than {MOST_KEYS} keys")
    return tuple(keys.values())


def parsed(line: str) -> ApiKey:
    """The key of one line. What is wrong is said without the line, which might hold a secret by mistake."""
    parts = line.split(":")
    if len(parts) not in (4, 5):
        raise SecurityError("a key is written NAME:ROLE[,ROLE]:sha256:HASH; `ovpipe keys new NAME` adds one")
    name, roles, algorithm, digest, *priorities = parts
    if not NAME.fullmatch(name):
        raise SecurityError("a key's name has 1 to 64 letters, digits, '.', '_' and '-'")
    if algorithm != "sha256" or not HASH.fullmatch(digest):
        raise SecurityError(f"the hash of the key {name!r} must be 'sha256:' and 64 hexadecimal digits")
    known = frozenset(_role(role.strip()) for role in roles.split(","))
    allowed = priorities_in(name, priorities[0]) if priorities else None
    return ApiKey(name, known, bytes.fromhex(digest), allowed)


def line_of(key: ApiKey) -> str:
    """The line that `parsed` reads."""
    roles = ",".join(role for role in Role if role in key.roles)
    priorities = "" if key.priorities is None else f":{key.priorities[0]}..{key.priorities[1]}"
    return f"{key.name}:{roles}:sha256:{key.digest.hex()}{priorities}"


def add_key(file: Path, key: ApiKey) -> None:
    """Writes a key behind those of the file, or makes the file; SecurityError for a name that is in use."""
    if file.exists():
        if key.name in {there.name for there in read_keys(file)}:
            raise SecurityError(
                f"{file} has a key {key.name!r} already; remove it first, or choose another name"
            )
        text = _text(file)
    else:
        text = HEADER
    _replace(file, text + ("" if text.endswith("\n") or not text else "\n") + line_of(key) + "\n")


def remove_key(file: Path, name: str) -> None:
    """Takes a key out of the file; SecurityError when it is not there."""
    names = [key.name for key in read_keys(file)]
    if name not in names:
        raise SecurityError(f"{file} has no key {name!r}; {did_you_mean(name, names)}")
    kept = [line for line in _text(file).splitlines(keepends=True) if line.strip().partition(":")[0] != name]
    _replace(file, "".join(kept))


def warn_of_access(file: Path, what: str) -> None:
    """Logs a warning when others than the owner may read a file, or change it."""
    mode = file.stat().st_mode
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        log.warning("%s %s can be changed by others than its owner; run: chmod 600 %s", what, file, file)
    elif mode & stat.S_IROTH:
        log.warning("%s %s can be read by every user of this machine; run: chmod 600 %s", what, file, file)


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        raise SecurityError(f"there is no such role; {did_you_mean(name, list(Role))}") from None


def priorities_in(name: str, written: str) -> tuple[int, int]:
    """The range of priorities that is written for the key of that name."""
    found = PRIORITIES.fullmatch(written)
    if found is None or int(found[1]) > int(found[2]):
        raise SecurityError(f"the priorities of the key {name!r} are written FIRST..LAST, as in 0..10")
    return int(found[1]), int(found[2])


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(_text(file).splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line.strip()


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise SecurityError(f"{file} is larger than {MOST_BYTES} bytes; it is no file of API keys")
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SecurityError(f"{file} is not UTF-8 text; it is no file of API keys") from None
    except OSError as error:
        raise SecurityError(
            f"the API keys in {file} cannot be read: {error.strerror or error}; `ovpipe keys new` makes one"
        ) from error


def _replace(file: Path, text: str) -> None:
    """Writes the file at once, for its owner alone: a server that reads it meanwhile finds the old one."""
    new = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(
            os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as out:
            out.write(text)
        new.replace(file)
    except OSError as error:
        raise SecurityError(f"{file} cannot be written: {error.strerror or error}") from error
    finally:
        new.unlink(missing_ok=True)
