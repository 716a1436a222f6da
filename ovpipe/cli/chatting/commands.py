"""Commands: lines that begin with a slash, for the conversation and not for the model."""

from __future__ import annotations

from collections.abc import Callable

from ovpipe.cli.chatting.conversation import Conversation
from ovpipe.cli.chatting.transport import ChatError
from ovpipe.errors import did_you_mean

HELP = '''\
/clear            forget the conversation
/system [TEXT]    set the system prompt, or remove it
/think on|off     let the model think before it answers, or not
/help             this list
/bye, /exit       leave, as Ctrl-D does
"""               begins and ends a message of several lines
Ctrl-C            stops an answer'''
SWITCH = {"on": True, "off": False}


class Leave(Exception):
    """The user wants to leave."""


class Commands:
    """The commands of one conversation; `say` shows a line."""

    def __init__(self, conversation: Conversation, say: Callable[[str], None]) -> None:
        self._conversation = conversation
        self._say = say
        self._known: dict[str, Callable[[str], None]] = {
            "/clear": self._clear,
            "/system": self._system,
            "/think": self._think,
            "/help": self._help,
            "/bye": self._leave,
            "/exit": self._leave,
        }

    def obey(self, line: str) -> None:
        """Does what the line says. Raises ChatError when it is no command, Leave when the user leaves."""
        name, _, argument = line.partition(" ")
        command = self._known.get(name)
        if command is None:
            near = did_you_mean(name, self._known)
            raise ChatError(
                f'there is no command {name!r}; {near} (a message that begins so goes between """)'
            )
        command(argument.strip())

    def _clear(self, _: str) -> None:
        self._conversation.clear()
        self._say("a new conversation begins")

    def _system(self, text: str) -> None:
        self._conversation.system = text or None
        self._say("the system prompt is set" if text else "there is no system prompt now")

    def _think(self, text: str) -> None:
        if text not in SWITCH:
            raise ChatError("write /think on, or /think off")
        self._conversation.think = SWITCH[text]
        self._say(f"thinking is {text}")

    def _help(self, _: str) -> None:
        for line in HELP.splitlines():
            self._say(line)

    def _leave(self, _: str) -> None:
        raise Leave
