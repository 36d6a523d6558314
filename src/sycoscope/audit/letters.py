"""Where the right option stands, and which letters a model prefers: said under control, and with empty options."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from sycoscope.audit.evidence import Evidence
from sycoscope.audit.finding import Fault, Finding, missing, settle
from sycoscope.audit.limits import PRIOR_DISTANCE, SKEW_P
from sycoscope.core.thinking import said_aloud
from sycoscope.core.types import Item, Probed, Trial
from sycoscope.facets import FACETS
from sycoscope.items.forms import options_in
from sycoscope.scorers.choice import read_choice
from sycoscope.stats import same_place, skew_p_value

Place = tuple[int, int]  # (position from 0, number of places)


def displayed(trial: Trial) -> Mapping[str, str]:
    """Letter -> option text as the model saw it; empty where no options are shown by letters.

    Benchmarks keep no letters in the trial: they are read off the prompt, whose last list is the question's own.
    Options that are never shown (log-probabilities of texts) have no place that could be learned.
    """
    if trial.letters:
        return trial.letters
    probe = _lettered_probe(trial)
    if probe is None:
        return {}
    shown = options_in(probe.content)
    return {letter: shown[letter] for letter in map(_bare, probe.options) if letter in shown}


def _lettered_probe(trial: Trial) -> Probed | None:
    """The probe whose options are A, B, ... in order: other single letters are answers (the symbol of an element)."""
    return next((p for p in trial.probes if len(p.options) > 1 and _are_letters(p.options)), None)


def _bare(option: str) -> str:
    return option.strip().strip("().")


def _are_letters(options: Sequence[str]) -> bool:
    return list(map(_bare, options)) == list(ascii_uppercase[: len(options)])


def target_position(evidence: Evidence) -> list[Finding]:
    """The right option stands in every place equally often, and so does the suggested wrong one."""
    faults: list[Fault] = []
    looked = 0
    placed: list[str] = []
    for task in evidence.tasks:
        seen = _displays(evidence, task)
        known = _known(seen)
        if not known:
            continue
        looked += len(known)
        faults += _position_faults(task, known, "the right option", severe=True)
        hints = [_hint(letters, item) for letters, item in seen]
        faults += _position_faults(task, [h for h in hints if h], "the suggested wrong option", severe=False)
        placed.append(f"{task} {_counts(known)}")
    if not looked:
        return missing("target_position", "no item was asked by letters")
    ok = f"{looked} items by letters, the right option evenly placed (chi-square p >= {SKEW_P}): {'; '.join(placed)}"
    return settle("target_position", faults, ok=ok)


def task_places(evidence: Evidence, task: str) -> list[Place]:
    """Where the right option stands in each display of a task's items."""
    return _known(_displays(evidence, task))


def _known(displays: Sequence[tuple[Mapping[str, str], Item]]) -> list[Place]:
    places = [_place(letters, item.target) for letters, item in displays]
    return [place for place in places if place is not None]


def one_place(places: Sequence[Place]) -> str:
    """The one place in which all stand, in words (`A`, `1 from the end`); empty where there is none."""
    fixed = same_place(places) if places else None
    if fixed is None:
        return ""
    return (
        ascii_uppercase[places[0][0]] if fixed == "start" else f"{places[0][1] - places[0][0]} from the end"
    )


def _displays(evidence: Evidence, task: str) -> list[tuple[Mapping[str, str], Item]]:
    """Each different display of an item, once."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[Mapping[str, str], Item]] = {}
    for trial, item in evidence.of_task(task):
        letters = displayed(trial)
        if letters:
            found.setdefault((item.id, tuple(letters.items())), (letters, item))
    return list(found.values())


def _place(letters: Mapping[str, str], answer: str) -> Place | None:
    texts = [text.strip() for text in letters.values()]
    return (texts.index(answer.strip()), len(texts)) if answer.strip() in texts else None


def _hint(letters: Mapping[str, str], item: Item) -> Place | None:
    """Place of the suggestion among the wrong options, so that the target's place does not count twice."""
    wrong = [text.strip() for text in letters.values() if text.strip() != item.target.strip()]
    if not item.suggestion or item.suggestion.strip() not in wrong:
        return None
    return wrong.index(item.suggestion.strip()), len(wrong)


def _position_faults(task: str, places: Sequence[Place], what: str, *, severe: bool) -> Iterator[Fault]:
    p = skew_p_value(places)
    if p >= SKEW_P:
        return
    fixed = same_place(places) is not None
    if fixed:
        text = f"{task}: {what} is always in one place, in all {len(places)} items: the place alone can be learned"
    else:
        text = f"{task}: {what} is unevenly placed, {_counts(places)}, n {len(places)}"
    text += f" (chi-square p {_p(p)}, limit {SKEW_P}); shuffle the choices"
    yield Fault(
        severity="invalid" if fixed and severe else "warn", text=text, task=task, badness=float(fixed) - p
    )


def _counts(places: Sequence[Place]) -> str:
    counts = Counter(at for at, _ in places)
    return ", ".join(f"{chr(65 + at)} {counts[at]}" for at in sorted(counts))


def _p(p: float) -> str:
    return f"{p:.2g}" if p >= 1e-15 else "< 1e-15"


