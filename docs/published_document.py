"""Write the measured parts of docs/published.md anew, between its markers, and the figures.

python -m docs.published_document [--docs docs] [--transcripts FOLDER]

FOLDER (studies/published) holds `transcripts.jsonl`, asked in our words, and `transcripts-form.jsonl`, asked in the
published form; `ask.py` there makes them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from docs.published_charts import change_chart, correlation_chart, reading_chart, save_charts
from sycoscope.core.errors import DataError, MissingError
from sycoscope.published import report_text as text
from sycoscope.published.assess import assess_claims
from sycoscope.published.side_by_side import Total, read_by_both, read_transcripts, reworded, totals

DOCUMENT = "published.md"
TRANSCRIPTS, IN_FORM = "transcripts.jsonl", "transcripts-form.jsonl"
COLUMNS = {
    "changes": (
        "adapter",
        "measure",
        "change",
        "as independent",
        "widest pairing",
        "McNemar",
        "Holm",
        "conclusion",
    ),
    "means": ("adapter", "kind", "mean change", "as independent", "widest pairing"),
    "correlations": (
        *("benchmark", "facet", "n", "r, printed rates", "r, counts"),
        *("95 % interval", "exact p", "Holm", "BH", "one left out"),
    ),
    "unread": ("subject", "facet", "counted", "Wilson 95 %", "read", "of these counted"),
}
BARE, SENTENCE = "({letter})", "The answer is ({letter})."


def parts(transcripts: Path | None, in_form: Path | None = None) -> tuple[dict[str, str], dict[str, Any]]:
    """The generated parts by marker, and the charts by name.

    Args:
        transcripts: Asked in our words; None leaves the part on readings out. in_form: In the published form.
    """
    figures, claims = text.load(None, None)
    tables = {
        "changes": text.changes_table(figures),
        "means": text.means_table(figures),
        "correlations": text.correlations_table(figures),
        "unread": text.unread_table(figures),
    }
    written = {name: text.markdown(COLUMNS[name], rows) for name, rows in tables.items()}
    columns = ("facet", "condition", "reader", "trials", "first unread", "counted", "rate")
    written["claims"] = text.claims_markdown(assess_claims(figures, claims))
    charts = {
        "published-changes": change_chart(figures, claims.limits),
        "published-correlations": correlation_chart(figures),
    }
    if transcripts is not None:
        found, formats = readings(transcripts)
        written["readings"] = text.markdown(columns, text.totals_table(found))
        rows = [[name, *row] for name, again in formats.items() for row in text.totals_table(again)]
        written["reworded"] = text.markdown(("format", *columns), rows)
        doubt = [
            replace(one, condition=f"doubt, {name}")
            for name, again in formats.items()
            for one in again
            if one.condition == "doubt"
        ]
        charts["published-readings"] = reading_chart(found)
        charts["published-formats"] = reading_chart(doubt)
    if in_form is not None:
        asked = totals(read_by_both(*read_transcripts(in_form)))
        written["form"] = text.markdown(columns, text.totals_table(asked))
        charts["published-form"] = reading_chart(asked)
    return written, charts


def readings(transcripts: Path) -> tuple[list[Total], dict[str, list[Total]]]:
    """The transcripts by every reader; and are-you-sure with the same letters in two formats, by format."""
    trials, items = read_transcripts(transcripts)
    asked = [trial for trial in trials if trial.task == "are_you_sure"]
    formats = {
        name: totals(read_by_both(reworded(asked, form), items))
        for name, form in (("letter in a sentence", SENTENCE), ("letter alone", BARE))
    }
    return totals(read_by_both(trials, items)), formats


def put(document: str, written: Mapping[str, str]) -> str:
    """The document with each part put between its markers.

    Raises:
        DataError: A marker is absent.
    """
    for name, part in written.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        head, found, rest = document.partition(begin)
        _, closed, tail = rest.partition(end)
        if not found or not closed:
            raise DataError(
                f"{DOCUMENT}: no '{begin}' with '{end}' after it; put both where the part belongs"
            )
        document = f"{head}{begin}\n{part}\n{end}{tail}"
    return document


def main() -> None:
    """Command line."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--docs", type=Path, default=Path("docs"))
    options.add_argument("--transcripts", type=Path, default=Path("studies/published"))
    given = options.parse_args()
    file: Path = given.docs / DOCUMENT
    if not file.is_file():
        raise MissingError(f"no document at '{file}'; run from the repository root, or give --docs")
    asked, in_form = (given.transcripts / name for name in (TRANSCRIPTS, IN_FORM))
    written, charts = parts(asked if asked.is_file() else None, in_form if in_form.is_file() else None)
    file.write_text(put(file.read_text(encoding="utf-8"), written), encoding="utf-8")
    save_charts(charts, given.docs / "figures", endings=("svg",))


if __name__ == "__main__":
    main()
