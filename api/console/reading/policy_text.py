"""The text of a version by its lines, with what a check finds underlined where it stands."""

from __future__ import annotations

from ordain.api.console.asked import Asked, Refused
from ordain.api.console.page_shape import Json, Names, Query
from ordain.api.console.reading.of_policy import of_policy


def policy_text(asked: Asked, names: Names, query: Query) -> Json:
    """Findings are told by `policy_findings`, which takes longer."""
    told = of_policy(asked, names, query)
    found = asked.text(_place(names, told))
    return {
        **told,
        "digest": found.etag.strip('"'),
        "lines": lines_with(found.body, []),
        "counts": None,
        "elsewhere": [],
    }


def policy_findings(asked: Asked, names: Names, query: Query) -> Json:
    """The same lines with their findings. Raises Refused for who may not edit policies."""
    told = of_policy(asked, names, query)
    text = asked.text(_place(names, told)).body
    return findings_of(asked, names["policy"], text)


def findings_of(asked: Asked, policy: str, text: str) -> Json:
    """`lines` of a text as it would stand among the policies, `findings` by line, `elsewhere` what it makes wrong in
    others, and `counts` by level. Raises Refused."""
    checked = asked.post("/v1/policies/check", {"text": text, "name": policy}, level="note")
    own = [each for each in checked["findings"] if each["line"] and str(each["file"]).endswith(checked["file"])]
    others = [each for each in checked["findings"] if each not in own]
    return {
        "counts": checked["counts"],
        "lines": lines_with(text, own),
        "findings": sorted(own, key=lambda each: (each["line"], each["column"])),
        "elsewhere": others,
    }


def lines_with(text: str, findings: list[Json]) -> list[Json]:
    """Each line: its number, its pieces, of which some are underlined, and the findings that begin in it."""
    by_line: dict[int, list[Json]] = {}
    for each in findings:
        by_line.setdefault(each["line"], []).append(each)
    return [
        {"number": number, "pieces": _pieces(line, by_line.get(number, [])), "findings": by_line.get(number, [])}
        for number, line in enumerate(text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n"), start=1)
    ]


def _pieces(line: str, findings: list[Json]) -> list[Json]:
    """The line cut where an underline begins or ends; of several findings about a stretch the first counts."""
    pieces, at = [], 0
    for each in sorted(findings, key=lambda found: found["column"]):
        start, end = max(each["column"] - 1, at), each["end_column"] - 1
        if end <= start:
            continue
        if start > at:
            pieces.append({"text": line[at:start], "level": ""})
        pieces.append({"text": line[start:end], "level": each["level"]})
        at = end
    return [*pieces, {"text": line[at:], "level": ""}] if at < len(line) or not pieces else pieces


def _place(names: Names, told: Json) -> str:
    version = told["version"]
    if version["file"] is None and told["approvals"] == "none":
        raise Refused(404, {"code": "TextLost", "message": f"there is no file of version {version['version']}"})
    return f"/v1/policies/{names['policy']}/versions/{version['version']}/text"
