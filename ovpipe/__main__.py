"""`python -m ovpipe`: the command `ovpipe`."""

from ovpipe.cli.main import main

main()
