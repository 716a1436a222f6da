"""Tools that dialogues have at hand, and requests for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from examples.tiny_chat.dialogues.dialogue import Tool
from examples.tiny_chat.dialogues.draw import Draw
from examples.tiny_chat.dialogues.pools import DAYS, listed
from examples.tiny_chat.dialogues.wording import Wording
from examples.tiny_chat.topics.phrases import ASK, END, HEY, Q

Value = str | int


@dataclass(frozen=True)
class Parameter:
    """An argument: names it goes by, how its value is said, and what values it takes."""

    names: tuple[str, ...]
    said: str
    value: Callable[[Draw], Value]
    type: str = "string"


PLACE = Parameter(("city", "place", "location", "town"), " in $v", lambda draw: draw.city())
PERSON = Parameter(("person", "name", "user", "guest"), " for $v", lambda draw: draw.name())
DAY = Parameter(("day", "date"), " on $v", lambda draw: draw.value(DAYS))
HOUR = Parameter(("hour", "time"), " at $v", lambda draw: draw.rng.randint(1, 12), "integer")
TIMES = Parameter(("count", "times", "repeat"), " $v times", lambda draw: draw.number(2, 99), "integer")
MINUTES = Parameter(("minutes", "duration"), " for $v minutes", lambda draw: draw.number(2, 99), "integer")
SUBJECT = Parameter(("topic", "subject", "query"), " about $v", lambda draw: draw.word())
TEXT = Parameter(("text", "message", "content"), ' saying "$v"', lambda draw: draw.text())
NUMBER = Parameter(("number", "id", "code"), " with number $v", lambda draw: draw.long_number(999), "integer")
PARAMETERS = (PLACE, PERSON, DAY, HOUR, TIMES, MINUTES, SUBJECT, TEXT, NUMBER)

VERBS = listed(
    """get find check show read open close start stop play book order send add delete create update cancel
    print save move clean paint count lock watch list fetch turn buy sell search"""
)
NOUNS = listed(
    """news price ticket table room light alarm note song door window car train flight hotel
    report invoice camera heater timer list file photo video map task meeting event calendar parcel menu
    recipe lamp radio robot pump valve sensor garden pool bus taxi stock score game printer oven"""
)
REQUEST = Wording(
    f"{ASK}$verb [the |my |]$noun$said{END}",
    f"{ASK}$verb $a $noun$said{END}",
    f"[|hey, |hi, |ok, ][i want to|i need to|i would like to|let us|help me] $verb [the|my|$a] $noun$said{END}",
    f"[|hey, |hi, |ok, ][use|call] the tool to $verb [the|$a] $noun$said{END}",
)


@dataclass(frozen=True)
class Request:
    """A call that somebody wants: the tool, its arguments, and a sentence that asks for it."""

    tool: Tool
    arguments: dict[str, Value]
    said: str
    verb: str | None = None
    """What the tool is to do, and to what, where it is named after that."""
    noun: str | None = None

    @property
    def name(self) -> str:
        """The tool's."""
        name: str = self.tool["function"]["name"]
        return name


@dataclass(frozen=True)
class Action:
    """A tool named after what it does to what: `book_table`, `checkValve`."""

    verb: str
    noun: str
    name: str
    parameters: tuple[Parameter, ...]
    keys: tuple[str, ...]
    optional: frozenset[str]
    article: str

    @property
    def tool(self) -> Tool:
        """It in the API's form."""
        description = f"{self.verb.capitalize()} {self.article} {self.noun}."
        return tool_of(self.name, description, self.parameters, self.keys, self.optional)

    def arguments(self, draw: Draw) -> tuple[dict[str, Value], str]:
        """Arguments for it, and how they are said. What is optional is not always given."""
        values = _values(draw, self.parameters)
        given: dict[str, Value] = {}
        said = ""
        for key, parameter, value in zip(self.keys, self.parameters, values, strict=True):
            if key not in self.optional or draw.chance(0.5):
                given[key] = value
                said += parameter.said.replace("$v", str(value))
        return given, said

    def requested(self, draw: Draw) -> Request:
        """A request for it."""
        given, said = self.arguments(draw)
        asked = draw.say(REQUEST, verb=self.verb, noun=self.noun, a=article(self.noun), said=said)
        return Request(self.tool, given, asked, self.verb, self.noun)


