"""`ordain import holidays`: the public holidays of a country as a calendar that policies share, every day written out.

The library `holidays` knows them. It is asked here and nowhere else: what is decided by is the text that is printed, so
that no decision depends on which version of the library is installed.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.text import Text

from ordain.api.cli.terminal import ERR
from ordain.engine.errors import MalformedRequest, counted, did_you_mean, near_word
from ordain.engine.late import late
from ordain.engine.limits import LIMITS
from ordain.engine.policy.fmt import formatted
from ordain.engine.policy.shared import FOLDER
from ordain.engine.text.scalars import scalar
from ordain.engine.values.calendar import WEEKDAYS

_ESTIMATED = "(estimated)"


@click.command("holidays")
@click.argument("place", metavar="COUNTRY[-PART]")
@click.option("--years", required=True, help="The years to print, such as 2026..2028.")
@click.option("--owner", required=True, help="Who answers for the calendar.")
@click.option("--name", default="", help="The name of the shared part and its calendar; by the place, if left out.")
@click.option("--version", "number", default=1, type=click.IntRange(1, 999_999), help="Its version; 1, if left out.")
def holidays_command(place: str, years: str, owner: str, name: str, number: int) -> None:
    """Print the public holidays of COUNTRY, or of a PART of it such as IN-MH, as a text for policies/shared.

    Countries and parts have their codes of ISO 3166: IN-MH is Maharashtra, GB-SCT Scotland. Look the days through
    before you use them: some are estimated, and a country may declare others. They stand in the text from then on, and
    no newer version of the library changes them.

    Exit codes: 0 printed, 2 no such country, part or years, or the library is not installed.
    """
    first, last = _years(years)
    library = late("holidays")
    country, _, part = place.upper().partition("-")
    if country not in library.list_supported_countries(include_aliases=False):
        raise MalformedRequest(f"`{place[:40]}` is no country whose holidays are known", _country_hint(library, place))
    found = _found(library, country, part, first, last)
    called = name or place.lower()
    if not re.fullmatch("[a-z][a-z0-9-]*", called):
        raise MalformedRequest(f"`{called}` cannot be the name of a calendar", "use small letters, digits and hyphens")
    _doubts(library, country, part, found)
    text = _text(found, f"holidays {library.__version__}", place.upper(), (first, last), called, owner, number)
    click.echo(formatted(text.encode(), f"{FOLDER}/{called}/v{number}.yaml"), nl=False)


def _years(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{4})(?:\s*\.\.\s*(\d{4}))?", text.strip())
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not 0 <= last - first < LIMITS.calendar_years:
        raise MalformedRequest(
            f"`{text}` is no years", f"write 2026, or 2026..2028; {LIMITS.calendar_years} years at the most"
        )
    return first, last


def _found(library: Any, country: str, part: str, first: int, last: int) -> Any:
    """The days of these years as the library gives them. Raises MalformedRequest for what it does not know."""
    known: Mapping[str, list[str]] = library.list_supported_countries(include_aliases=False)
    of = getattr(library, country)
    if part and part not in known[country]:
        hint = _part_hint(of, part, known[country]) if known[country] else "it is known without parts"
        raise MalformedRequest(f"`{country}` has no part `{part[:40]}`", hint)
    if not of.start_year <= first <= last <= of.end_year:
        what = f"the holidays of {country} are known from {of.start_year} to {of.end_year}"
        raise MalformedRequest(what, "choose other years")
    language = "en_US" if "en_US" in of.supported_languages else None
    with warnings.catch_warnings():
        # The library only warns where it knows the movable feasts of fewer years, and leaves them out.
        warnings.simplefilter("error", UserWarning)
        try:
            return library.country_holidays(
                country, subdiv=part or None, years=range(first, last + 1), language=language
            )
        except UserWarning as warned:
            raise MalformedRequest(
                f"not all holidays of these years are known: {warned}", "choose other years"
            ) from None


def _country_hint(library: Any, place: str) -> str:
    """The code of the country that was named, or nearly: in English, or by a code of three letters."""
    countries: Mapping[str, tuple[str, ...]] = late("holidays.registry:COUNTRIES")
    codes = {}
    for called, (_, code, *others) in countries.items():
        codes.update(dict.fromkeys([called.replace("_", " ").title(), *others], code))
    written = " ".join(re.split(r"[\s_-]+", place.strip()))
    for said in (written, written.partition(" ")[0]):
        # A code of two or three letters is near to many others, none of which is meant more than the rest.
        near = next((each for each in codes if each.upper() == said.upper()), "")
        near = near or (near_word(said.title(), [each for each in codes if len(each) > 3]) if len(said) > 3 else "")
        if near:
            return f"did you mean `{codes[near]}` ({near})?"
    return "a country has its code of two letters, as in ISO 3166: IN, or DE-BY with a part"


def _part_hint(of: Any, part: str, known: Sequence[str]) -> str:
    """The code of the part that was named, or nearly; or the codes that there are."""
    names: Mapping[str, str] = getattr(of, "subdivisions_aliases", {})
    near = next((each for each in names if each.upper() == part), "") or near_word(part.title(), names)
    return f"did you mean `{names[near]}` ({near})?" if near else did_you_mean(part, known)


def _doubts(library: Any, country: str, part: str, found: Any) -> None:
    """Says what whoever prints a calendar has to look at."""
    parts = [] if part else library.list_supported_countries(include_aliases=False)[country]
    if parts:
        told = f"{country} has parts with holidays of their own, which are left out: {', '.join(parts)}"
        ERR.print(Text(f"{told}; write {country}-{parts[0]} for one of them"))
    estimated = sum(_ESTIMATED in name for name in found.values())
    if estimated:
        ERR.print(Text(f"{counted(estimated, 'day')} of them estimated, as their names say: look them up"))


def _text(found: Any, source: str, place: str, years: tuple[int, int], called: str, owner: str, number: int) -> str:
    span = f"{years[0]}..{years[1]}" if years[0] != years[1] else str(years[0])
    closed = ", ".join(WEEKDAYS[day] for day in sorted(found.weekend))
    days = [f"      {day}: {scalar(name, flow=False)}" for day, name in sorted(found.items())]
    return "\n".join(
        [
            f"shared: {called}",
            f"version: {number}",
            f"owner: {scalar(owner, words_only=True, flow=False)}",
            f"purpose: Public holidays of {place}, {span.replace('..', ' to ')}.",
            "",
            "calendars:",
            f"  {called.replace('-', '_')}:",
            f"    years: {span}",
            f"    closed: [{closed}]",
            "    holidays:",
            *days,
            f"    source: {source}",
            "",
        ]
    )
