from __future__ import annotations

import math

import pytest

from ovpipe.errors import GraphError
from ovpipe.graph.place import Place
from ovpipe.graph.source import MAX_DEPTH, MAX_VALUES, read_source


def refused(text: str) -> list[str]:
    with pytest.raises(GraphError) as caught:
        read_source(text, "chat.yaml")
    return [str(finding) for finding in caught.value.findings]


def test_every_value_knows_its_line() -> None:
    source = read_source("a: 1\nb:\n  - x\n  - c: {d: 2}\n", "chat.yaml")

    assert source.value == {"a": 1, "b": ["x", {"c": {"d": 2}}]}
    assert source.place() == Place("chat.yaml", 1)
    assert source.place("b") == Place("chat.yaml", 2)
    assert source.place("b", 0) == Place("chat.yaml", 3)
    assert source.place("b", 1, "c", "d") == Place("chat.yaml", 4)


def test_an_entry_stands_where_its_key_stands() -> None:
    assert read_source("a:\n\n  1\n", "f").place("a").line == 1


def test_what_is_not_there_stands_where_it_would_belong() -> None:
    source = read_source("x: 0\na:\n  b: 1\n", "f")

    assert source.place("a", "missing", "more").line == 2
    assert source.place("missing").line == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-08-01", "2026-08-01"),
        ("1_000", "1_000"),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("", None),
        ("0o17", 15),
        ("017", 17),
        ("0xff", 255),
        ("-3", -3),
        ("1e-3", 0.001),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.inf", -math.inf),
        ('"1"', "1"),
        ("'true'", "true"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
    ],
)
def test_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    read = read_source(f"a: {text}", "f").value["a"]

    assert (read, type(read)) == (value, type(value))


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(read_source(".nan", "f").value)


def test_an_alias_repeats_its_value() -> None:
    assert read_source("a: &x {b: 1}\nc: *x\n", "f").value == {"a": {"b": 1}, "c": {"b": 1}}


def test_an_empty_text_is_no_value() -> None:
    assert read_source("# nothing\n", "f").value is None


def test_duplicate_keys_are_refused_with_both_lines() -> None:
    assert refused("nodes:\n  a: 1\n  b: 2\n  a: 3\n") == [
        "chat.yaml:4: the key 'a' stands here and in line 2; remove one"
    ]


def test_all_that_cannot_be_read_is_told_at_once() -> None:
    assert refused("a: 1\na: 2\n3: x\n") == [
        "chat.yaml:2: the key 'a' stands here and in line 1; remove one",
        "chat.yaml:3: keys must be text, and '3' is of type int; put it in quotes",
    ]


def test_a_key_that_is_no_scalar_is_refused() -> None:
    assert refused("? [a, b]\n: 1\n") == [
        "chat.yaml:1: keys must be text, and this is of type seq; put it in quotes"
    ]


def test_merge_keys_are_refused() -> None:
    assert refused("a: &x {b: 1}\nc: {<<: *x}\n") == [
        "chat.yaml:2: merge keys (<<) are not supported; repeat the entries, or use parameters"
    ]


def test_a_second_document_is_refused_where_it_begins() -> None:
    assert refused("a: 1\n---\nb: 2\n") == [
        "chat.yaml:2: a second document begins here; a graph file holds one, so remove '---'"
    ]


def test_a_tab_is_refused() -> None:
    assert refused("a:\n\t- b\n") == ["chat.yaml:2: a tab stands here; YAML indents with spaces"]


def test_a_colon_in_plain_text_is_explained() -> None:
    assert refused("a: 1\nb: c: d\n") == [
        "chat.yaml:2: a ':' is not expected here; check the indentation, and put text that contains "
        "': ' in quotes"
    ]


def test_another_syntax_error_says_where_it_began() -> None:
    assert refused("a: 1\nb: [c\n") == [
        "chat.yaml:3: expected ',' or ']', but got '<stream end>' (while parsing a flow sequence, in line 2)"
    ]


def test_a_reference_without_quotes_in_a_flow_mapping_is_explained() -> None:
    assert refused("a: 1\nb: {c: ${d}}\n") == [
        "chat.yaml:2: expected ',' or '}', but got '{' (while parsing a flow mapping, in line 2); "
        "inside [...] and {...}, put ${name} in quotes"
    ]


@pytest.mark.parametrize("tag", ["!mine", "!!python/object:os.system", "!!timestamp", "!!set"])
def test_tags_that_are_no_plain_values_are_refused(tag: str) -> None:
    (finding,) = refused(f"a: 1\nb: {tag} x\n")

    assert finding.startswith("chat.yaml:2: the tag '")
    assert finding.endswith("' is not supported; write plain text, numbers, lists, mappings")


@pytest.mark.parametrize("value", ["!!set {x}", "!!omap [x: 1]", "!!map [x]", "!!seq {x: 1}"])
def test_collections_have_no_other_tags_than_their_own(value: str) -> None:
    (finding,) = refused(f"a: {value}\n")

    assert finding.endswith("is not supported; write plain text, numbers, lists, mappings")


def test_a_value_that_is_not_what_its_tag_says_is_refused() -> None:
    assert refused("a: !!int x\n") == ["chat.yaml:1: this is not of the type int that its tag says"]


def test_a_character_that_yaml_does_not_know_is_refused() -> None:
    assert refused("a: 1\nb: \0\n") == ["chat.yaml:2: the character U+0000 is not allowed in YAML"]


def test_a_number_without_end_is_refused() -> None:
    assert refused("a: " + "9" * 5000) == ["chat.yaml:1: the number has too many digits"]


def test_an_unknown_alias_is_refused() -> None:
    assert refused("a: 1\nb: *x\n") == ["chat.yaml:2: found undefined alias 'x'"]


def test_an_alias_inside_itself_is_refused() -> None:
    assert refused("a:\n  &x [*x]\n") == ["chat.yaml:2: an alias (*name) stands inside what it repeats"]


def test_values_that_are_nested_too_deeply_are_refused() -> None:
    assert refused("a:\n  " + "[" * 5000) == [
        f"chat.yaml:2: values are nested deeper than {MAX_DEPTH} levels"
    ]


def test_aliases_cannot_multiply_without_end() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    (finding,) = refused("\n".join(lines))

    assert finding == f"chat.yaml:1: the file is too large: more than {MAX_VALUES} values"


def test_aliases_cannot_nest_without_end() -> None:
    lines = ["a0: &a0 " + "[" * 50 + "]" * 50]
    lines += [f"a{n}: &a{n} " + "[" * 50 + f"*a{n - 1}" + "]" * 50 for n in range(1, 3)]

    assert refused("\n".join(lines)) == [f"chat.yaml:1: values are nested deeper than {MAX_DEPTH} levels"]
