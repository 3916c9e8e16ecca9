"""The interface as one HTML page that stands alone: no script, no other file, no outside address."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from collections.abc import Iterable
from html import escape
from typing import Any

from ordain.api.access.caller import Caller
from ordain.api.contract.error_meanings import MEANINGS, place_of
from ordain.api.contract.pages import logged_in, page
from ordain.api.contract.service_sheet import Offer, names_of, service_list, service_sheet
from ordain.engine.errors import NotInForce

Json = dict[str, Any]

_KNOWN = (
    "<p>Each request says who asks: <code>Authorization: Bearer &lt;key or token&gt;</code>; to a command below add"
    ' <code>-H "Authorization: Bearer $KEY"</code>. For another time than now (<code>at</code>) the caller needs the'
    " right <code>decide at another time</code>.</p>"
)


def docs_page(offer: Offer, document: Json, at: dt.datetime, address: str, asking: Caller) -> str:
    """The whole page: who is logged in, the services at that time, then all routes.

    `address` is where the examples send requests.
    """
    shorts = service_list(offer, at)["services"]
    body = "\n".join(
        [
            "<h1>Ordain</h1>",
            *([who] if (who := logged_in(asking)) else []),
            f'<p>What can be asked here on {at.date().isoformat()}. For programs: <a href="openapi.json">openapi.json'
            "</a>, and for each service <code>/v1/services/&lt;service&gt;</code>.</p>",
            *([_KNOWN] if document.get("security") else []),
            _contents(shorts),
            *(_service(offer, name, at, address) for name in names_of(offer)),
            _routes(document),
            _errors(),
        ]
    )
    return page("Ordain: what can be asked here", body)


def curl(address: str, request: Json, service: str) -> str:
    """A command that sends the request."""
    body = json.dumps(request, indent=1, ensure_ascii=False)
    to = shlex.quote(f"{address}/v1/decisions/{service}")
    return f"curl -s {to} -H 'content-type: application/json' -d {shlex.quote(body)}"


def _contents(shorts: Iterable[Json]) -> str:
    rows = [
        (f'<a href="#{escape(each["service"])}">{escape(each["service"])}</a>', escape(each["purpose"]))
        for each in shorts
    ]
    return _table(("service", "what for"), rows)


def _service(offer: Offer, name: str, at: dt.datetime, address: str) -> str:
    heading = f'<h2 id="{escape(name)}">{escape(name)}</h2>'
    try:
        sheet = service_sheet(offer, name, at)
    except NotInForce as error:
        return f"{heading}\n<p>It cannot be asked now: {escape(error.message)}.</p>"
    denied = " A denial is refused (422 <code>ComplianceViolation</code>)." if sheet["if_denied"] == "refuse" else ""
    if sheet["gives_verdict"] and sheet["if_review"] == "withhold":
        denied += " While it is in review (<code>in_review</code>), the outcome is withheld."
    if sheet["at"] == "refused":
        denied += " It decides for the moment it is asked, and takes no <code>at</code>."
    parts = [
        heading,
        f"<p>{escape(sheet['purpose'])}{denied}</p>",
        "<h3>Facts</h3>",
        _table(("fact", "need", "what it is", "meaning, and what its absence does"), map(_fact, sheet["facts"])),
        "<h3>It gives</h3>",
        _table(("value", "what it is"), [(f"<code>{escape(n)}</code>", _kind(v)) for n, v in sheet["gives"].items()]),
        _example(sheet, address),
        "<h3>Policies in force</h3>",
        _table(("policy", "from", "what for"), map(_policy, sheet["policies"])),
    ]
    return "\n".join(parts)


def _fact(fact: Json) -> tuple[str, ...]:
    personal = " <small>personal</small>" if fact["personal"] else ""
    name = f'<span class="{escape(fact["need"])}"><code>{escape(fact["fact"])}</code></span>{personal}'
    absent = "" if fact["need"] == "required" else f"If absent: {fact['if_absent']}."
    return name, escape(fact["need"]), _kind(fact), f"{escape(fact['meaning'])}<br><small>{escape(absent)}</small>"


def _kind(value: Json) -> str:
    """Type, unit, range, values and fields of a fact or an output."""
    text = escape(value["type"])
    if "unit" in value:
        text += f", {escape(value['unit'])}"
    if "range" in value:
        text += f", {escape(value['range'])}"
    if "precision" in value:
        text += f", to {value['precision']} digits"
    if "format" in value:
        text += f", a {escape(value['format'])}"
    if "values" in value:
        text += f"<br><small>{escape(', '.join(value['values']))}</small>"
    for name, part in value.get("fields", {}).items():
        text += f"<br><code>{escape(name)}</code>: {_kind(part)}"
    return text


def _example(sheet: Json, address: str) -> str:
    example = sheet["example"]
    if example is None:
        return "<h3>Example</h3>\n<p>No request that works was found in the examples of its policies.</p>"
    answer = json.dumps(example["answer"], indent=1, ensure_ascii=False)
    return (
        f"<h3>Example</h3>\n<pre>{escape(curl(address, example['request'], sheet['service']))}</pre>\n"
        "<p>answers (ids and hashes are new each time; leave <code>at</code> out to decide for now):</p>\n"
        f"<pre>{escape(answer)}</pre>"
    )


def _policy(policy: Json) -> tuple[str, ...]:
    effective = policy["effective"]
    until = f" until {effective['until']}" if effective["until"] else ""
    until += ", then the version before" if "then" in effective else ""
    label = f"<code>{escape(policy['policy'])}@{policy['version']}</code>"
    return label, escape(effective["from"] + until), escape(policy["purpose"])


def _routes(document: Json) -> str:
    rows = []
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            refused = [
                f"{status} {escape(response['description'])}"
                for status, response in told["responses"].items()
                if status != "200"
            ]
            route = f"<code>{method.upper()} {escape(path)}</code>"
            rows.append((route, escape(told["summary"]), f"<small>{'<br>'.join(refused)}</small>"))
    return "\n".join(["<h2>Routes</h2>", _table(("route", "what it does", "other statuses"), rows)])


def _errors() -> str:
    rows = [
        (f'<span id="{escape(place_of(code).partition("#")[2])}"><code>{escape(code)}</code></span>', escape(meaning))
        for code, meaning in sorted(MEANINGS.items())
    ]
    return "\n".join(["<h2>Codes of errors</h2>", _table(("code", "what it means"), rows)])


def _table(heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}\n</table></div>'
