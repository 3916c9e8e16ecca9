"""The client is who the connection is from; a proxy's word counts only when the installation believes that proxy."""

from __future__ import annotations

import pytest
from asking import Head
from hypothesis import given
from hypothesis import strategies as st

from ordain.api.rates.client_address import Clients
from ordain.api.rates.networks import read_network

OURS = [read_network("10.0.0.0/8"), read_network("fd00::1")]


def address(client: str, *said: str, proxies: list[str] | None = None) -> str:
    networks = OURS if proxies is None else [read_network(each) for each in proxies]
    return Clients(networks).address_of(Head(client, tuple(("x-forwarded-for", each) for each in said)))


@pytest.mark.parametrize(
    ("client", "said", "found"),
    [
        ("192.0.2.1:5000", (), "192.0.2.1"),
        ("192.0.2.1:5000", ("198.51.100.7",), "192.0.2.1"),  # it is no proxy of ours
        ("10.0.0.5:5000", (), "10.0.0.5"),
        ("10.0.0.5:5000", ("198.51.100.7",), "198.51.100.7"),
        ("10.0.0.5:5000", ("203.0.113.9, 198.51.100.7",), "198.51.100.7"),  # what stands before is the client's own
        ("10.0.0.5:5000", ("203.0.113.9", "198.51.100.7"), "198.51.100.7"),
        ("10.0.0.5:5000", ("198.51.100.7, 10.0.0.9, 10.1.2.3",), "198.51.100.7"),  # proxy behind proxy
        ("10.0.0.5:5000", ("10.0.0.9",), "10.0.0.9"),  # a client of our own network
        ("10.0.0.5:5000", ("198.51.100.7, evil",), "10.0.0.5"),
        ("10.0.0.5:5000", ("",), "10.0.0.5"),
        ("10.0.0.5:5000", ("198.51.100.7:443",), "198.51.100.7"),
        ("[::ffff:10.0.0.5]:5000", ("198.51.100.7",), "198.51.100.7"),
        ("[2001:db8::1]:5000", (), "2001:db8::/64"),
        ("[2001:db8::ffff:1]:5000", (), "2001:db8::/64"),  # one client has all of its network
        ("[fd00::1]:5000", ("2001:db8:1::7",), "2001:db8:1::/64"),
        ("10.0.0.5:5000", ("[2001:db8:1::7]:99",), "2001:db8:1::/64"),
    ],
)
def test_the_client_is(client: str, said: tuple[str, ...], found: str) -> None:
    assert address(client, *said) == found


def test_nobody_is_believed_unless_a_proxy_is_named() -> None:
    assert address("127.0.0.1:5000", "198.51.100.7", proxies=[]) == "127.0.0.1"


@given(st.text(max_size=300))
def test_whatever_a_client_writes_its_proxy_adds_who_it_is(forged: str) -> None:
    assert address("10.0.0.5:1", f"{forged}, 198.51.100.7") == "198.51.100.7"
    assert address("192.0.2.1:1", forged) == "192.0.2.1"


@pytest.mark.parametrize("text", ["", "proxy", "10.0.0.5/33", "10.0.0.5/8"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="for example"):
        read_network(text)
