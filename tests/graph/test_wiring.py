from __future__ import annotations

from collections.abc import Callable

from ovpipe.calculator import Calculator
from ovpipe.graph import Plan
from ovpipe.ports import Input, Output, SideInput, SideOutput

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Parse(Calculator):
    text = Input[str]()
    request = Output[dict[str, int]]()


class Template(Calculator):
    request = Input[dict[str, int]]()
    prompt = Output[str]()


class Model(Calculator):
    model = SideOutput[int]()


class Generate(Calculator):
    prompt = Input[str]()
    model = SideInput[int]()
    text = Output[str]()


class Count(Calculator):
    numbers = Input[list[int]]()


class Speak(Calculator):
    text = Input[str]()
    voice = SideInput[str]()


CALCULATORS = (Parse, Template, Model, Generate, Count, Speak)


def test_a_stream_that_nobody_produces_is_refused(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          parse:
            calculator: Parse
            inputs: {text: text}
            outputs: {request: chat_request}
          template:
            calculator: Template
            inputs:
              request: chat
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:11: Template.request reads stream 'chat', which no node produces; "
        "did you mean 'chat_request'?"
    ]


def test_a_stream_far_from_any_other_lists_those_there_are(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          parse: {calculator: Parse, inputs: {text: text}, outputs: {request: parsed}}
          template: {calculator: Template, inputs: {request: zz}, outputs: {prompt: prompt}}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:5: Template.request reads stream 'zz', which no node produces; there are: parsed, text"
    ]


def test_a_nodes_own_stream_is_never_the_one_it_meant(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          parse: {calculator: Parse, inputs: {text: text}}
          template: {calculator: Template, inputs: {request: prompt1}, outputs: {prompt: prompt}}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:5: Template.request reads stream 'prompt1', which no node produces; there are: text"
    ]


def test_a_stream_that_is_a_side_packet_is_told_so(mistakes: Mistakes) -> None:
    text = """
        version: 1
        side_inputs: [voice]
        inputs: [text]
        nodes:
          speak: {calculator: Speak, inputs: {text: voice}, side_inputs: {voice: text}}
          parse: {calculator: Parse, inputs: {text: text}}
          again: {calculator: Speak, inputs: {text: text}, side_inputs: {voice: voice}}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:5: Speak.text reads stream 'voice', which no node produces; "
        "there is a side packet of that name",
        "chat.yaml:5: Speak.voice takes side packet 'text', which no node produces and side_inputs does "
        "not name; there is a stream of that name",
    ]


def test_a_stream_that_is_a_side_packet_of_a_node_is_told_so(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          model: {calculator: Model, side_outputs: {model: model}}
          speak: {calculator: Parse, inputs: {text: model}}
          parse: {calculator: Parse, inputs: {text: text}}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:5: Parse.text reads stream 'model', which no node produces; "
        "there is a side packet of that name"
    ]


def test_a_stream_has_one_producer(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          first:
            calculator: Parse
            inputs: {text: text}
            outputs: {request: parsed}
          second:
            calculator: Parse
            inputs: {text: text}
            outputs: {request: parsed}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:11: Parse.request writes stream 'parsed', which Parse.request writes too (chat.yaml:7); "
        "rename one of them"
    ]


def test_an_input_of_the_graph_has_no_other_producer(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          parse: {calculator: Parse, inputs: {text: text}, outputs: {request: text}}
    """
    assert mistakes(text, *CALCULATORS)[0] == (
        "chat.yaml:4: Parse.request writes stream 'text', which is an input of the graph (chat.yaml:2); "
        "rename one of them"
    )


def test_an_input_that_nobody_reads_is_refused(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs:
          - text
          - audio
        nodes:
          parse: {calculator: Parse, inputs: {text: text}}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:4: stream 'audio' is an input of the graph, but no node reads it; "
        "wire it, or take it out of inputs"
    ]


