"""What pages for people have in common, and the short ones of log-in. No script, no other file, no outside address."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from html import escape

from ordain.api.access.caller import Caller

STYLE = """
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
_AGAIN = '<p><a href="/login">Log in</a></p>'


def page(title: str, body: str) -> str:
    """The whole of a page; `body` is HTML, `title` is not."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def who_page(caller: Caller, rights: Iterable[str]) -> str:
    """Of somebody who is logged in: name, roles and rights, and the way out."""
    roles = ", ".join(sorted(caller.roles)) or "none"
    may = ", ".join(sorted(rights)) or "nothing: no role has a right here, so ask whoever gives roles out"
    parts = [
        "<h1>Ordain</h1>",
        logged_in(caller),
        f"<p>Roles: {escape(roles)}<br>\nYou may: {escape(may)}</p>",
        '<p><a href="/docs">What can be asked here</a></p>',
    ]
    return page("Ordain: logged in", "\n".join(parts))


def logged_in(caller: Caller) -> str:
    """Who is logged in and until when, with the button to log out; empty for who did not log in."""
    if caller.session is None:
        return ""
    until = dt.datetime.fromtimestamp(caller.session.until, dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f'<form method="post" action="/logout">Logged in as <b>{escape(caller.name)}</b>,'
        f" until {until} at the latest.\n"
        f'<input type="hidden" name="csrf_token" value="{escape(caller.session.csrf_token)}">\n'
        "<button>Log out</button></form>"
    )


def logged_out_page() -> str:
    said = "You are logged out here. The identity provider may still know you: log out there, too, on a shared machine."
    return page("Ordain: logged out", f"<h1>Logged out</h1>\n<p>{said}</p>\n{_AGAIN}")


def failed_page(told: str, *, again: bool = True) -> str:
    """`told` says why somebody could not log in or out; `again` whether it may go better the next time."""
    return page("Ordain: not logged in", f"<h1>Not logged in</h1>\n<p>{escape(told)}</p>\n{_AGAIN if again else ''}")


def led_page(path: str) -> str:
    """Of a reading that somebody did not ask for here; `path` is where the person may go on to."""
    said = "What you would see is put on record as read by you, and a link of another site, or the log-in, led here."
    link = f'<p><a href="{escape(path)}">Go on to {escape(path)}</a></p>'
    return page("Ordain: to be read", f"<h1>Do you want to read this?</h1>\n<p>{said}</p>\n{link}")
