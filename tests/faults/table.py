"""What is sent at a server, what must come back, and the tests that hold it: 62 numbers, each with its sentence.

After every case a normal request is served, and a stream that ran beside it is whole and says what it says alone.
`make docs` writes the table into docs/reliability.md.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What is sent or happens, what must come back, and the tests that hold it, by their ids for pytest."""

    number: int
    sent: str
    back: str
    tests: tuple[str, ...]


HERE = "tests/faults/test_requests.py::test_a_wrong_request_is_refused_and_nobody_else_notices"
HTTP = "tests/serving/test_http_faults.py::"
LEAVE = "tests/serving/test_clients_that_leave.py::"
CLIENTS = "tests/serving/test_requests_as_clients_send_them.py::"
KEYS = "tests/serving/security/test_keys_over_http.py::"
GATES = "tests/serving/admission/test_gates.py::"
MANY = "tests/serving/admission/test_many_connections.py::"
STOP = "tests/serving/test_shutdown.py::"
ANSWERS = "tests/serving/test_answers.py::"
DEAD = "tests/end_to_end/test_dead_engine.py::"
FULL = "tests/end_to_end/test_full_cache.py::"
ENGINE = "tests/calculators/llm/test_continuous_batching.py::"
OWN = "tests/end_to_end/api/test_graph_engine.py::"
API = "tests/end_to_end/api/test_parameters.py::"
BEAT = "tests/engines/process/test_heartbeat.py::"
ODD = "tests/faults/test_odd_http.py::"
JSON = HTTP + "test_a_body_that_is_no_proper_json_object_is_400"


def here(number: int) -> str:
    """The test of a number's requests, in this folder."""
    return f"{HERE}[{number}]"


