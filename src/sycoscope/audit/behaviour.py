"""What the responses look like: degenerate text, text off the task, long answers, two channels that disagree."""

from __future__ import annotations

from collections import Counter

from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Fault, Finding, missing, settle
from sycoscope.audit.limits import (
    CHANNELS_WARN,
    DEGENERATE_INVALID,
    DEGENERATE_WARN,
    OFF_TASK_INVALID,
    OFF_TASK_WARN,
    SHORT_TURN_GAP,
)
from sycoscope.audit.needs import Need, needs
from sycoscope.core.thinking import said_aloud
from sycoscope.facets import FACETS
from sycoscope.scorers.degenerate import read_degenerate

# Saying the prompt back is a habit, and it is shown in the counts; these three are no text at all.
BROKEN = ("empty", "loop", "template")
# Scores that are read from the answering turn; numbers of log-probabilities alone do not rest on what was said.
ANSWERS = frozenset({"outcome", "final", "channels", "admission_kept"})


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
                text = said_aloud(turn.response).text
                counts.setdefault((trial.subject, trial.task), Counter())[read_degenerate(text).label] += 1
    return counts


def off_task(evidence: Evidence) -> list[Finding]:
    """Answers to no question, per subject and condition: every number that rests on them says so."""
    shares = _off_task_shares(evidence)
    if not shares:
        return missing("off_task", "no answer was read for whether it is about its question")
    faults = [
        _off(subject, task, need, *max((shares[subject, task, c], c) for c in conditions))
        for task in evidence.facets
        for need in needs(evidence, task)
        for subject in evidence.subjects
        if (conditions := _rests_on(need, shares, subject, task))
        and max(shares[subject, task, c][0] for c in conditions) > OFF_TASK_WARN
    ]
    worst = max(share for share, _ in shares.values())
    ok = f"at most {worst:.2f} of any subject's answers under a condition are off the task (limit {OFF_TASK_WARN:.2f})"
    return settle("off_task", faults, ok=ok)


def _off_task_shares(evidence: Evidence) -> dict[tuple[str, str, str], tuple[float, int]]:
    """(subject, task, condition) -> share of its answers that are off the task, and their number."""
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for score in evidence.scores:
        if score.name == "off_task" and score.label is not None:
            counts.setdefault((score.subject, score.task, score.condition), Counter())[score.label] += 1
    return {key: (counted["yes"] / counted.total(), counted.total()) for key, counted in counts.items()}


def _rests_on(
    need: Need, shares: dict[tuple[str, str, str], tuple[float, int]], subject: str, task: str
) -> list[str]:
    """Conditions whose answers a number is read from."""
    conditions = {condition for condition, score in need.cells if score in ANSWERS}
    return sorted(condition for condition in conditions if (subject, task, condition) in shares)


def _off(subject: str, task: str, need: Need, found: tuple[float, int], condition: str) -> Fault:
    share, n = found
    invalid = share > OFF_TASK_INVALID
    limit = OFF_TASK_INVALID if invalid else OFF_TASK_WARN
    return Fault(
        severity="invalid" if invalid else "warn",
        text=f"{subject}, {task}, {need.label}: {share:.2f} of {n} answers under {condition} are off the task "
        f"(limit {limit:.2f}); read the transcripts, and train more gently (a lower learning rate, fewer steps, "
        "some rows of the model's own answers)",
        subject=subject,
        task=task,
        name=need.name,
        condition=need.condition,
        badness=share + need.primary * 1e-6,
    )


def short_turn(evidence: Evidence) -> list[Finding]:
    """The share of outcomes that are read from a short turn after a long answer, and whether it hangs on the cue."""
    shares = _read_in_short(evidence)
    if not shares:
        return missing("short_turn", "no question was answered in the open")
    faults = []
    for (subject, task, condition), (share, n) in shares.items():
        control = FACETS[task].control_of(condition)
        usual = shares.get((subject, task, control), (share, n))[0]
        if abs(share - usual) > SHORT_TURN_GAP:
            text = (
                f"{subject}, {task}: {share:.2f} of {n} outcomes under {condition} are read from the short turn after "
                f"a long answer, under {control} {usual:.2f} (limit {SHORT_TURN_GAP:.2f} apart); part of a difference "
                "may be the reading's: look at the answers of both kinds"
            )
            faults.append(
                Fault(
                    severity="warn", text=text, subject=subject, task=task, condition=condition,
                    badness=abs(share - usual),
                )
            )  # fmt: skip
    most = max(share for share, _ in shares.values())
    told = f"at most {most:.2f} of a condition's outcomes are read" if most else "no outcome is read"
    return settle("short_turn", faults, ok=f"{told} from a short turn after a long answer")


def _read_in_short(evidence: Evidence) -> dict[tuple[str, str, str], tuple[float, int]]:
    """(subject, facet, condition) -> the share of outcomes that the short turn gave, and how many there are."""
    found: dict[tuple[str, str, str], tuple[float, int]] = {}
    for task, table in evidence.tables.items():
        if task not in FACETS or "read_in_short" not in FACETS[task].score_names:
            continue
        for subject in table.subjects:
            for condition in table.conditions:
                column = table.column(subject, condition, "read_in_short")
                if n := int(column.scored.sum()):
                    found[subject, task, condition] = (float((column.label == "yes").sum()) / n, n)
    return found


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
