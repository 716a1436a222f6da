"""The formats of strings (JSON Schema's validation vocabulary, section 7.3) as regular expressions.

Each takes only what readers of the format take: hours to 23, minutes and seconds to 59, days as many as the
month has. (Leap seconds are known only once they are announced, and few readers take them.)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_YEAR = r"([1-9]\d{3}|0[1-9]\d{2}|00[1-9]\d|000[1-9])"
_LEAP_YEAR = (
    r"((\d[1-9]|[1-9]0)(0[48]|[2468][048]|[13579][26])|00(0[48]|[2468][048]|[13579][26])"
    r"|([2468][048]|[13579][26]|0[48])00)"
)
_DAY = r"((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))"
_DATE = rf"({_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)"
_HOUR_MINUTE = r"([01]\d|2[0-3]):[0-5]\d"
_TIME = rf"{_HOUR_MINUTE}:[0-5]\d(\.\d{{1,6}})?(Z|[+-]{_HOUR_MINUTE})"

_LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOSTNAME = rf"{_LABEL}(\.{_LABEL})*"
_ATOM = r"[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]+"

_BYTE = r"(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"{_BYTE}(\.{_BYTE}){{3}}"
_H16 = "[0-9a-fA-F]{1,4}"
_LS32 = rf"({_H16}:{_H16}|{_IPV4})"
_IPV6 = "|".join(
    (
        rf"({_H16}:){{6}}{_LS32}",
        rf"::({_H16}:){{5}}{_LS32}",
        rf"({_H16})?::({_H16}:){{4}}{_LS32}",
        *(rf"(({_H16}:){{0,{n}}}{_H16})?::({_H16}:){{{4 - n}}}{_LS32}" for n in (1, 2, 3)),
        rf"(({_H16}:){{0,4}}{_H16})?::{_LS32}",
        rf"(({_H16}:){{0,5}}{_H16})?::{_H16}",
        rf"(({_H16}:){{0,6}}{_H16})?::",
    )
)

_PERCENT = "%[0-9a-fA-F]{2}"
_PCHAR = rf"([a-zA-Z0-9._~!$&'()*+,;=:@-]|{_PERCENT})"
_SEGMENT_NZ_NC = rf"([a-zA-Z0-9._~!$&'()*+,;=@-]|{_PERCENT})+"
_HOST = rf"(\[({_IPV6})\]|([a-zA-Z0-9._~!$&'()*+,;=-]|{_PERCENT})*)"
_AUTHORITY = rf"(([a-zA-Z0-9._~!$&'()*+,;=:-]|{_PERCENT})*@)?{_HOST}(:\d{{0,5}})?"
_ROOTED = rf"//{_AUTHORITY}(/{_PCHAR}*)*|/({_PCHAR}+(/{_PCHAR}*)*)?"
_TAIL = rf"(\?({_PCHAR}|[/?])*)?(#({_PCHAR}|[/?])*)?"
_URI = rf"[a-zA-Z][a-zA-Z0-9+.-]*:({_ROOTED}|{_PCHAR}+(/{_PCHAR}*)*)?{_TAIL}"
_RELATIVE = rf"({_ROOTED}|{_SEGMENT_NZ_NC}(/{_PCHAR}*)*)?{_TAIL}"

_POINTER = r"(/([^~/]|~[01])*)*"
_VARIABLE = rf"([a-zA-Z0-9_]|{_PERCENT})+(\.([a-zA-Z0-9_]|{_PERCENT})+)*(:[1-9]\d{{0,3}}|\*)?"
_TEMPLATE = rf"([a-zA-Z0-9!#$&()*+,./:;=?@_~\[\]-]|{_PERCENT}|\{{[+#./;?&]?{_VARIABLE}(,{_VARIABLE})*\}})*"

_CLOCK = r"T(\d+H(\d+M(\d+S)?)?|\d+M(\d+S)?|\d+S)"
_DURATION = rf"P(\d+W|{_CLOCK}|(\d+Y(\d+M(\d+D)?)?|\d+M(\d+D)?|\d+D)({_CLOCK})?)"

FORMATS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "date": _DATE,
        "date-time": rf"{_DATE}T{_TIME}",
        "duration": _DURATION,
        "email": rf"{_ATOM}(\.{_ATOM})*@{_HOSTNAME}",
        "hostname": _HOSTNAME,
        "ipv4": _IPV4,
        "ipv6": _IPV6,
        "json-pointer": _POINTER,
        "relative-json-pointer": rf"(0|[1-9]\d*)(#|{_POINTER})",
        "time": _TIME,
        "uri": _URI,
        "uri-reference": rf"{_URI}|{_RELATIVE}",
        "uri-template": _TEMPLATE,
        "uuid": "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    }
)
"""What a string of each format matches."""