def new_action(draw: Draw, *, verb: str | None = None, noun: str | None = None) -> Action:
    """A tool of this half of the names; `verb` and `noun` make it like another."""
    while True:
        does = verb or draw.value(VERBS)
        what = noun or (draw.value(NOUNS) if draw.chance(0.65) else draw.word())
        name = f"{does}_{what}" if draw.chance(0.8) else f"{does}{what.capitalize()}"
        if what[0] == "-" or draw.split.has(name):
            break
    parameters = tuple(draw.rng.sample(PARAMETERS, draw.pick((0, 1, 1, 1, 2, 2, 3))))
    keys = _keys(draw, parameters)
    optional = frozenset(key for key in keys if draw.chance(0.12))
    return Action(does, what, name, parameters, keys, optional, draw.pick(("the", article(what))))


def article(noun: str) -> str:
    """The indefinite one."""
    return "an" if noun[0] in "aeiou" else "a"


@dataclass(frozen=True)
class Known:
    """A tool of everyday use, which people ask for without naming it."""

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    asked: Wording
    asked_twice: Wording | None = None
    """Of two values of its one parameter."""
    unfinished: Wording | None = None
    """Without its one parameter, which is a town."""

    def tool(self, draw: Draw, keys: tuple[str, ...]) -> Tool:
        """It in the API's form, under one of its names."""
        return tool_of(draw.one_of(self.names), draw.pick(self.descriptions), self.parameters, keys)


def named(verbs: str, nouns: str, others: str) -> tuple[str, ...]:
    """Names that one tool goes by: each verb with each noun in two styles, and others."""
    pairs = [(verb, noun) for verb in verbs.split() for noun in nouns.split()]
    camel = ["".join([verb, *(part.capitalize() for part in noun.split("_"))]) for verb, noun in pairs]
    return tuple(dict.fromkeys([*others.split(), *(f"{verb}_{noun}" for verb, noun in pairs), *camel]))


A = Parameter(("a", "x", "first"), "$v", lambda draw: draw.long_number(999), "integer")
B = Parameter(("b", "y", "second"), "$v", lambda draw: draw.long_number(999), "integer")
LANGUAGE = Parameter(
    ("language", "to", "target"), "$v", lambda draw: draw.value(("German", "French", "Spanish", "Italian"))
)
TOWN = Wording("[|in |for |i mean |in the city of ]$town[|.|!]")
KNOWN = (
    Known(
        named("get check fetch lookup show read query find tell report current", "weather forecast conditions weather_now", "weather forecast current_weather weather_report get_current_weather weather_info"),
        ("Get the weather.", "Get the current weather in a city.", "Tells the weather of a place.", "Weather for a city."),
        (PLACE,),
        Wording(
            f"{HEY}[what is|what's|how is|how's] the weather[| like] in $p0[| today| now]{Q}",
            f"{HEY}[is it|will it be] [raining|sunny|cold|warm] in $p0[| today| now]{Q}",
            f"{ASK}[check|get|tell me|look up] the weather [in|for|of] $p0{END}",
        ),
        Wording(
            f"{HEY}[what is|what's|how is] the weather[| like] in $p0 and [in |]$p1{Q}",
            f"{ASK}[check|get|compare|look up] the weather [in|for|of] $p0 and $p1{END}",
        ),
        Wording(
            f"{HEY}[what is|what's|how is] the weather[| like| today]{Q}",
            f"{HEY}[is it|will it be] [raining|sunny|cold|warm][| today| now]{Q}",
        ),
    ),
    Known(
        named("get check fetch lookup show read tell current local world", "time clock time_now city_time", "time clock current_time local_time get_current_time time_in"),
        ("Get the time.", "Get the current time in a city.", "Tells the time of a place."),
        (PLACE,),
        Wording(f"{HEY}what time is it[| now] in $p0{Q}", f"{HEY}[what is|what's|tell me] the time in $p0{Q}"),
        Wording(f"{HEY}[what time is it|what's the time|what is the time] in $p0 and [in |]$p1{Q}"),
        Wording(f"{HEY}[what time is it|what's the time|what is the time][| now]{Q}"),
    ),
    Known(
        named("add sum compute calculate do make total plus", "numbers integers sum two values addition", "add sum plus addition adder total"),
        ("Add two numbers.", "Adds a and b.", "Computes the sum of two numbers."),
        (A, B),
        Wording(f"{HEY}[what is|what's|how much is] $p0 [+|plus] $p1{Q}", f"{ASK}add $p0 and $p1{END}"),
    ),
    Known(
        named("send write post mail deliver text", "message text mail email sms note", "send_message send_email message notify email mail sms ping tell"),
        ("Send a message to a person.", "Sends a text to somebody.", "Writes a message to a person."),
        (
            Parameter(("to", "person", "recipient", "name"), "$v", lambda draw: draw.name()),
            Parameter(("text", "message", "content", "body"), "$v", lambda draw: draw.text()),
        ),
        Wording(
            f'{ASK}[send|write] [a message to $p0 saying|$p0 the message|to $p0] "$p1"{END}',
            f'{ASK}[send|write|text] "$p1" to $p0{END}',
            f'{ASK}tell $p0 "$p1"{END}',
        ),
    ),
    Known(
        named("search find lookup query browse scan", "web docs pages files text index notes internet", "search web_search find lookup query browse google"),
        ("Search for a text.", "Searches documents.", "Finds pages about something."),
        (Parameter(("query", "text", "term", "q"), "$v", lambda draw: draw.words()),),
        Wording(
            f"{ASK}[search|look] for [$p0|\"$p0\"]{END}",
            f"{ASK}[search the web|look up|search] [$p0|\"$p0\"]{END}",
            f"{ASK}[find|get me] [pages|documents|something] about $p0{END}",
        ),
    ),
    Known(
        named("translate convert interpret render", "text word language string phrase sentence", "translate translator translation to_language get_translation"),
        ("Translate a text.", "Translates a word into a language."),
        (Parameter(("text", "word"), "$v", lambda draw: draw.word()), LANGUAGE),
        Wording(
            f"{ASK}translate [|the word ]\"$p0\" [to|into] $p1{END}",
            f"{HEY}[what is|what's] \"$p0\" in $p1{Q}",
        ),
    ),
)  # fmt: skip


