"""What a question is sent with."""

from __future__ import annotations

from ovpipe.cli.chatting.conversation import Conversation


def user(content: str) -> dict[str, str]:
    """A message of the user's."""
    return {"role": "user", "content": content}


def test_turns_are_remembered_until_they_are_cleared() -> None:
    conversation = Conversation({"model": "m"}, system="Be brief.")
    system = {"role": "system", "content": "Be brief."}
    conversation.keep("Hi", "Hello.")
    answered = [user("Hi"), {"role": "assistant", "content": "Hello."}]
    assert conversation.body("And?")["messages"] == [system, *answered, user("And?")]
    conversation.clear()
    assert conversation.body("And?")["messages"] == [system, user("And?")]


def test_a_question_is_part_of_the_next_body_only_once_it_was_answered() -> None:
    conversation = Conversation({})
    conversation.body("Hi")
    conversation.keep("What?", " \n")
    assert conversation.body("And?")["messages"] == [user("And?")]


def test_the_template_is_told_about_thinking_only_when_somebody_decided() -> None:
    conversation = Conversation({"model": "m", "temperature": 0})
    assert conversation.body("Hi") == {
        "model": "m",
        "temperature": 0,
        "stream": True,
        "messages": [user("Hi")],
    }
    for think in (True, False):
        conversation.think = think
        assert conversation.body("Hi")["chat_template_kwargs"] == {"enable_thinking": think}
