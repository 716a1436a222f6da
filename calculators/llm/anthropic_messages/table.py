"""The parameters of /v1/messages and /v1/messages/count_tokens: one table.

What is the same as in chat/completions is the same row. Reading, errors, OpenAPI and the docs derive from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from ovpipe.calculators.llm.anthropic_messages import output_config as output
from ovpipe.calculators.llm.anthropic_messages import thinking as thoughts
from ovpipe.calculators.llm.anthropic_messages import tool_choices, tools
from ovpipe.calculators.llm.anthropic_messages.conversation import (
    SystemContent,
    Turns,
    conversation_of,
    note_billing,
    system_of,
)
from ovpipe.calculators.llm.anthropic_messages.endpoint import EVERYWHERE, MESSAGES, MessagesEndpoint
from ovpipe.calculators.llm.anthropic_messages.errors import NO_THREADS
from ovpipe.calculators.llm.parameters.declarations.ending import as_tuple
from ovpipe.calculators.llm.parameters.declarations.sampling import SAMPLING
from ovpipe.calculators.llm.parameters.reading import BodyType
from ovpipe.calculators.llm.parameters.request_parameter import Endpoint, RequestParameter, of_engine
from ovpipe.calculators.llm.parameters.table import BY_NAME as OF_OPENAI
from ovpipe.calculators.llm.parameters.unknown_keys import Ignored
from ovpipe.calculators.llm.parameters.value_types import UINT32, Object, integer, text, tuple_of
from ovpipe.errors import RequestError

CHAT: Final = OF_OPENAI[Endpoint.CHAT]


class MessagesMetadata(Struct, frozen=True, kw_only=True):
    """What the request says of itself."""

    user_id: Annotated[str, Meta(max_length=512)] | None = None


def limit_of(most: int, path: str) -> dict[str, int]:
    """The limit, as the most that is generated where the context has the room; 0 reads the prompt alone."""
    return {"default_max_tokens": most} if most else {"max_tokens": most}


def user_of(metadata: dict[str, Any], path: str) -> str | None:
    """The client's own id of its user."""
    return metadata.get("user_id")


def nothing_of(value: Any, path: str) -> None:
    """What asks for what happens anyway."""


def refuse_thread(value: Any, path: str) -> None:
    """Raises RequestError 400: what a server holds of a conversation would be missing from the prompt.

    Anthropic's clients know the code, and send the whole conversation instead.
    """
    raise RequestError(
        400,
        f"'{path}' is not supported: this server keeps no conversations. Send the whole one without it.",
        code=NO_THREADS,
        param=path,
    )


def row_of_chat(name: str, *, endpoints: tuple[MessagesEndpoint, ...] = MESSAGES) -> RequestParameter:
    """A parameter that is the same in chat/completions."""
    return replace(CHAT[name], endpoints=endpoints)


ROWS: Final[tuple[RequestParameter, ...]] = (
    row_of_chat("model", endpoints=EVERYWHERE),
    RequestParameter(
        "messages",
        Turns,
        "The conversation so far. Messages of one role in a row are one turn; a last one of the assistant's "
        "is the beginning of the answer.",
        EVERYWHERE,
        required=True,
        make=conversation_of,
        spread=True,
    ),
    RequestParameter(
        "system", SystemContent, "What the model is to be.", EVERYWHERE, make=system_of, field="system"
    ),
    of_engine(
        "max_tokens",
        integer(0, UINT32),
        "The most tokens to generate, as far as the context has room; 0 reads the prompt into the cache.",
        endpoints=MESSAGES,
        required=True,
        make=limit_of,
        spread=True,
    ),
    replace(row_of_chat("stream"), doc="Whether the answer comes as server-sent events."),
    RequestParameter(
        "stop_sequences",
        tuple_of(text(longest=1000), most=16, words="a list of at most 16 strings of up to 1000 characters"),
        "Ends the answer before the first of these strings, which is its stop_sequence.",
        MESSAGES,
        make=as_tuple,
        field="stop",
    ),
    *(replace(row, endpoints=MESSAGES) for row in SAMPLING),
    RequestParameter(
        "tools",
        tools.MessagesTools,
        "Tools that the model may call. Anthropic's bash, text_editor and memory are known by their types; "
        "tools that Anthropic's servers run, such as web_search, have no effect.",
        EVERYWHERE,
        make=tools.tools_of,
    ),
    RequestParameter(
        "tool_choice",
        tool_choices.MessagesToolChoice,
        "Whether to call tools, which, and whether several at once.",
        EVERYWHERE,
        make=tool_choices.choice_of,
        spread=True,
    ),
    RequestParameter(
        "thinking",
        thoughts.Thinking,
        "Turns the model's thoughts on or off, where its chat template has a switch. budget_tokens limits "
        "nothing.",
        EVERYWHERE,
        make=thoughts.thinking_of,
        spread=True,
    ),
    RequestParameter(
        "output_config",
        output.OutputConfig,
        "effort, for the chat template, and the JSON Schema that the answer follows.",
        EVERYWHERE,
        make=output.output_of,
        spread=True,
    ),
    RequestParameter(
        "output_format",
        output.JsonSchemaOutput,
        "output_config.format by its earlier name.",
        EVERYWHERE,
        make=output.format_of,
        spread=True,
    ),
    RequestParameter(
        "cache_control",
        Object,
        "Changes nothing, here and in blocks: the engine caches prefixes by itself.",
        EVERYWHERE,
        make=nothing_of,
    ),
    RequestParameter(
        "metadata",
        Object,
        "user_id is the client's own id of its user; it changes nothing.",
        MESSAGES,
        make=user_of,
        field="user",
        within=MessagesMetadata,
    ),
    RequestParameter(
        "service_tier",
        text(),
        "Changes nothing: there is one class of service, 'standard'.",
        MESSAGES,
        within=Literal["auto", "standard_only"],
    ),
    RequestParameter(
        "thread",
        Object,
        "Refused by the code that Anthropic's clients know: this server keeps no conversations.",
        EVERYWHERE,
        make=refuse_thread,
    ),
    row_of_chat("chat_template_kwargs", endpoints=EVERYWHERE),
    row_of_chat("priority"),
)


def normalised(body: Mapping[str, Any], ignored: Ignored) -> Mapping[str, Any]:
    """The body in the form of its declared types; what has no effect is noted."""
    thoughts.note_budget(body, ignored)
    note_billing(body, ignored)
    return tools.leave_out_server_tools(body, ignored)


BY_NAME: Final[Mapping[MessagesEndpoint, Mapping[str, RequestParameter]]] = MappingProxyType(
    {
        endpoint: MappingProxyType({row.name: row for row in ROWS if endpoint in row.endpoints})
        for endpoint in MessagesEndpoint
    }
)
BODIES: Final[Mapping[MessagesEndpoint, BodyType]] = MappingProxyType(
    {endpoint: BodyType(BY_NAME[endpoint], normalised) for endpoint in MessagesEndpoint}
)
