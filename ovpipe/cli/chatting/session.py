"""Session: questions and answers, turn by turn, until the user leaves."""

from __future__ import annotations

from ovpipe.cli.chatting.answer import Said
from ovpipe.cli.chatting.asking import ask
from ovpipe.cli.chatting.background import BackgroundLoop
from ovpipe.cli.chatting.commands import Commands, Leave
from ovpipe.cli.chatting.conversation import Conversation
from ovpipe.cli.chatting.interrupts import Interrupts
from ovpipe.cli.chatting.questions import Questions, UserInput
from ovpipe.cli.chatting.screen import Screen
from ovpipe.cli.chatting.transport import Transport
from ovpipe.errors import OvpipeError

HINT = "Use Ctrl + d or /bye to exit."


class Session:
    """One conversation. With `at_terminal`, Ctrl-C ends a line or an answer and not the session."""

    def __init__(
        self,
        transport: Transport,
        loop: BackgroundLoop,
        interrupts: Interrupts,
        conversation: Conversation,
        questions: Questions,
        screen: Screen,
        *,
        at_terminal: bool,
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._interrupts = interrupts
        self._conversation = conversation
        self._questions = questions
        self._screen = screen
        self._commands = Commands(conversation, screen.say)
        self._at_terminal = at_terminal

    def talk(self) -> bool:
        """Talks until the user leaves or the input ends; whether every turn went well."""
        good = True
        while True:
            try:
                entry = self._questions.next()
                if entry is None:
                    if self._at_terminal:
                        self._screen.leave_line()
                    return good
                self._turn(entry)
            except Leave:
                return good
            except KeyboardInterrupt:
                if not self._at_terminal:
                    raise
                self._screen.leave_line()
                self._screen.say(HINT)
            except OvpipeError as error:
                self._screen.fail(str(error))
                good = False

    def _turn(self, entry: UserInput) -> None:
        if entry.is_command:
            self._commands.obey(entry.text)
            return
        said = []
        with (
            self._loop.job(ask(self._transport, self._conversation.body(entry.text))) as job,
            self._interrupts.stopping(job.cancel),
        ):
            for part in job:
                self._screen.show(part)
                if isinstance(part, Said):
                    said.append(part.text)
        if job.cancelled and not self._at_terminal:
            raise KeyboardInterrupt
        if job.cancelled:
            self._screen.leave_line()
        self._screen.end_answer()
        self._conversation.keep(entry.text, "".join(said))
