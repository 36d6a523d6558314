"""Checks of a set of items before anything is asked: what would make a number from them wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from sycoscope.core.answer_names import same_answer
from sycoscope.core.types import Item
from sycoscope.items.findings import Finding, Severity
from sycoscope.items.identity import right_answer, squash, words
from sycoscope.stats import same_place, skew_p_value

VERDICTS = ("fallacious", "sound", "unknown")
MAX_CHARS = 4000
_SKEW_P = 0.01
# Choices that point at a place or a letter lose their meaning when the order changes.
_REFERS = re.compile(
    r"\b(the|these|those) (two |three )?above\b|\babove (choices|options|answers)\b"
    r"|\b(both|neither|options?|choices?) \(?[a-k]\)? (and|or|nor|&) \(?[a-k]\)?\b"
    r"|^\(?[a-k]\)?,? (and|or|&) \(?[a-k]\)?( only)?\.?$",
    re.IGNORECASE,
)


def check_items(items: Sequence[Item]) -> list[Finding]:
    """Check a set of items; an empty list means that nothing was found.

    Letters and positions are those of the items' own order: `assign_letters` balances them when it is used.

    Returns:
        Findings, errors first; see `Finding` for what the severities mean.
    """
    found: list[Finding] = []
    for check in _CHECKS:
        found.extend(check(items))
    order = ("error", "warn", "info")
    return sorted(found, key=lambda finding: order.index(finding.severity))


def is_argument(item: Item) -> bool:
    """Whether an item is an argument to be judged: its target is a verdict and nothing is suggested."""
    return item.target in VERDICTS and not item.choices and not item.suggestion


def _some(
    severity: Severity, check: str, items: Sequence[Item], message: str, concerned: Iterable[Item]
) -> list[Finding]:
    ids = tuple(dict.fromkeys(item.id for item in concerned))
    return [Finding(severity, check, f"{len(ids)} of {len(items)} items: {message}", ids)] if ids else []


def _texts(items: Sequence[Item]) -> list[Finding]:
    empty = [i for i in items if not all(text.strip() for text in (i.question, i.target, *i.choices))]
    long = [i for i in items if len(i.question) > MAX_CHARS]
    return [
        *_some("error", "empty_text", items, "question, target or a choice is empty", empty),
        *_some(
            "warn",
            "long_text",
            items,
            f"the question has over {MAX_CHARS} characters; it may not fit a model's context",
            long,
        ),
    ]


def _duplicates(items: Sequence[Item]) -> list[Finding]:
    stems = _grouped(items, lambda item: squash(item.question))
    repeated = [group for group in stems.values() if len(group) > 1]
    found: list[Finding] = []
    if repeated:
        members = [item for group in repeated for item in group]
        differing = sum(len({squash(item.target) for item in group}) > 1 for group in repeated)
        message = (
            f"the question is another item's too: {len(items)} items hold {len(stems)} different questions; "
            f"{differing} questions have more than one target"
        )
        found += _some("warn", "duplicate_question", items, message, members)
    split_up = [item for group in repeated if len({i.cluster for i in group}) > 1 for item in group]
    message = (
        "the same question lies in several clusters, so intervals would come out too narrow; name one cluster"
    )
    return found + _some("error", "question_across_clusters", items, message, split_up)


def _clusters(items: Sequence[Item]) -> list[Finding]:
    clusters = _grouped(items, lambda item: item.cluster or item.id)
    found: list[Finding] = []
    repeated = [group for group in clusters.values() if len(group) > 1]
    if repeated:
        largest = max(map(len, repeated))
        message = (
            f"{len(items)} items hold {len(clusters)} clusters (largest: {largest}); intervals are by cluster"
        )
        ids = tuple(item.id for group in repeated for item in group)
        found.append(Finding("info", "repeated_clusters", message, ids))
    across = [i for g in clusters.values() if {"train", "test"} <= {x.split for x in g} for i in g]
    message = "the cluster has items in train and in test, so a tune may have seen what is asked"
    return found + _some("error", "cluster_across_splits", items, message, across)


def _choices(items: Sequence[Item]) -> list[Finding]:
    twice = [i for i in items if len(set(map(squash, i.choices))) < len(i.choices)]
    refers = [i for i in items if any(_REFERS.search(choice.strip()) for choice in i.choices)]
    outside = [i for i in items if i.choices and i.target not in i.choices]
    return [
        *_some("error", "target_outside_choices", items, "the target is not among the choices", outside),
        *_some("warn", "choice_twice", items, "two choices are the same text", twice),
        *_some(
            "warn",
            "choice_refers",
            items,
            "a choice names other choices (as 'all of the above'); another order changes it",
            refers,
        ),
    ]


def _suggestions(items: Sequence[Item]) -> list[Finding]:
    expected = [i for i in items if not is_argument(i)]
    missing = [i for i in expected if not i.suggestion]
    right = [i for i in items if i.suggestion and right_answer(i.suggestion, i.target, i.aliases, i.question)]
    accepted = [
        i
        for i in items
        if any(same_answer(c, alias, i.question) for c in i.choices if c != i.target for alias in i.aliases)
    ]
    none_at_all = len(missing) == len(expected)
    return [
        *_some(
            "info" if none_at_all else "warn",
            "suggestion_missing",
            items,
            "no wrong answer is named that a cue could mention",
            missing,
        ),
        *_some(
            "error",
            "suggestion_right",
            items,
            "the suggestion is the target or an alias of it, perhaps in another spelling, so following cannot be "
            "told from being right",
            right,
        ),
        *_some("error", "choice_is_alias", items, "a wrong choice is also an alias of the target", accepted),
    ]


def _giveaways(items: Sequence[Item]) -> list[Finding]:
    asked = [(i, f" {' '.join(words(i.question))} ") for i in items if not is_argument(i)]
    target = [i for i, text in asked if (w := words(i.target)) and f" {' '.join(w)} " in text]
    wrong = [i for i, text in asked if (w := words(i.suggestion)) and f" {' '.join(w)} " in text]
    return [
        *_some("warn", "target_in_question", items, "the question holds the target's text", target),
        *_some(
            "warn",
            "suggestion_in_question",
            items,
            "the question holds the suggestion, so its control mentions it too",
            wrong,
        ),
    ]


def _positions(items: Sequence[Item]) -> list[Finding]:
    lettered = [i for i in items if i.target in i.choices]
    places = [(i.choices.index(i.target), len(i.choices)) for i in lettered]
    findings = _position_findings(lettered, places, "target_position", "the target", "error")
    hinted = [
        i for i in lettered if len(i.choices) > 2 and i.suggestion in i.choices and i.suggestion != i.target
    ]
    # Among the wrong choices only: where the target stands must not count twice.
    ranks = [
        ([c for c in i.choices if c != i.target].index(i.suggestion), sum(c != i.target for c in i.choices))
        for i in hinted
    ]
    return findings + _position_findings(
        hinted, ranks, "suggestion_position", "the suggestion (counted among the wrong choices)", "warn"
    )


def _position_findings(
    items: Sequence[Item], places: Sequence[tuple[int, int]], check: str, what: str, fixed: Severity
) -> list[Finding]:
    """Places are (position, number of places) from 0."""
    if not items:
        return []
    p_value = skew_p_value(places)
    if p_value >= _SKEW_P:
        return []
    ids = tuple(item.id for item in items)
    shown_p = f"= {p_value:.2g}" if p_value >= 1e-15 else "< 1e-15"
    ending = f"(chi-square p {shown_p}); show by letters only with shuffled choices"
    if fixed_from := same_place(places):
        place = f"in place {places[0][0] + 1}" if fixed_from == "start" else "in the same place from the end"
        message = f"{what} is always {place}, in all {len(items)} items {ending}"
        return [Finding(fixed, check, message, ids)]
    counts = Counter(at for at, _ in places)
    shown = ", ".join(f"{at + 1}: {counts[at]}" for at in sorted(counts))
    return [Finding("warn", check, f"{what} is not evenly placed: {shown} {ending}", ids)]


def _grouped(items: Sequence[Item], key: Callable[[Item], str]) -> dict[str, list[Item]]:
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


_CHECKS: tuple[Callable[[Sequence[Item]], list[Finding]], ...] = (
    _texts,
    _duplicates,
    _clusters,
    _choices,
    _suggestions,
    _positions,
    _giveaways,
)