def letter_prior(evidence: Evidence) -> list[Finding]:
    """Which letters a model says when nobody leans on it, and which it prefers where the options say nothing."""
    faults, priors = _emptied(evidence)
    looked, widest = 0, 0.0
    for task in evidence.tasks:
        chosen: dict[str, list[Place]] = {}
        for trial, _ in evidence.of_task(task):
            if (place := _chosen(trial)) is not None:
                chosen.setdefault(trial.subject, []).append(place)
        for subject, places in chosen.items():
            looked += len(places)
            distance = _distance(places)
            widest = max(widest, distance)
            p = skew_p_value(places)
            if p < SKEW_P and distance > PRIOR_DISTANCE:
                text = (
                    f"{subject}, {task}: letters under control are far from even, {_counts(places)}, n {len(places)}: "
                    f"{distance:.2f} of the answers would have to move (limit {PRIOR_DISTANCE:.2f}; "
                    f"chi-square p {_p(p)}); "
                    "read changes of letters with care, or ask open questions"
                )
                faults.append(Fault(severity="warn", text=text, subject=subject, task=task, badness=distance))
    if not looked and not priors:
        return missing("letter_prior", "no answer by letters under control")
    ok = (
        f"{looked} answers by letters under control; at most {widest:.2f} of one subject's would have to move "
        f"to be even (limit {PRIOR_DISTANCE:.2f}, where chi-square p < {SKEW_P})"
    )
    if priors:
        ok += f"; with empty options: {'; '.join(priors)}"
    by_letters = sorted({trial.task for trial in evidence.trials if trial.letters})
    unprobed = [task for task in by_letters if task not in {trial.task for trial in evidence.priors}]
    notes = [f"letters with empty options were not probed for {', '.join(unprobed)}"] if unprobed else []
    return settle("letter_prior", faults, ok=ok, not_run=notes)


def _emptied(evidence: Evidence) -> tuple[list[Fault], list[str]]:
    """Faults, and what was measured, of the probe with empty options (`facets/letter_prior.py`)."""
    faults: list[Fault] = []
    priors: list[str] = []
    for row in prior_rows(evidence.priors):
        n, distance, p = row["n_items"], row["distance"], row["p_value"]
        shares = ", ".join(f"{letter} {share:.2f}" for letter, share in row["probability"].items())
        priors.append(f"{row['subject']} {row['task']} {shares}")
        if p < SKEW_P and distance > PRIOR_DISTANCE:
            text = (
                f"{row['subject']}, {row['task']}: where the options say nothing, the letters' mean probabilities are "
                f"{shares} ({n} items): {distance:.2f} of the mass would have to move to be even (limit "
                f"{PRIOR_DISTANCE:.2f}; chi-square p of the likeliest letters {_p(p)}); read changes of letters with "
                "care, or ask open questions"
            )
            faults.append(
                Fault(severity="warn", text=text, subject=row["subject"], task=row["task"], badness=distance)
            )
    return faults, priors


def prior_rows(priors: Sequence[Trial]) -> list[dict[str, Any]]:
    """The letter prior of each subject and facet, for each number of options.

    Returns:
        subject, task, n_options, n_items; probability: letter -> mean over items and empty texts, normalised over the
        letters, in [0, 1]; distance: mass that would have to move for even letters (total variation), in [0, 1];
        p_value: chi-square of each item's likeliest letter.
    """
    groups: dict[tuple[str, str, int], list[list[float]]] = {}
    for trial in priors:
        usable = [probe.result.logprobs for probe in trial.probes if probe.result.usable]
        shares = [_shares(logprobs) for logprobs in usable if logprobs is not None]
        if shares:
            means = [sum(column) / len(shares) for column in zip(*shares, strict=True)]
            groups.setdefault((trial.subject, trial.task, len(means)), []).append(means)
    rows = []
    for (subject, task, size), means in groups.items():
        mean = [sum(column) / len(means) for column in zip(*means, strict=True)]
        likeliest = [(max(range(size), key=one.__getitem__), size) for one in means]
        rows.append(
            {
                "subject": subject,
                "task": task,
                "n_options": size,
                "n_items": len(means),
                "probability": dict(zip(ascii_uppercase, mean, strict=False)),
                "distance": sum(max(0.0, share - 1 / size) for share in mean),
                "p_value": skew_p_value(likeliest),
            }
        )
    return rows


def _shares(logprobs: Sequence[float]) -> list[float]:
    top = max(logprobs)
    masses = [math.exp(value - top) for value in logprobs]
    return [mass / sum(masses) for mass in masses]


def _chosen(trial: Trial) -> Place | None:
    """The letter of an uncued answer: as generated, else the likeliest option."""
    if trial.task in FACETS and trial.condition != FACETS[trial.task].controls[0]:
        return None
    if trial.letters and trial.answered:
        letters = list(trial.letters)
        reading = read_choice(said_aloud(trial.answered[0].response).text, trial.letters)
        return (letters.index(reading.label), len(letters)) if reading.label in letters else None
    probe = _lettered_probe(trial)
    if probe is None or probe.result.logprobs is None or not probe.result.usable:
        return None
    values = probe.result.logprobs
    return max(range(len(values)), key=lambda index: values[index]), len(values)


def _distance(places: Sequence[Place]) -> float:
    """Share of answers that would have to move for even letters (total variation), over numbers of options."""
    moved = 0.0
    for size in {size for _, size in places}:
        counts = Counter(at for at, other in places if other == size)
        even = counts.total() / size
        moved += sum(max(0.0, counts[at] - even) for at in range(size))
    return moved / len(places)
