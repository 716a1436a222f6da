"""`ovpipe`: what a process of it begins with, and how it reports a user's mistake."""

from __future__ import annotations

import sys

from ovpipe.cli.hangup import survive_hangups
from ovpipe.errors import OvpipeError

INTERRUPTED = 130


def main() -> None:
    """The console script. A user's mistake gives one message on stderr, never a traceback."""
    if sys.argv[1:2] == ["serve"]:
        survive_hangups()  # before anything else, which takes a second to import
    try:
        from ovpipe.cli.application import application

        application()()
    except OvpipeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
