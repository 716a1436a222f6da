"""Which names a server answers to."""

from __future__ import annotations

import socket

import pytest

from ovpipe.errors import RequestError
from ovpipe.serving.security.binding import check_binding, is_loopback
from ovpipe.serving.security.errors import SecurityError
from ovpipe.serving.security.hosts import AllowedHosts, name_in

HERE = AllowedHosts.of("127.0.0.1", ())


def status(hosts: AllowedHosts, *stated: str) -> int:
    """The status of a request that states these."""
    try:
        hosts.check(stated, required=True)
    except RequestError as error:
        return error.status
    return 200


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST.:8000",
        "127.0.0.1",
        "127.0.0.1:8000",
        "[::1]",
        "[::1]:8000",
        "[::ffff:127.0.0.1]:8000",
        "[fe80::1%25eth0]:8000",
        "192.168.1.7:8000",
        "ui.localhost:3000",
    ],
)
def test_a_local_server_answers_to_its_names_and_to_addresses_of_digits(host: str) -> None:
    assert status(HERE, host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "evillocalhost",
        "127.0.0.1.evil.example",
        "127.0.0.1.nip.io",
        "0x7f.1",
        "2130706433",
        "127.1",
        "127.0.0.01",
        socket.gethostname() + ".evil.example",
    ],
)
def test_another_name_is_421(host: str) -> None:
    assert status(HERE, host) == 421


@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        ":8000",
        ".",
        "localhost:",
        "localhost:80a",
        "localhost:999999",
        "user@localhost",
        "localhost/x",
        "localhost#@evil.example",
        "localhost, evil.example",
        "http://localhost",
        "*",
        "*.localhost",
        "löcalhost",
        "localhost\udcff",
        "[::1",
        "localhost\tx",
    ],
)
def test_what_is_no_host_is_400(host: str) -> None:
    assert status(HERE, host) == 400


def test_every_host_that_a_request_states_must_be_allowed() -> None:
    assert status(HERE, "localhost", "evil.example") == 421
    assert status(HERE, "evil.example", "localhost") == 421


def test_only_http_1_0_may_leave_it_out() -> None:
    assert status(HERE) == 400
    HERE.check([], required=False)


def test_a_list_adds_names_and_all_names_below_one() -> None:
    hosts = AllowedHosts.of("127.0.0.1", ["LLM.example.com:8000", "*.example.org", "ovpipe_1."])
    allowed = ["llm.example.com", "a.example.org:80", "a.b.example.org", "ovpipe_1:8000", "localhost"]
    assert [status(hosts, host) for host in allowed] == [200] * len(allowed)
    others = ["example.com", "a.llm.example.com", "example.org", "evilexample.org", "example.org.evil"]
    assert [status(hosts, host) for host in others] == [421] * len(others)


def test_a_star_allows_every_name_but_nothing_that_is_none() -> None:
    hosts = AllowedHosts.of("127.0.0.1", ["*"])
    assert status(hosts, "anything.example") == 200
    assert status(hosts, "user@anything.example") == 400


def test_the_bound_name_counts_and_the_machine_s_own_where_others_can_reach_it() -> None:
    assert status(AllowedHosts.of("my.host.invalid", ()), "My.Host.invalid:80") == 200
    assert socket.gethostname().lower() in AllowedHosts.of("0.0.0.0", ()).names
    assert "0.0.0.0" not in AllowedHosts.of("0.0.0.0", ()).names


@pytest.mark.parametrize("name", ["https://llm.example.com", "", "a b", "a.*", "**", "*example.com"])
def test_what_is_no_name_cannot_be_listed(name: str) -> None:
    with pytest.raises(SecurityError, match="is no allowed host; write a name as in"):
        AllowedHosts.of("127.0.0.1", [name])


def test_a_name_loses_its_port_one_dot_and_its_capitals() -> None:
    assert name_in("Local.HOST.:80") == "local.host"
    assert name_in("[FE80::1]:80") == "[fe80::1]"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "::ffff:127.0.0.1"])
def test_what_only_this_machine_reaches_needs_no_key(host: str) -> None:
    assert is_loopback(host)
    check_binding(host, has_keys=False, insecure=False)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.0.2.1", "::ffff:192.0.2.1", "nowhere.invalid", "\udcff", "a" * 70]
)
def test_what_others_reach_needs_keys_or_a_word(host: str) -> None:
    with pytest.raises(SecurityError, match="can be reached from other machines.*--insecure"):
        check_binding(host, has_keys=False, insecure=False)
    check_binding(host, has_keys=True, insecure=False)
    check_binding(host, has_keys=False, insecure=True)
