from __future__ import annotations

from collections.abc import Callable

import pytest

from ovpipe.calculator import Calculator
from ovpipe.graph import NodePlan, Plan, StreamPlan
from ovpipe.ports import Input, Output, SideInput, SideOutput

Load = Callable[..., Plan]


class Model(Calculator):
    hint = SideInput[str](optional=True)
    given = SideInput[str](optional=True)
    model = SideOutput[str]()

    def __init__(self, *, path: str) -> None:
        self.path = path


class Ask(Calculator):
    question = Input[str]()
    context = Input[str](optional=True)
    model = SideInput[str]()
    answer = Output[str]()
    score = Output[float]()


TEXT = """
    version: 1
    name: talk
    inputs: [question, context]
    outputs: [better]
    side_inputs: [key, {name: hint, optional: true}]
    max_queue_size: 5
    report_deadlock: true
    nodes:
      improve:
        calculator: Ask
        inputs: {context: context, question: answer}
        outputs: {score: score, answer: better}
        side_inputs: {model: model}
      ask:
        calculator: Ask
        inputs: {question: question}
        outputs: {answer: answer}
        side_inputs: {model: model}
      model:
        calculator: Model
        side_inputs: {given: key, hint: hint}
        side_outputs: {model: model}
        options: {path: here}
"""


def test_names_become_indices_with_the_inputs_of_the_graph_first(load: Load) -> None:
    assert load(TEXT, Model, Ask) == Plan(
        name="talk",
        file="chat.yaml",
        streams=(
            StreamPlan("question", None, "chat.yaml:3"),
            StreamPlan("context", None, "chat.yaml:3"),
            StreamPlan("answer", "ask", "chat.yaml:17"),
            StreamPlan("score", "improve", "chat.yaml:12"),
            StreamPlan("better", "improve", "chat.yaml:12"),
        ),
        inputs=("question", "context"),
        outputs=("better",),
        side_inputs=("key",),
        resources=(
            NodePlan(
                name="model",
                calculator=Model,
                options={"path": "here"},
                inputs=(),
                outputs=(),
                side_inputs=((Model.hint, "hint"), (Model.given, "key")),
                side_outputs=((Model.model, "model"),),
                place="chat.yaml:19",
            ),
        ),
        nodes=(
            NodePlan(
                name="ask",
                calculator=Ask,
                options={},
                inputs=((Ask.question, 0),),
                outputs=((Ask.answer, 2),),
                side_inputs=((Ask.model, "model"),),
                side_outputs=(),
                place="chat.yaml:14",
            ),
            NodePlan(
                name="improve",
                calculator=Ask,
                options={},
                inputs=((Ask.question, 2), (Ask.context, 1)),
                outputs=((Ask.answer, 4), (Ask.score, 3)),
                side_inputs=((Ask.model, "model"),),
                side_outputs=(),
                place="chat.yaml:9",
            ),
        ),
        max_queue_size=5,
        optional_side_inputs=("hint",),
        report_deadlock=True,
    )


def test_options_of_a_plan_cannot_be_changed(load: Load) -> None:
    (model,) = load(TEXT, Model, Ask).resources

    with pytest.raises(TypeError):
        model.options["path"] = "there"  # type: ignore[index]  # that it is none is what is tried
