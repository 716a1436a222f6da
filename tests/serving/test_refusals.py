"""What the front door refuses, in words."""

from __future__ import annotations

from ovpipe.serving.refusals import MOST_ROUTES, shutting_down, unknown_url, wrong_method


def test_a_405_names_what_is_allowed() -> None:
    assert wrong_method({"POST", "HEAD"}).message.endswith("allowed: HEAD, POST.")


def test_a_404_names_the_routes_there_are() -> None:
    chats = unknown_url(["POST /v1/chat/completions", "POST /v1/completions"])
    assert chats.message == (
        "Unknown request URL. There are POST /v1/chat/completions, POST /v1/completions and GET /v1/models."
    )
    assert unknown_url([]).message == "Unknown request URL. There are GET /v1/models."


def test_a_404_names_only_the_first_of_very_many_routes() -> None:
    message = unknown_url([f"GET /things/{number}" for number in range(100)]).message
    assert message.count("GET /things/") == MOST_ROUTES
    assert message.endswith("and GET /v1/models. GET /openapi.json describes all.")


def test_a_server_that_drains_says_when_to_come_back() -> None:
    assert (shutting_down().status, shutting_down().retry_after) == (503, 5)
