"""What a graph takes and gives: side packets, and inputs that may be left unwired where it is a subgraph."""

from __future__ import annotations

from tests.graph.subgraphs import Load, Mistakes, load_files, wired

load = load_files


def test_side_packets_go_in_and_out(load: Load) -> None:
    chat = """
        version: 1
        inputs: [question]
        side_inputs: [hint]
        nodes:
          models: {graph: models.yaml, side_outputs: {model: model}}
          first: {graph: mark.yaml, inputs: {text: question}, side_inputs: {model: model, hint: hint}}
          second: {graph: mark.yaml, inputs: {text: question}, side_inputs: {model: model}}
    """
    models = """
        version: 1
        side_outputs: [model]
        nodes:
          other: {calculator: Model, side_outputs: {model: unused}}
          model: {calculator: Model, side_outputs: {model: model}}
    """
    mark = """
        version: 1
        inputs: [text]
        side_inputs: [model, {name: hint, optional: true}]
        nodes:
          mark: {calculator: Mark, inputs: {text: text}, side_inputs: {model: model, hint: hint}}
    """
    plan = load(chat, models=models, mark=mark)

    assert plan.side_inputs == ("hint",)
    assert wired(plan) == {
        "models.other": {"model": "models.unused"},
        "models.model": {"model": "model"},
        "first.mark": {"text": "question", "model": "model", "hint": "hint"},
        "second.mark": {"text": "question", "model": "model"},
    }


def test_side_outputs_are_made_by_nodes(mistakes: Mistakes) -> None:
    models = """
        version: 1
        side_inputs: [given]
        side_outputs: [modle, given, model, model]
        inputs: [text]
        nodes:
          model: {calculator: Model, side_outputs: {model: model}}
          mark: {calculator: Mark, inputs: {text: text}, side_inputs: {model: given}}
    """
    assert mistakes(models) == [
        "chat.yaml:3: 'model' stands twice in side_outputs (first at chat.yaml:3); remove one",
        "chat.yaml:3: the graph's output 'modle' is a side packet that no node produces; did you mean 'model'?",
        "chat.yaml:3: output 'given' is a side input of the graph; an output is a side packet that a node "
        "produces",
    ]


def test_an_optional_input_that_is_not_wired_is_not_wired_inside(load: Load) -> None:
    talk = """
        version: 1
        inputs: [text, {name: extra, optional: true}, {name: more, optional: true}]
        nodes:
          pass: {calculator: Pass, inputs: {text: text, extra: extra}}
          join: {calculator: Join, inputs: {parts: [more, text, extra]}}
    """
    chat = """
        version: 1
        inputs: [question]
        nodes:
          bare: {graph: talk.yaml, inputs: {text: question}}
          full: {graph: talk.yaml, inputs: {text: question, extra: question}}
    """
    found = wired(load(chat, talk=talk))

    assert found["bare.pass"] == {"text": "question"}
    assert found["bare.join"] == {"parts[0]": "question"}
    assert found["full.pass"] == {"text": "question", "extra": "question"}
    assert found["full.join"] == {"parts[0]": "question", "parts[1]": "question"}
    assert load(talk).inputs == ("text", "extra", "more")


def test_an_optional_input_cannot_be_all_that_a_required_port_reads(mistakes: Mistakes) -> None:
    talk = """
        version: 1
        inputs: [{name: text, optional: true}]
        nodes:
          pass: {calculator: Pass, inputs: {text: text}}
    """
    assert mistakes(talk) == [
        "chat.yaml:4: Pass.text must be wired, but stream 'text' is an optional input of the graph; "
        "make it a required one, or let Pass.text be optional"
    ]


def test_an_optional_side_input_cannot_be_all_that_a_required_port_takes(mistakes: Mistakes) -> None:
    talk = """
        version: 1
        inputs: [text]
        side_inputs: [{name: model, optional: true}]
        nodes:
          mark: {calculator: Mark, inputs: {text: text}, side_inputs: {model: model, hint: model}}
    """
    assert mistakes(talk) == [
        "chat.yaml:5: Mark.model must be wired, but side packet 'model' is an optional side input of the "
        "graph; make it a required one, or let Mark.model be optional"
    ]


def test_an_optional_side_input_cannot_be_all_that_a_required_one_of_a_subgraph_takes(
    mistakes: Mistakes,
) -> None:
    talk = """
        version: 1
        inputs: [text]
        side_inputs: [{name: model, optional: true}]
        nodes:
          mark: {graph: mark.yaml, inputs: {text: text}, side_inputs: {model: model}}
    """
    mark = """
        version: 1
        inputs: [text]
        side_inputs: [model]
        nodes:
          mark: {calculator: Mark, inputs: {text: text}, side_inputs: {model: model}}
    """
    assert mistakes(talk, mark=mark) == [
        "chat.yaml:5: mark.model must be wired, but side packet 'model' is an optional side input of the "
        "graph; make it a required one, or let mark.model be optional"
    ]


def test_a_node_that_would_read_nothing_here_is_refused(mistakes: Mistakes) -> None:
    ear = """
        version: 1
        inputs: [{name: sound, optional: true}, {name: noise, optional: true}]
        nodes: {ear: {calculator: Ear, inputs: {sound: sound, noise: noise}}}
    """
    assert mistakes("version: 1\nnodes: {left: {graph: ear.yaml}}", ear=ear) == [
        "ear.yaml:3: node 'left.ear' reads only optional inputs of its graph, and none of them is wired; "
        "wire at least one of: sound, noise (in subgraph 'left', used at chat.yaml:2)"
    ]
