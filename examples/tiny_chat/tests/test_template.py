"""The chat template: Hermes calls, thoughts when asked to, prompts that fit."""

from examples.tiny_chat.dialogues.mix import held_out_dialogues
from examples.tiny_chat.training.rendering import Renderer
from ovpipe.calculators.llm.packets import Message, Tool
from ovpipe.calculators.llm.templates.template import ChatTemplate

TEMPLATE = ChatTemplate(Renderer().source)
HI = [Message(role="user", content="Hi")]


def test_the_formats_of_calls_and_thoughts_are_found() -> None:
    assert TEMPLATE.formats == ("hermes", "think")


def test_it_thinks_when_it_is_asked_to() -> None:
    plain = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    assert TEMPLATE.render(HI) == plain
    assert TEMPLATE.render(HI, variables={"enable_thinking": False}) == plain
    assert TEMPLATE.render(HI, variables={"enable_thinking": True}) == plain + "<think>\n"


def test_a_tool_is_its_name_what_it_does_and_its_parameters() -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "A town."},
            "days": {"type": ["integer", "null"]},
        },
        "required": ["city"],
    }
    tools = [Tool(name="get_weather", description="Get the weather.", parameters=schema), Tool(name="stop")]
    assert TEMPLATE.render([Message(role="system", content="Be kind."), *HI], tools=tools) == (
        "<|im_start|>system\nBe kind.\n\n<tools>\n"
        '"get_weather": Get the weather.\n- "city": string\n- "days": string?\n'
        '"stop": \n</tools><|im_end|>\n'
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
    )


def test_calls_and_their_results_are_qwens() -> None:
    renderer = Renderer()
    dialogue = next(one for one in held_out_dialogues("tool result", 50) if len(one.messages) == 4)
    text = renderer.text(dialogue)
    assert '<|im_start|>assistant\n<tool_call>\n{"name": "' in text
    assert "}}\n</tool_call><|im_end|>\n<|im_start|>user\n<tool_response>\n" in text