def everyday_use(name: str) -> Known | None:
    """The tool of everyday use that has this among its names."""
    return next((known for known in KNOWN if name in known.names), None)


def known_request(draw: Draw) -> Request:
    """A request for a tool of everyday use."""
    known = draw.pick(KNOWN)
    keys = _keys(draw, known.parameters)
    values = _values(draw, known.parameters)
    said = draw.say(known.asked, **{f"p{index}": value for index, value in enumerate(values)})
    return Request(known.tool(draw, keys), dict(zip(keys, values, strict=True)), said)


def known_pair(draw: Draw) -> tuple[list[Request], str]:
    """Two requests for one tool of everyday use, and the one sentence for both."""
    known, asked = draw.pick([(known, known.asked_twice) for known in KNOWN if known.asked_twice])
    keys = _keys(draw, known.parameters)
    tool = known.tool(draw, keys)
    values = [_values(draw, known.parameters)[0] for _ in range(2)]
    said = draw.say(asked, p0=values[0], p1=values[1])
    return [Request(tool, {keys[0]: value}, said) for value in values], said


def unfinished_request(draw: Draw) -> tuple[str, Request]:
    """A question that leaves open which town it is about, and the same with the town named afterwards."""
    known, asked = draw.pick([(known, known.unfinished) for known in KNOWN if known.unfinished])
    keys = _keys(draw, known.parameters)
    town = draw.city()
    said = draw.say(TOWN, town=town)
    return draw.say(asked), Request(known.tool(draw, keys), {keys[0]: town}, said)


def tool_of(
    name: str,
    description: str,
    parameters: Sequence[Parameter],
    keys: Sequence[str],
    optional: frozenset[str] = frozenset(),
) -> Tool:
    """A tool in the API's form."""
    properties = {key: {"type": parameter.type} for key, parameter in zip(keys, parameters, strict=True)}
    required = [key for key in keys if key not in optional]
    schema = {"type": "object", "properties": properties, "required": required}
    return {
        "type": "function",
        "function": {"name": name, "description": description, "parameters": schema},
    }


def _keys(draw: Draw, parameters: Sequence[Parameter]) -> tuple[str, ...]:
    """A name for each parameter, no two the same."""
    while True:
        keys = tuple(draw.pick(parameter.names) for parameter in parameters)
        if len({*keys}) == len(keys):
            return keys


def _values(draw: Draw, parameters: Sequence[Parameter]) -> list[Value]:
    return [parameter.value(draw) for parameter in parameters]
