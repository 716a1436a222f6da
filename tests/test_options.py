"""Options: constructor keywords checked against their types."""

from __future__ import annotations

import pytest

from ovpipe.calculator import Calculator
from ovpipe.errors import DeclarationError, OptionError
from ovpipe.options import check_options


class CutCalculator(Calculator):
    def __init__(self, *, length: int, mark: str = "...", ratios: dict[str, float] | None = None) -> None:
        self.length = length
        self.mark = mark
        self.ratios = ratios


def test_given_options_become_the_constructors_arguments() -> None:
    assert check_options(CutCalculator, {"length": 3, "ratios": {"a": 1}}) == {
        "length": 3,
        "ratios": {"a": 1.0},
    }


def test_a_missing_option_is_named_with_its_type() -> None:
    with pytest.raises(OptionError, match=r"^CutCalculator needs option 'length' \(int\)$"):
        check_options(CutCalculator, {})


def test_an_unknown_option_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="unknown option 'lenght' of CutCalculator: did you mean 'length'?"):
        check_options(CutCalculator, {"length": 1, "lenght": 2})


def test_a_wrong_type_is_an_error_that_says_where() -> None:
    with pytest.raises(OptionError, match=r"option 'ratios' of CutCalculator: .*`float`.*\$\[\.\.\.\]"):
        check_options(CutCalculator, {"length": 1, "ratios": {"a": "b"}})


def test_a_number_in_quotes_is_no_number() -> None:
    with pytest.raises(OptionError, match="option 'length' of CutCalculator: Expected `int`, got `str`"):
        check_options(CutCalculator, {"length": "1"})


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(OptionError) as raised:
        check_options(CutCalculator, {"wide": 1, "mark": 2})
    assert len(str(raised.value).splitlines()) == 3


def test_an_option_without_a_type_is_the_authors_mistake() -> None:
    class UntypedCalculator(Calculator):
        def __init__(self, length) -> None:  # type: ignore[no-untyped-def]  # the mistake that is tested
            self.length = length

    with pytest.raises(DeclarationError, match="'length' must be a keyword argument with a type"):
        check_options(UntypedCalculator, {"length": 1})


def test_a_calculator_without_a_constructor_has_no_options() -> None:
    class PlainCalculator(Calculator):
        pass

    assert check_options(PlainCalculator, {}) == {}
    with pytest.raises(OptionError, match="there are none"):
        check_options(PlainCalculator, {"a": 1})
