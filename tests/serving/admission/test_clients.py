"""Who a request is from."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from ovpipe.http import Client
from ovpipe.serving.admission.clients import CLIENT, client_at, client_of


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.7", "address:192.0.2.7"),
        ("::ffff:192.0.2.7", "address:192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "address:2001:db8:1:2::/64"),
        ("fe80::1%eth0", "address:fe80::/64"),
        ("/run/ovpipe.sock", "address:/run/ovpipe.sock"),
        ("", ""),
        (None, ""),
    ],
)
def test_an_address_names_a_client_and_an_ipv6_network_is_one(address: str | None, name: str) -> None:
    assert client_at(address) == Client(name)


def test_a_key_goes_before_the_address() -> None:
    request = make_mocked_request("GET", "/")
    assert client_of(request) == client_at(request.remote)
    request[CLIENT] = Client("key:alice", (0, 10))
    assert client_of(request) == Client("key:alice", (0, 10))
