"""The header by which a client says how long it waits."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from ovpipe.errors import RequestError
from ovpipe.serving.requests.deadline import TIMEOUT, wanted_seconds


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("30", 30.0),
        (" 2.5 ", 2.5),
        ("0.001", 0.001),
        ("29.999871253967285", 29.999871253967285),  # str() of what is left of a client's deadline
        ("999999999", 999999999.0),
    ],
)
def test_a_number_of_seconds_is_a_deadline(stated: str, seconds: float) -> None:
    assert wanted_seconds(make_mocked_request("POST", "/", headers={TIMEOUT: stated})) == seconds


def test_without_the_header_there_is_none() -> None:
    assert wanted_seconds(make_mocked_request("POST", "/")) is None


@pytest.mark.parametrize(
    "stated", ["", "0", "0.0", "-1", "1e3", "inf", "nan", "5s", "1,5", "\u0661", "1" * 400, ".5", "5."]
)
def test_what_is_no_number_above_0_is_a_400_that_names_the_header(stated: str) -> None:
    with pytest.raises(RequestError) as raised:
        wanted_seconds(make_mocked_request("POST", "/", headers={TIMEOUT: stated}))
    assert (raised.value.status, raised.value.code, raised.value.param) == (400, "invalid_header", TIMEOUT)


def test_of_a_number_that_is_too_large_the_message_says_how_large_one_may_be() -> None:
    with pytest.raises(RequestError, match="below 1000000000"):
        wanted_seconds(make_mocked_request("POST", "/", headers={TIMEOUT: "1000000000"}))


def test_two_of_them_are_a_400() -> None:
    headers = CIMultiDict([(TIMEOUT, "5"), (TIMEOUT, "6")])
    with pytest.raises(RequestError):
        wanted_seconds(make_mocked_request("POST", "/", headers=headers))
