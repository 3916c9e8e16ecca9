"""No event goes to an address inside, however it is written, unless the endpoint allows it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from ordain.api.events.addresses import NotAllowed, chosen, is_public

ANY = "0.0.0.0"  # noqa: S104 - nothing is bound to it
INSIDE = [
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", ANY),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff0e::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::1"),
]
OUTSIDE = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1"]


@pytest.mark.parametrize("text", INSIDE)
def test_an_address_inside_is_not_public(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_an_address_of_the_internet_is(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", INSIDE)
def test_a_name_that_leads_inside_alone_is_refused(text: str) -> None:
    with pytest.raises(NotAllowed, match="not a public address"):
        chosen([ip_address(text)], private=False, encrypted=True)


def test_of_several_addresses_the_first_that_may_be_connected_to_is_taken() -> None:
    addresses = [ip_address("127.0.0.1"), ip_address("8.8.8.8")]
    assert chosen(addresses, private=False, encrypted=True) == ip_address("8.8.8.8")
    assert chosen(addresses, private=True, encrypted=True) == ip_address("127.0.0.1")
    assert chosen(addresses[::-1], private=True, encrypted=False) == ip_address("127.0.0.1")


@pytest.mark.parametrize("text", ["224.0.0.1", ANY, "::", "ff02::1"])
def test_an_address_that_is_no_single_machines_is_refused_even_where_private_ones_are_allowed(text: str) -> None:
    with pytest.raises(NotAllowed):
        chosen([ip_address(text)], private=True, encrypted=True)


def test_nothing_goes_over_the_internet_unencrypted() -> None:
    with pytest.raises(NotAllowed, match="use https"):
        chosen([ip_address("8.8.8.8")], private=True, encrypted=False)
