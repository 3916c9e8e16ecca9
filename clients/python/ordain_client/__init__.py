"""Asks an Ordain service for decisions. `Client` and `AsyncClient` begin; `ordain-client` writes types of services."""

from ordain_client.answer import Answer, Money, Number
from ordain_client.async_client import AsyncClient, AsyncService
from ordain_client.client import Client, Service
from ordain_client.errors import Denied, Invalid, NoAnswer, NotAllowed, NotFound, OrdainError, Refused, Unavailable
from ordain_client.tries import Patience

__all__ = [
    "Answer",
    "AsyncClient",
    "AsyncService",
    "Client",
    "Denied",
    "Invalid",
    "Money",
    "NoAnswer",
    "NotAllowed",
    "NotFound",
    "Number",
    "OrdainError",
    "Patience",
    "Refused",
    "Service",
    "Unavailable",
]