FAULTS: tuple[Fault, ...] = (
    Fault(1, "no JSON, an empty body", "400", (f"{JSON}[empty]", f"{JSON}[no JSON]")),
    Fault(2, "a body that is [], 42, null or a string", "400", tuple(f"{JSON}[{kind}]" for kind in ("list", "number", "null", "string"))),
    Fault(3, "invalid UTF-8", "400", (f"{JSON}[invalid UTF-8]",)),
    Fault(4, "a lone surrogate", "400", (f"{JSON}[lone surrogate]",)),
    Fault(5, "an unknown charset", "400", (HTTP + "test_an_unknown_charset_is_400",)),
    Fault(6, "nesting over 100 levels", "400", (f"{JSON}[deep]", f"{JSON}[very deep]")),
    Fault(7, "NaN, Infinity, 1e999", "400", tuple(f"{JSON}[{number}]" for number in ("NaN", "Infinity", "1e999"))),
    Fault(8, "an integer of 5,000 digits", "400", (f"{JSON}[5000 digits]",)),
    Fault(9, "duplicate keys", "400", (f"{JSON}[duplicate keys]",)),
    Fault(10, "a body over the limit", "413", (HTTP + "test_a_body_over_the_limit_is_413_before_it_is_read", HTTP + "test_a_chunked_body_over_the_limit_is_413")),
    Fault(11, "a long header, 5,000 headers, a long URL", "400 or 431", (HTTP + "test_a_header_that_is_too_long_is_400_as_json", HTTP + "test_too_many_headers_are_400", HTTP + "test_a_url_that_is_too_long_is_400")),
    Fault(12, "Content-Length beside Transfer-Encoding", "400", (HTTP + "test_content_length_with_transfer_encoding_is_400",)),
    Fault(13, "broken gzip; a bomb", "400; 413 by its decompressed size", (HTTP + "test_bad_gzip_is_400", HTTP + "test_a_gzip_bomb_is_413_by_its_decompressed_size")),
    Fault(14, "many tiny chunks, trailers without an end", "bounded memory and processor time", (HTTP + "test_many_tiny_chunks_are_one_body", ODD + "test_trailers_without_an_end_are_not_read_on_and_little_of_them_is_kept")),
    Fault(15, "multipart where JSON is due", "415", (HTTP + "test_multipart_is_415",)),
    Fault(16, "headers that come slowly", "closed at the limit", (MANY + "test_a_slow_header_does_not_keep_a_place", ODD + "test_headers_that_come_slowly_are_closed_at_the_limit")),
    Fault(17, "a body that comes slowly", "408 at the limit", (HTTP + "test_a_slow_body_is_408_at_the_limit",)),
    Fault(18, "a wrong method, an unknown method, an unknown path", "405, 400 or 405, 404", (HTTP + "test_a_wrong_method_is_405_with_allow", ODD + "test_a_method_that_nobody_knows_is_an_error_as_json", HTTP + "test_an_unknown_path_is_404")),
    Fault(19, "a missing or wrong API key", "401 on every route but health", (KEYS + "test_without_a_valid_key_it_is_401_and_says_by_which_scheme", KEYS + "test_every_route_but_health_needs_a_key", KEYS + "test_health_needs_none")),
    Fault(20, "a CORS preflight without a key", "200", (KEYS + "test_a_preflight_needs_no_key",)),
    Fault(21, "a model that is no string; none, where there are several", "400", (here(21), HTTP + "test_a_missing_model_is_400_and_names_those_served")),
    Fault(22, "an unknown model", "404 that names those served", (here(22), HTTP + "test_an_unknown_model_is_404_and_names_those_served_but_not_itself")),
    Fault(23, "no messages, [], [{}], what is no object", "400", (here(23),)),
    Fault(24, "a role that is no string, a content that is a number", "400", (here(24),)),
    Fault(25, "an empty prompt", "400", (here(25),)),
    Fault(26, "a stream that is no boolean", "400", (here(26),)),
    Fault(27, "max_tokens: a string, negative, above 32 bits", "400", (here(27),)),
    Fault(28, "prompt and max_tokens over the context", "400 context_length_exceeded", (here(28),)),
    Fault(29, "a prompt over the context or the cache", "400 before the engine sees it", (here(29), ENGINE + "test_a_limit_beyond_the_cache_is_refused")),
    Fault(30, "a huge n or best_of", "400 before anything is allocated", (here(30),)),
    Fault(31, "sampling parameters out of range", "400 that names the parameter", (here(31),)),
    Fault(32, "top_logprobs of a thousand million", "400", (here(32),)),
    Fault(33, "a stop of a wrong type, too long, too many; an empty one", "400; ignored", (here(33),)),
    Fault(34, "stop_token_ids outside the vocabulary", "400", (here(34), OWN + "test_tokens_that_the_model_does_not_have_are_a_400")),
    Fault(35, "token ids of a prompt outside the vocabulary", "400", (here(35),)),
    Fault(36, "a wrong logit_bias", "400", (here(36), OWN + "test_tokens_that_the_model_does_not_have_are_a_400")),
    Fault(37, "optional fields that are null", "200, as if absent", (here(37),)),
    Fault(38, "wrong stream_options", "400", (here(38),)),
    Fault(39, "chat_template_kwargs that are no object, or reserved names", "400", (here(39),)),
    Fault(40, "a chat_template in a request", "400", (here(40), API + "test_a_template_of_the_clients_is_refused")),
    Fault(41, "messages that the template refuses", "400 with its words", (API + "test_a_template_that_refuses_is_the_senders_error_with_its_words",)),
    Fault(42, "a tool_choice of a tool that is not there", "400", (here(42),)),
    Fault(43, "a history with broken arguments of a call", "200, as a text in an object", (here(43),)),
    Fault(44, "a wrong schema of a tool", "400", (here(44),)),
    Fault(45, "a wrong schema, regular expression or grammar", "400, and nobody else notices", (here(45), OWN + "test_a_bad_grammar_is_a_400_and_those_beside_it_go_on")),
    Fault(46, "a deep or huge schema", "400 within the limit", (here(46), "tests/engines/grammars/test_checker.py::test_a_grammar_that_takes_too_long_ends_its_process_and_the_next_check_has_another")),
    Fault(47, "the model writes a broken call", "200 with the text; nothing is evaluated", ("tests/end_to_end/api/test_tools.py::test_a_broken_call_comes_through_as_text",)),
    Fault(48, "an image_url of this machine or its network", "400, and nobody is called", (here(48),)),
    Fault(49, "file:// and paths", "400", (here(49),)),
    Fault(50, "a huge image", "400", (here(50),)),
    Fault(51, "a client leaves before, during and after tokens", "its run is cancelled, its cache is free", (LEAVE + "test_a_client_that_leaves_before_the_first_part_cancels_its_run", LEAVE + "test_a_client_that_leaves_during_the_answer_cancels_its_run", LEAVE + "test_a_client_that_leaves_after_the_answer_changes_nothing", FULL + "test_a_full_cache_whose_clients_all_leave_serves_a_request_of_nearly_its_whole_size")),
    Fault(52, "half of all requests are left, for minutes", "nothing is left of them", (LEAVE + "test_half_of_many_clients_leave_and_the_others_get_everything", "tests/end_to_end/test_many_chats.py::test_64_chats_at_once_get_the_texts_they_get_alone_while_others_leave")),
    Fault(53, "a reader stops reading", "its run alone is cancelled", (LEAVE + "test_a_reader_that_stops_reading_is_cut_off_and_its_run_cancelled",)),
    Fault(54, "a full queue", "429 with Retry-After", (GATES + "test_a_full_model_refuses_and_what_it_has_let_in_is_served",)),
    Fault(55, "a wait in the queue over the limit; a generation over it", "503; an error event", (GATES + "test_a_request_that_waits_too_long_gets_503", GATES + "test_a_stream_beyond_its_whole_time_ends_with_an_error_event")),
    Fault(56, "SIGTERM when idle, busy, twice", "it drains, new requests get 503, no orphan", (STOP + "test_an_idle_server_ends_at_once", STOP + "test_a_busy_server_ends_its_requests_and_refuses_new_ones", STOP + "test_a_second_signal_ends_requests_at_once")),
    Fault(57, "SIGKILL of an engine in a stream", "an error event, 503 until it is back; other models go on", (DEAD + "test_killing_an_engine_fails_its_requests_alone_and_it_comes_back",)),
    Fault(58, "a node raises, hangs, sends a wrong type", "500 for that request; the log names the node", (ANSWERS + "test_a_node_that_raises_is_a_500_that_names_nothing_and_a_log_line_that_does", ANSWERS + "test_a_node_that_hangs_is_a_500_after_the_limit_and_its_run_is_closed", ANSWERS + "test_an_answer_that_is_none_is_a_500")),
    Fault(59, "the cache is full", "requests wait, or an error; never an empty 200", (FULL + "test_of_as_many_as_one_client_may_have_and_of_long_ones_that_exhaust_the_cache_each_waits_for_its_turn", ENGINE + "test_a_request_that_has_to_give_way_in_a_full_cache_is_503_with_a_time_to_wait")),
    Fault(60, "no memory while a model loads", "that model alone is unavailable", ("tests/serving/models/test_repository.py::test_models_open_each_for_itself", "tests/serving/models/test_resources.py::test_a_resource_that_fails_makes_its_models_unavailable_and_no_others", "tests/engines/process/test_no_memory.py::test_one_that_must_start_again_tries_until_there_is_memory_and_others_serve")),
    Fault(61, "a reload with invalid YAML", "the old graph serves on", ("tests/serving/test_reload.py::test_mistakes_are_reported_all_at_once_and_change_nothing",)),
    Fault(62, "line ends in the model's name and in headers", "no line of the log is forged", (HTTP + "test_newlines_in_model_and_headers_forge_no_log_line",)),
)  # fmt: skip

