"""Networks, as an installation names its proxies."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network


def read_network(text: str) -> Network:
    """An address, or a network such as `10.0.0.0/8`. Raises ValueError."""
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(f"`{text}` is no address and no network; for example: 10.0.0.5 or 10.0.0.0/24") from None
