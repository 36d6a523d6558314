"""The verdict as JUnit XML: one case for each measure that gates.

`fail` is a `<failure>`, `not comparable` an `<error>`, `inconclusive` an `<error type="inconclusive">`, or what it is
told to count as: a `<failure>`, or `<skipped>` where it is let pass.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as Xml

from sycoscope.gate.numbers import change_of, flips_of, floor_of, margin_of, unit_of, why
from sycoscope.gate.verdict import MEANINGS, GateVerdict, Line

SUITE = "sycoscope.gate"
# Characters that XML 1.0 cannot hold at all, not even as references.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """Text without what XML 1.0 cannot hold."""
    return _ILLEGAL.sub("", text)


def junit(verdict: GateVerdict) -> bytes:
    """The file, UTF-8."""
    root = Xml.Element("testsuites", name=SUITE)
    suite = Xml.SubElement(root, "testsuite", name=SUITE)
    _properties(
        suite,
        {
            "verdict": verdict.word,
            "exit_code": str(verdict.exit_code),
            "run": verdict.run,
            "against": verdict.against,
        }
        | {name.replace(" ", "_"): value for name, value in verdict.details.items()},
    )
    counts = dict.fromkeys(("failure", "error", "skipped"), 0)
    several = len({line.subject for line in verdict.lines}) > 1
    for line in verdict.lines:
        kind = _kind(line, verdict)
        if kind:
            counts[kind] += 1
        _case(suite, line, verdict, kind, line.task + (f"[{line.subject}]" if several else ""))
    for element in (root, suite):
        element.set("tests", str(len(verdict.lines)))
        for name, key in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            element.set(name, str(counts[key]))
    Xml.indent(root)
    text: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _kind(line: Line, verdict: GateVerdict) -> str:
    if line.word == "inconclusive":
        return {"code": "error", "fail": "failure", "pass": "skipped"}[verdict.inconclusive]
    return {"fail": "failure", "not comparable": "error"}.get(line.word, "")


def _case(suite: Xml.Element, line: Line, verdict: GateVerdict, kind: str, name: str) -> None:
    case = Xml.SubElement(suite, "testcase", classname=SUITE, name=legal(name))
    told = {
        "measure": line.name, "subject": line.subject, "reference": line.reference, "unit": unit_of(line),
        "before": line.before, "after": line.after, "change": line.value, "low": line.low, "high": line.high,
        "margin": line.margin, "n": line.n, "coverage": line.coverage, "verdict": line.word,
    }  # fmt: skip
    _properties(case, {key: str(value) for key, value in told.items() if value not in (None, "")})
    if not kind:
        return
    sentence = why(line, strict=verdict.strict)
    element = Xml.SubElement(case, kind, message=legal(sentence))
    if kind != "skipped":
        element.set("type", line.word.replace(" ", "-"))
    numbers = f"change {change_of(line)} {unit_of(line)}, margin {margin_of(line)}, n {line.n}"
    element.text = legal(
        "\n".join(filter(None, (sentence, numbers, flips_of(line), floor_of(line), MEANINGS[line.word])))
    )


def _properties(parent: Xml.Element, values: dict[str, str]) -> None:
    found = Xml.SubElement(parent, "properties")
    for name, value in values.items():
        Xml.SubElement(found, "property", name=legal(name), value=legal(value))