OVERLOADS: tuple[Fault, ...] = (
    Fault(1, "four times what the server carries", "each request is done or refused, none is lost", ("tests/serving/admission/test_overload.py::test_four_times_the_load_loses_no_request",)),
    Fault(2, "thousands of open requests", "the first gate refuses before the body, and health is answered", (GATES + "test_a_full_server_refuses_before_the_body_and_still_says_how_it_is",)),
    Fault(3, "a message far longer than the context", "400 before it is tokenised", ("tests/calculators/llm/test_chat_template.py::test_a_text_that_cannot_fit_is_refused_before_it_is_tokenised",)),
    Fault(4, "hundreds of thousands of messages", "400, and they are not read", ("tests/calculators/llm/parameters/test_wrong_values.py::test_a_conversation_has_no_more_messages_than_any_honest_one_and_is_not_read_beyond",)),
    Fault(5, "streams with bodies of megabytes", "their bodies are let go of when they are parsed", ("tests/serving/test_bodies_are_let_go.py::test_of_a_json_body_nothing_is_left",)),
    Fault(6, "a template of millions of turns", "it leaves the event loop", ("tests/calculators/llm/test_chat_template.py::test_a_short_request_whose_template_takes_many_turns_leaves_the_event_loop",)),
    Fault(7, "more idle connections than descriptors", "the oldest make room, and the log says nothing", (MANY + "test_idle_connections_make_room_and_the_server_says_nothing_of_it", MANY + "test_without_any_descriptor_it_waits_quietly_and_accepts_again")),
    Fault(8, "many slow grammars of one client", "another's waits for one of them alone", ("tests/engines/grammars/test_checker.py::test_many_grammars_of_one_client_keep_another_s_waiting_for_one_of_them_alone", "tests/engines/grammars/test_checker.py::test_a_grammar_that_waits_too_long_for_its_turn_is_turned_away")),
    Fault(9, "ever new grammars", "compiled ones take no more than grammar_memory", ("tests/engines/genai/test_kept_grammars.py::test_the_core_says_that_its_process_has_kept_too_many_grammars", "tests/engines/process/test_recycling.py::test_a_process_that_says_it_is_worn_out_is_replaced_and_no_request_is_lost")),
    Fault(10, "a place in the queue longer than the limit on silence", "it waits for its turn", ("tests/end_to_end/test_long_answers.py::test_so_may_a_beam_search_the_best_of_several_and_a_place_in_the_queue",)),
    Fault(11, "a megabyte of gzip that is a thousand", "413, decoded in slices", ("tests/serving/requests/test_content_codings.py::test_a_turn_decodes_a_slice_and_the_rest_waits_until_it_is_taken",)),
    Fault(12, "SIGSTOP of an engine", "neither ready nor up within seconds, and back", (DEAD + "test_an_idle_engine_that_is_stopped_is_neither_ready_nor_up_and_comes_back", BEAT + "test_a_process_that_is_stopped_in_a_stream_ends_it_and_is_neither_up_nor_ready")),
    Fault(13, "a web page of another site, DNS rebinding", "403, 421, 415", ("tests/serving/security/test_pages_of_others.py::test_a_simple_request_which_needs_no_preflight_is_refused", "tests/serving/security/test_pages_of_others.py::test_a_name_that_was_made_to_lead_here_is_not_served")),
)  # fmt: skip
