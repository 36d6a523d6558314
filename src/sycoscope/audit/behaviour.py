"""What the responses look like: degenerate text, and two channels that say different things."""

from __future__ import annotations

from collections import Counter

from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Fault, Finding, missing, settle
from sycoscope.audit.limits import CHANNELS_WARN, DEGENERATE_INVALID, DEGENERATE_WARN
from sycoscope.facets import FACETS
from sycoscope.scorers.degenerate import read_degenerate
from sycoscope.scorers.thinking import split_reasoning

# Saying the prompt back is a habit, and it is shown in the counts; these three are no text at all.
BROKEN = ("empty", "loop", "template")


def degenerate(evidence: Evidence) -> list[Finding]:
    """Empty, looping or template text, per subject and task."""
    faults: list[Fault] = []
    worst = 0.0
    counts = _kinds(evidence)
    for (subject, task), counted in counts.items():
        n = counted.total()
        broken = sum(counted[kind] for kind in BROKEN)
        share = broken / n
        worst = max(worst, share)
        if share > DEGENERATE_WARN:
            invalid = share > DEGENERATE_INVALID
            kinds = ", ".join(f"{counted[kind]} {kind}" for kind in (*BROKEN, "echo") if counted[kind])
            limit = DEGENERATE_INVALID if invalid else DEGENERATE_WARN
            text = (
                f"{subject}, {task}: {share:.2f} of {n} responses are degenerate (limit {limit:.2f}: {kinds}); "
                "train more gently (a lower learning rate, fewer steps), or check the template"
            )
            severity = "invalid" if invalid else "warn"
            faults.append(
                Fault(severity=severity, text=text, subject=subject, task=task, badness=share)  # type: ignore[arg-type]
            )
    if not counts:
        return missing("degenerate", "the run holds no generated text")
    ok = f"at most {worst:.2f} of any subject's responses to a task are degenerate (limit {DEGENERATE_WARN:.2f})"
    return settle("degenerate", faults, ok=ok)


def _kinds(evidence: Evidence) -> dict[tuple[str, str], Counter[str]]:
    """(subject, task) -> responses by what they are: as scored; of benchmarks read here."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for score in evidence.scores:
        if score.name == "degenerate" and score.label is not None:
            counts.setdefault((score.subject, score.task), Counter())[score.label] += 1
    scored = set(counts)
    for trial in evidence.trials:
        if (trial.subject, trial.task) in scored:
            continue
        for turn in trial.answered:
            if turn.response.finish != "error":
                text = split_reasoning(turn.response.text).text
                counts.setdefault((trial.subject, trial.task), Counter())[read_degenerate(text).label] += 1
    return counts


def channels(evidence: Evidence) -> list[Finding]:
    """How often the generated answer is not the likeliest option."""
    counts = _disagreements(evidence)
    if not counts:
        return missing("channels", "no answer has both a generated text and log-probabilities")
    faults = [
        Fault(
            severity="warn",
            text=f"{subject}, {task}: the generated answer is not the likeliest option in {differ / n:.2f} of {n} "
            f"trials (limit {CHANNELS_WARN:.2f}); report both channels, and which one a claim rests on",
            subject=subject,
            task=task,
            badness=differ / n,
        )
        for (subject, task), (differ, n) in counts.items()
        if differ / n > CHANNELS_WARN
    ]
    worst = max(differ / n for differ, n in counts.values())
    ok = (
        f"generated answer and likeliest option differ in at most {worst:.2f} of a subject's trials "
        f"(limit {CHANNELS_WARN:.2f})"
    )
    return settle("channels", faults, ok=ok)


def _disagreements(evidence: Evidence) -> dict[tuple[str, str], tuple[int, int]]:
    """(subject, facet) -> trials whose two channels differ, and trials in which both name an answer."""
    counts: dict[tuple[str, str], tuple[int, int]] = {}
    for task, table in evidence.tables.items():
        channels = FACETS[task].channels if task in FACETS else None
        if channels is None:
            continue
        for subject in table.subjects:
            columns = [table.column(subject, c, channels.crossed) for c in table.conditions]
            n = sum(int(column.scored.sum()) for column in columns)
            differ = sum(int((column.label == "differ").sum()) for column in columns)
            if n:
                counts[subject, task] = (differ, n)
    return counts
