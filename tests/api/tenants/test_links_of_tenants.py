"""A link for the person, on a server with tenants: it opens at its own tenant's address, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from callers import a_key_for_each
from housed import OTHER, OURS, House, make_server, make_tenant

Headers = dict[str, dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Headers]]:
    """Two tenants, each with a name of its own in the address that it gives to people; nobody logs in."""
    folder = make_server(tmp_path_factory.mktemp("links"))
    headers = {}
    for name in (OURS, OTHER):
        headers[name] = a_key_for_each(make_tenant(folder, name, login_address=f"http://{name}.localhost:8080"))
    with House(folder) as server:
        yield server, headers


def link_of(house: House, headers: Headers, tenant: str) -> str:
    decided = house.decided(headers[tenant]["app"], f"{tenant}-customer").json()["decision_id"]
    told = house.ask("POST", f"/v1/decisions/{decided}/link", b"{}", headers[tenant]["reviewer"])
    assert told.status == 200, told.body
    return str(told.json()["url"])


def test_a_link_opens_at_the_address_of_its_tenant_and_at_no_other(house: tuple[House, Headers]) -> None:
    server, headers = house
    for tenant, other in ((OURS, OTHER), (OTHER, OURS)):
        link = link_of(server, headers, tenant)
        address, _, token = link.partition("/price/")
        assert address == f"http://{tenant}.localhost:8080"
        opened = server.ask("GET", f"/price/{token}", None, {"Host": f"{tenant}.localhost:8080"})
        assert (opened.status, b"Your rights" in opened.body) == (200, True)
        for headers_sent in ({"Host": f"{other}.localhost:8080"}, {}, headers[other]["every role"]):
            told = server.ask("GET", f"/price/{token}", None, headers_sent)
            assert told.status in (401, 404), told.body
            assert tenant.encode() not in told.body
            assert b"Your rights" not in told.body
