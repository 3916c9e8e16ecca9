"""The interface as one HTML page that stands alone: no script, no other file, no outside address."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from collections.abc import Iterable
from html import escape
from typing import Any

from ordain.api.contract.service_sheet import Offer, names_of, service_list, service_sheet
from ordain.engine.errors import NotInForce

Json = dict[str, Any]

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #59636e; --line: #d1d9e0; --back: #f6f8fa;
  --mark: #0550ae; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9198a1; --line: #3d444d;
  --back: #161b22; --mark: #79c0ff; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 75rem; padding: 0 1rem; }
a { color: var(--mark); } h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: 1rem 0; width: 100%; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
code, pre { font: 13px/1.5 ui-monospace, monospace; } small, .soft { color: var(--soft); }
pre { background: var(--back); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto; }
.required code { font-weight: 700; }
"""


def docs_page(offer: Offer, document: Json, at: dt.datetime, address: str) -> str:
    """The whole page: the services at that time, then all routes. `address` is where the examples send requests."""
    shorts = service_list(offer, at)["services"]
    body = "\n".join(
        [
            "<h1>Ordain</h1>",
            f'<p>What can be asked here on {at.date().isoformat()}. For programs: <a href="openapi.json">openapi.json'
            "</a>, and for each service <code>/v1/services/&lt;service&gt;</code>.</p>",
            _contents(shorts),
            *(_service(offer, name, at, address) for name in names_of(offer)),
            _routes(document),
        ]
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Ordain: what can be asked here</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{body}\n</body>\n</html>\n"
    )


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


def _table(heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f"<th>{each}</th>" for each in heads)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}\n</table></div>'
