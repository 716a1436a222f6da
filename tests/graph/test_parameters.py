from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ovpipe.calculator import Calculator
from ovpipe.errors import GraphError
from ovpipe.graph import AssignedText, AssignmentError, Plan, parse_assignments
from ovpipe.graph.assignments import AssignedKeys, given_over
from ovpipe.graph.parameters import Given, GraphEntry, Parameter, check_given
from ovpipe.graph.place import Findings, Place
from ovpipe.ports import Input

Load = Callable[..., Plan]
Mistakes = Callable[..., list[str]]


class Keep(Calculator):
    text = Input[str]()

    def __init__(self, *, value: Any = None) -> None:
        self.value = value


def graph(declaration: str) -> str:
    return f"""
        version: 1
        parameters:
          x: {declaration}
        inputs: [text]
        nodes:
          keep: {{calculator: Keep, inputs: {{text: text}}, options: {{value: "${{x}}"}}}}
    """


@pytest.fixture
def value(load: Load) -> Callable[..., Any]:
    """The value that parameter x, declared like this, takes."""

    def value(declaration: str, *, base: Path | None = None, **given: Any) -> Any:
        plan = load(graph(declaration), Keep, parameters=given, base=base)
        return plan.nodes[0].options["value"]

    return value


def test_an_assignment_keeps_its_text() -> None:
    assert parse_assignments(["a=1", "b=", "c=x=y", " d = e "]) == {
        "a": AssignedText("1"),
        "b": AssignedText(""),
        "c": AssignedText("x=y"),
        "d": AssignedText(" e "),
    }


def test_the_last_assignment_of_a_name_holds() -> None:
    assert parse_assignments(["a=1", "a=2"]) == {"a": AssignedText("2")}


def test_dotted_keys_reach_into_the_default(value: Callable[..., Any]) -> None:
    declaration = "{type: object, default: {a: 1, b: {c: 2, d: 3}}}"
    given = parse_assignments(["x.a=[5]", "x.b.c=u8", "x.e.f=true"])
    assert value(declaration, **given) == {"a": [5], "b": {"c": "u8", "d": 3}, "e": {"f": True}}


def test_dotted_keys_go_over_a_whole_value_that_comes_before_them(value: Callable[..., Any]) -> None:
    declaration = "{type: object, default: {a: 1}}"
    assert value(declaration, **parse_assignments(["x.c=3", "x={b: 2}", "x.d=4"])) == {"b": 2, "d": 4}
    assert value("{type: object, default: null}", **parse_assignments(["x.c=3"])) == {"c": 3}
    assert value("{type: object}", **parse_assignments(["x.c=3"])) == {"c": 3}


def test_dotted_keys_go_over_the_values_that_a_program_gives() -> None:
    assigned = parse_assignments(["x.c=3", "y=1"])
    assert given_over({"x": {"a": 1}, "z": 2}, assigned) == {
        "x": AssignedKeys({("c",): AssignedText("3")}, {"a": 1}),
        "y": AssignedText("1"),
        "z": 2,
    }


@pytest.mark.parametrize(
    ("declaration", "assignment", "said"),
    [
        ("{type: path}", "x.a.b=1", "parameter 'x' takes a path, which has no keys; x.a.b is none"),
        (
            "{type: object, default: {a: 1}}",
            "x.a.b=1",
            "parameter 'x' has 1 at x.a, which has no keys; x.a.b is none",
        ),
        ("{type: object}", "x.a={b", "parameter 'x' has no YAML at x.a: "),
    ],
)
def test_keys_of_what_has_none_are_refused(
    mistakes: Mistakes, declaration: str, assignment: str, said: str
) -> None:
    (mistake,) = mistakes(graph(declaration), Keep, parameters=parse_assignments([assignment]))
    assert said in mistake


def test_a_name_that_may_be_a_key_of_a_parameter_is_told_its_place(mistakes: Mistakes) -> None:
    found = mistakes(graph("{type: object, default: {}}"), Keep, parameters={"cache_size": 2})
    assert "(a key of 'x' is set by --set x.cache_size=...)" in "".join(found)


