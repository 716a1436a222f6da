"""The formats of strings: what their readers take, and nothing beside."""

from __future__ import annotations

import calendar
import json
import re
from datetime import date

import pytest

from ovpipe.engines.grammars.ebnf.string_formats import FORMATS
from ovpipe.engines.protocol import Grammar
from tests.engines.follower import Follower

RIGHT = {
    "date": ["2024-02-29", "2000-02-29", "1999-12-31", "2023-04-30", "0001-01-01"],
    "time": ["23:59:59Z", "00:00:00.123+05:30"],
    "date-time": ["2024-02-29T12:00:00Z", "2023-01-01T23:59:59.5-23:59"],
    "duration": ["P1D", "PT1H", "P1Y2M", "P1W", "PT5S", "P1DT1S"],
    "email": ["a@b.co", "a.b+c@x-y.org"],
    "hostname": ["a", "a-b.c"],
    "ipv4": ["0.0.0.0", "255.255.255.255", "10.1.20.99"],
    "ipv6": ["::", "::1", "1::", "1:2:3:4:5:6:7:8", "fe80::1:2", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4"],
    "json-pointer": ["", "/a", "/a~0b/~1"],
    "relative-json-pointer": ["0", "1/a", "0#"],
    "uri": ["http://a/b", "mailto:a@b", "http://[::1]:80/x?y#z", "urn:a:b"],
    "uri-reference": ["", "/a", "a/b", "//h/p", "?q", "#f", "http://a"],
    "uri-template": ["/a/{b}", "{?x,y*}", "http://a/{+b:3}"],
    "uuid": ["123e4567-e89b-12d3-a456-426614174000"],
}
WRONG = {
    "date": [
        "2023-02-29",
        "1900-02-29",
        "2023-04-31",
        "2023-00-01",
        "2023-13-01",
        "2023-01-00",
        "2023-01-32",
        "0000-01-01",
        "2023-1-1",
    ],
    "time": ["24:00:00Z", "12:60:00Z", "12:00:60Z", "12:00:00", "12:00Z", "12:00:00+24:00", "12:00:00+01:60"],
    "date-time": ["2024-02-29T12:60:00Z", "2024-02-29 12:00:00Z", "2024-02-30T12:00:00Z"],
    "duration": ["P", "PT", "P1H", "1D", "P1DT"],
    "email": ["a", "@b", "a..b@c", "a b@c", ".a@b"],
    "hostname": ["-a", "a-", "a..b", ""],
    "ipv4": ["256.1.1.1", "01.1.1.1", "1.1.1", "1.1.1.1.1"],
    "ipv6": [":", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::"],
    "json-pointer": ["a", "/~2"],
    "relative-json-pointer": ["01", "a"],
    "uri": ["a", "//a", "http://a b", "1a:b", "http://[::1"],
    "uri-reference": ["a b", ":a"],
    "uri-template": ["{", "{}", "{a"],
    "uuid": ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"],
}


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Follower:
    texts = [text for some in (RIGHT, WRONG) for each in some.values() for text in each]
    return Follower(map(json.dumps, texts), tmp_path_factory.mktemp("follower"))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_what_its_readers_take(follower: Follower, name: str) -> None:
    grammar = Grammar("json_schema", json.dumps({"type": "string", "format": name}))
    for text in RIGHT[name]:
        assert follower.takes(grammar, json.dumps(text)), text
    for text in WRONG[name]:
        assert not follower.takes(grammar, json.dumps(text)), text


def test_a_date_is_a_day_of_the_calendar() -> None:
    pattern = re.compile(FORMATS["date"])
    for year in (*range(1, 402), *range(1896, 2105), 9999):
        for month in (2, 4, 12):
            days = [day for day in range(27, 34) if pattern.fullmatch(f"{year:04}-{month:02}-{day:02}")]
            assert days == [*range(27, calendar.monthrange(year, month)[1] + 1)], (year, month)
    assert date.fromisoformat("0001-01-01").year == 1
