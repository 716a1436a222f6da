"""The program of the fork server: it imports ovpipe once, then forks a process for each command line.

python nursery.py FD, where FD is a Unix socket of messages. A message is a `Command` in JSON, with four files:
the process's stdin, stdout and stderr, and a pipe into which its id is written, and its exit code at the end,
a line each. The nursery ends when its socket closes; the processes go on.
"""

from __future__ import annotations

import array
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
from typing import Any

from ovpipe.cli.main import main
from ovpipe.registry import Registry

MODULES = (
    "ovpipe.cli.application",
    "ovpipe.cli.serve",
    "ovpipe.cli.chat",
    "ovpipe.cli.chatting.graph_transport",
    "ovpipe.cli.chatting.url_transport",
    "ovpipe.cli.check",
    "ovpipe.cli.models",
    "ovpipe.cli.schema",
    "typer.rich_utils",
)
"""What the commands import when they are called."""
FILES = 4
MOST_FILES = 1024
MOST_BYTES = 1 << 20


def serve(messages: socket.socket) -> bool:
    """Forks until the socket closes. Returns True in a new process, which has become what its command says."""
    wakeup, wakes = os.pipe()
    os.set_blocking(wakes, False)
    os.set_blocking(wakeup, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    # Ctrl-C in the terminal of the tests is for pytest, and for the commands.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reports: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([messages.fileno(), wakeup], [], [])
        if wakeup in ready:
            os.read(wakeup, 4096)
            report_ends(reports)
        if messages.fileno() in ready:
            received = receive(messages)
            if received is None:
                return False
            command, files = received
            pid = os.fork()
            if not pid:
                messages.close()
                become(command, files)
                return True
            reports[pid] = files.pop()
            os.write(reports[pid], b"%d\n" % pid)
            for file in files:
                os.close(file)


def receive(messages: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """A command and its files."""
    files = array.array("i")
    message, ancillary, _, _ = messages.recvmsg(MOST_BYTES, socket.CMSG_SPACE(FILES * files.itemsize))
    if not message:
        return None
    for _, _, content in ancillary:
        files.frombytes(content[: len(content) - len(content) % files.itemsize])
    return json.loads(message), list(files)


def report_ends(reports: dict[int, int]) -> None:
    """Writes the exit code of each process that has ended, as subprocess has it."""
    while reports:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        report = reports.pop(pid)
        try:
            os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
        except BrokenPipeError:  # nobody waits for this one
            pass
        finally:
            os.close(report)


def become(command: dict[str, Any], files: list[int]) -> None:
    """Makes this process what it would be if `python -m ovpipe.cli.main` had just been started."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in range(3):
        os.dup2(files[number], number)
    os.closerange(3, MOST_FILES)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # what they are now, files or pipes
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(command["cwd"])
    if command["descriptors"] is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (command["descriptors"],) * 2)
    os.environ.clear()
    os.environ.update(command["env"])
    sys.argv = ["ovpipe", *command["arguments"]]
    sys.path.insert(0, command["cwd"])


if __name__ == "__main__":
    for module in MODULES:
        importlib.import_module(module)
    Registry.installed()  # imports the calculators
    gc.collect()
    gc.freeze()  # or each process would copy what its collector looks at
    if serve(socket.socket(fileno=int(sys.argv[1]))):
        main()