def test_a_file_that_gives_it_is_told_what_to_write_there() -> None:
    place, findings = Place("server.yaml", 4), Findings()
    entry = GraphEntry("graph chat", "model 'a'", place, {"cache_size": place})
    declared = {"engine": Parameter("engine", "object", {}, "", Place("chat.yaml", 3))}
    check_given(declared, Given({"cache_size": 2}, Path(), entry), Place("chat.yaml", 1), findings)
    with pytest.raises(GraphError, match=r"server.yaml:4: .* is set by `engine: {cache_size: ...}`\)"):
        findings.check()


@pytest.mark.parametrize("text", ["models_path", "", "=x", " =x", ".a=x", "a.=x", "a..b=x"])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(AssignmentError) as caught:
        parse_assignments([text])
    assert str(caught.value) == f"{text!r} is no assignment; write name=value or name.key=value"


@pytest.mark.parametrize(
    ("type", "given"),
    [
        ("string", "1"),
        ("string", ""),
        ("integer", 3),
        ("number", 3),
        ("number", 0.5),
        ("boolean", True),
        ("object", {"a": [1]}),
        ("array", [1, "b"]),
    ],
)
def test_a_typed_value_is_taken_as_it_is(value: Callable[..., Any], type: str, given: object) -> None:
    assert value(f"{{type: {type}}}", x=given) == given


def test_a_tuple_is_an_array(value: Callable[..., Any]) -> None:
    assert value("{type: array}", x=(1, 2)) == [1, 2]


@pytest.mark.parametrize(
    ("type", "text", "expected"),
    [
        ("string", "true", "true"),
        ("string", "{a: 1}", "{a: 1}"),
        ("string", "", ""),
        ("integer", "12", 12),
        ("number", "1e-3", 0.001),
        ("boolean", "false", False),
        ("object", "{a: [1, x]}", {"a": [1, "x"]}),
        ("array", "[1, x]", [1, "x"]),
    ],
)
def test_text_of_the_command_line_is_read_by_the_type(
    value: Callable[..., Any], type: str, text: str, expected: object
) -> None:
    assert value(f"{{type: {type}}}", x=AssignedText(text)) == expected


@pytest.mark.parametrize(
    ("type", "given", "message"),
    [
        ("string", 3, "takes a string, not 3"),
        ("string", None, "takes a string, not null"),
        ("integer", "3", "takes an integer, not '3'"),
        ("integer", 3.5, "takes an integer, not 3.5"),
        ("integer", True, "takes an integer, not true"),
        ("integer", AssignedText("3.5"), "takes an integer, not 3.5"),
        ("integer", AssignedText("many"), "takes an integer, not 'many'"),
        ("integer", AssignedText(""), "takes an integer, not null"),
        ("number", True, "takes a number, not true"),
        ("boolean", 1, "takes a boolean, not 1"),
        ("boolean", AssignedText("yes"), "takes a boolean, not 'yes'"),
        ("path", 3, "takes a path, not 3"),
        ("path", "", "takes a path, not an empty text"),
        (
            "path",
            "~nobody_at_all/x",
            "begins with the home folder of an unknown user: '~nobody_at_all/x'",
        ),
        ("object", [1], "takes an object, not [1]"),
        ("array", {"a": 1}, 'takes an array, not {"a": 1}'),
        ("array", AssignedText("a b"), "takes an array, not 'a b'"),
        (
            "object",
            AssignedText("{a: 1"),
            "takes an object, not '{a: 1': expected ',' or '}', but got '<stream end>'",
        ),
        ("object", object(), "takes an object, not a value of object"),
    ],
)
def test_a_value_of_another_type_is_refused_at_the_declaration(
    mistakes: Mistakes, type: str, given: object, message: str
) -> None:
    (finding,) = mistakes(graph(f"{{type: {type}}}"), Keep, parameters={"x": given})

    assert finding.startswith(f"chat.yaml:3: parameter 'x' {message}")


def test_a_default_of_another_type_is_refused(mistakes: Mistakes) -> None:
    assert mistakes(graph("{type: integer, default: few}"), Keep) == [
        "chat.yaml:3: the default of parameter 'x' takes an integer, not 'few'"
    ]