def test_an_input_that_was_misspelt_where_it_is_read_is_told_once(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          parse: {calculator: Parse, inputs: {text: txt}}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:4: Parse.text reads stream 'txt', which no node produces; did you mean 'text'?"
    ]


def test_names_stand_once_in_a_list(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text, text]
        outputs:
          - parsed
          - parsed
        nodes:
          parse: {calculator: Parse, inputs: {text: text}, outputs: {request: parsed}}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:2: 'text' stands twice in inputs (first at chat.yaml:2); remove one",
        "chat.yaml:5: 'parsed' stands twice in outputs (first at chat.yaml:4); remove one",
    ]


def test_outputs_are_streams_of_nodes(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        outputs: [text, pased]
        nodes:
          parse: {calculator: Parse, inputs: {text: text}, outputs: {request: parsed}}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:3: output 'text' is an input of the graph; an output is a stream that a node produces",
        "chat.yaml:3: the graph's output 'pased' is a stream that no node produces; did you mean 'parsed'?",
    ]


def test_types_must_fit(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          parse:
            calculator: Parse
            inputs: {text: text}
            outputs: {request: parsed}
          count:
            calculator: Count
            inputs: {numbers: parsed}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:10: Count.numbers takes list[int], but stream 'parsed' carries dict[str, int], "
        "from Parse.request (chat.yaml:7)"
    ]


def test_types_of_side_packets_must_fit(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [text]
        nodes:
          model: {calculator: Model, side_outputs: {model: model}}
          speak: {calculator: Speak, inputs: {text: text}, side_inputs: {voice: model}}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:5: Speak.voice takes str, but side packet 'model' carries int, "
        "from Model.model (chat.yaml:4)"
    ]


def test_side_packets_are_made_by_nodes_or_given(load: Load, mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [prompt]
        side_inputs: [given]
        nodes:
          model: {calculator: Model, side_outputs: {model: made}}
          first: {calculator: Generate, inputs: {prompt: prompt}, side_inputs: {model: made}}
          second: {calculator: Generate, inputs: {prompt: prompt}, side_inputs: {model: given}}
    """
    plan = load(text, *CALCULATORS)
    assert plan.side_inputs == ("given",)
    assert plan.nodes[0].side_inputs == ((Generate.model, "made"),)
    assert plan.resources[0].side_outputs == ((Model.model, "made"),)

    assert mistakes(text.replace("model: given}", "model: mad}"), *CALCULATORS) == [
        "chat.yaml:3: side packet 'given' is a side input of the graph, but no node takes it; "
        "wire it, or take it out of side_inputs",
        "chat.yaml:7: Generate.model takes side packet 'mad', which no node produces and side_inputs does "
        "not name; did you mean 'made'?",
    ]


def test_a_side_packet_has_one_producer(mistakes: Mistakes) -> None:
    text = """
        version: 1
        inputs: [prompt]
        side_inputs: [model]
        nodes:
          a: {calculator: Model, side_outputs: {model: m}}
          b: {calculator: Model, side_outputs: {model: m}}
          c: {calculator: Model, side_outputs: {model: model}}
          d: {calculator: Generate, inputs: {prompt: prompt}, side_inputs: {model: model}}
    """
    assert mistakes(text, *CALCULATORS) == [
        "chat.yaml:6: Model.model makes side packet 'm', which Model.model makes too (chat.yaml:5); "
        "rename one of them",
        "chat.yaml:7: Model.model makes side packet 'model', which is a side input of the graph "
        "(chat.yaml:3); rename one of them",
    ]


def test_a_stream_and_a_side_packet_may_share_a_name(load: Load) -> None:
    text = """
        version: 1
        inputs: [model]
        nodes:
          model: {calculator: Model, side_outputs: {model: model}}
          generate: {calculator: Generate, inputs: {prompt: model}, side_inputs: {model: model}}
    """
    assert load(text, *CALCULATORS).inputs == ("model",)
