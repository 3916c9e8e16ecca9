"""The head of a request as the web server gives it to the front: every name that granian's scope has, none missing."""

from types import SimpleNamespace
from typing import Any


def head(method: str = "GET", path: str = "/", headers: dict[str, str] | None = None) -> Any:
    """What RSGI calls a scope (granian/_granian.pyi, RSGIHTTPScope), for a test that calls a part by itself."""
    return SimpleNamespace(
        proto="http",
        http_version="1.1",
        rsgi_version="1.5",
        scheme="http",
        method=method,
        path=path,
        query_string="",
        headers={} if headers is None else headers,
        authority=None,
        client="127.0.0.1:40000",
        server="127.0.0.1:8080",
    )