def test_a_default_is_taken_when_no_value_is_given(value: Callable[..., Any]) -> None:
    assert value("{type: string, default: CPU}") == "CPU"
    assert value("{type: string, default: CPU}", x="GPU") == "GPU"


def test_a_default_of_null_lets_the_value_be_null(value: Callable[..., Any], mistakes: Mistakes) -> None:
    assert value("{type: number, default: null}") is None
    assert value("{type: number, default: 3}", x=4) == 4
    assert value("{type: number, default: null}", x=None) is None
    assert value("{type: number, default: null}", x=AssignedText("null")) is None
    assert value("{type: string, default: null}", x=AssignedText("null")) == "null"
    assert mistakes(graph("{type: number, default: 3}"), Keep, parameters={"x": None}) == [
        "chat.yaml:3: parameter 'x' takes a number, not null"
    ]
    assert mistakes(graph("{type: number, default: null}"), Keep, parameters={"x": "a"}) == [
        "chat.yaml:3: parameter 'x' takes a number or null, not 'a'"
    ]


def test_a_parameter_without_default_is_required(mistakes: Mistakes) -> None:
    assert mistakes(graph("{type: path, description: Folder of a model}"), Keep) == [
        "chat.yaml:3: parameter 'x' needs a value (Folder of a model); set it, as in --set x=..., "
        "or add a default"
    ]


def test_a_value_for_no_parameter_is_refused(mistakes: Mistakes) -> None:
    text = graph("{type: string, default: a}").replace("x:", "models_path:").replace("${x}", "${models_path}")

    assert mistakes(text, Keep, parameters={"model_path": "a"}) == [
        "chat.yaml:2: a value is given for parameter 'model_path'; the graph has no such parameter; "
        "did you mean 'models_path'?"
    ]
    assert mistakes(
        """
        version: 1
        inputs: [text]
        nodes: {keep: {calculator: Keep, inputs: {text: text}}}
        """,
        Keep,
        parameters={"x": 1},
    ) == ["chat.yaml:1: a value is given for parameter 'x'; the graph has no parameters"]


def test_several_mistakes_are_told_at_once(mistakes: Mistakes) -> None:
    text = """
        version: 1
        parameters:
          a: {type: string}
          b: {type: integer}
          c: {type: integer, default: 1}
        inputs: [text]
        nodes:
          keep:
            calculator: Keep
            inputs: {text: text}
            options: {value: ["${a}", "${b}", "${c}", "${d}"]}
    """
    assert mistakes(text, Keep, parameters={"b": "x", "e": 1}) == [
        "chat.yaml:2: a value is given for parameter 'e'; the graph has no such parameter; "
        "there are: a, b, c",
        "chat.yaml:3: parameter 'a' needs a value; set it, as in --set a=..., or add a default",
        "chat.yaml:4: parameter 'b' takes an integer, not 'x'",
        "chat.yaml:11: unknown parameter 'd'; there are: a, b, c",
    ]


def test_a_given_path_is_relative_to_the_base(value: Callable[..., Any], tmp_path: Path) -> None:
    for given in ("m/n", "./m/n", Path("m/n"), AssignedText("m/n")):
        assert value("{type: path}", base=tmp_path, x=given) == str(tmp_path / "m" / "n")


def test_a_path_is_relative_to_the_working_folder_without_a_base(
    value: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert value("{type: path}", x="m") == str(tmp_path / "m")
    assert value("{type: path}", base=Path("b"), x="m") == str(tmp_path / "b" / "m")


def test_an_absolute_path_stays_as_it_is(value: Callable[..., Any], tmp_path: Path) -> None:
    assert value("{type: path}", base=tmp_path, x="/models/a") == "/models/a"


def test_a_tilde_is_the_home_folder(
    value: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert value("{type: path}", x="~/m") == str(tmp_path / "m")
    assert value("{type: path, default: ~/m}") == str(tmp_path / "m")


def test_text_is_no_path_unless_declared_so(value: Callable[..., Any]) -> None:
    assert value("{type: string}", x="~/m") == "~/m"
