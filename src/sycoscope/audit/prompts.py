"""The rendered user turns: a control without a cue, conditions that differ in one span, equal across subjects."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sycoscope.audit import cues
from sycoscope.audit.evidence import Evidence, dig
from sycoscope.audit.finding import Fault, Finding, missing, settle
from sycoscope.core.types import Item, Trial
from sycoscope.facets import FACETS
from sycoscope.items.identity import words

Turn = tuple[str, str]  # (name, content)


def turns(trial: Trial) -> list[Turn]:
    """User turns in order, probes marked as such; asides, which no later turn knows of, are none."""
    probes = [(f"probe {probe.name}", probe.content) for probe in trial.probes]
    return [*probes, *((turn.name, turn.content) for turn in trial.asked if not turn.aside)]


@dataclass(frozen=True, slots=True)
class _Bare:
    """A control's turn without the question and its options."""

    item: Item
    condition: str
    turn: str
    rest: str


def control_clean(evidence: Evidence) -> list[Finding]:
    """No opinion in the control, and no answer mentioned outside the question and its options."""
    faults: list[Fault] = []
    n_prompts = 0
    for task in evidence.facets:
        bare = list(_bare(evidence, task))
        n_prompts += len(bare)
        cued = {**_planted(evidence, task), **_cued(task, bare)}
        if cued:
            item_id, (where, phrase) = next(iter(sorted(cued.items())))
            n_items = len({one.item.id for one in bare})
            text = (
                f"{task}: {len(cued)} of {n_items} items carry a cue in a control, as '{phrase}' {where} "
                f"(item {item_id}); allowed: none. Take the cue out of the wordings or the items, and run again"
            )
            faults.append(Fault(severity="invalid", text=text, task=task, badness=len(cued)))
    if not n_prompts:
        return missing("control_clean", "no control prompt of a facet is in the run")
    return settle("control_clean", faults, ok=f"no cue in {n_prompts} control prompts")


def _bare(evidence: Evidence, task: str) -> Iterator[_Bare]:
    seen: set[tuple[str, str, str, str]] = set()
    for trial, item in evidence.of_task(task):
        if trial.condition not in FACETS[task].controls:
            continue
        options = "\n".join(f"({letter}) {text}" for letter, text in trial.letters.items())
        for name, content in turns(trial):
            key = (item.id, trial.condition, name, content)
            if key not in seen:
                seen.add(key)
                rest = content.replace(item.question, "\n", 1)
                yield _Bare(item, trial.condition, name, rest.replace(options, "\n", 1) if options else rest)


def _planted(evidence: Evidence, task: str) -> dict[str, tuple[str, str]]:
    """Items whose own text carries the cue: item id -> (where, phrase)."""
    texts = {item.id: item.question for _, item in evidence.of_task(task)}
    phrases = {
        key: cues.planted(text, argument=FACETS[task].material == "argument") for key, text in texts.items()
    }
    return {key: ("in the question itself", phrase) for key, phrase in phrases.items() if phrase}


def _cued(task: str, bare: list[_Bare]) -> dict[str, tuple[str, str]]:
    """Items whose control carries a cue around the question."""
    # A text that items with other answers share mentions nobody's answer.
    sharing: dict[str, set[tuple[str, str]]] = {}
    for prompt in bare:
        sharing.setdefault(prompt.rest, set()).add((prompt.item.target, prompt.item.suggestion))
    facet = FACETS[task]
    cued: dict[str, tuple[str, str]] = {}
    for prompt in bare:
        phrase = cues.opinion(prompt.rest)
        if not phrase and prompt.turn in _varied_turns(task):
            phrase = cues.doubt(prompt.rest)
        if not phrase and facet.material == "question" and len(sharing[prompt.rest]) < 2:
            phrase = _mentioned(prompt.rest, (prompt.item.suggestion, prompt.item.target))
        if phrase:
            cued.setdefault(prompt.item.id, (f"under {prompt.condition}, turn '{prompt.turn}'", phrase))
    return cued


def _mentioned(text: str, answers: Iterable[str]) -> str:
    line = f" {' '.join(words(text))} "
    return next((a for a in answers if words(a) and f" {' '.join(words(a))} " in line), "")


def inserted(control: str, other: str) -> str | None:
    """The one span by which `other` is longer than `control`; None where they differ in another way."""
    head = len(os.path.commonprefix([control, other]))
    tail = len(os.path.commonprefix([control[head:][::-1], other[head:][::-1]]))
    return other[head : len(other) - tail] if head + tail == len(control) else None


def one_span(evidence: Evidence) -> list[Finding]:
    """Every condition is its control with one span put in; after are-you-sure's question only the follow-up differs."""
    faults: list[Fault] = []
    n_pairs = 0
    for task in evidence.facets:
        broken: list[str] = []
        for item, control, other in _pairs(evidence, task):
            n_pairs += 1
            why = _varied(item, control, other) if FACETS[task].varied_turn else _span(item, control, other)
            if why:
                broken.append(f"{why} (item {item.id}, {other.condition})")
        if broken:
            text = (
                f"{task}: {len(broken)} prompts differ from their control in more, or in something else, than one "
                f"span, as: {broken[0]}; allowed: none. Fix the wordings, and run again"
            )
            faults.append(Fault(severity="invalid", text=text, task=task, badness=len(broken)))
    if not n_pairs:
        return missing("one_span", "no condition stands beside its control")
    return settle("one_span", faults, ok=f"{n_pairs} prompts differ from their control in one span")


def _pairs(evidence: Evidence, task: str) -> Iterator[tuple[Item, Trial, Trial]]:
    """(item, control, condition) of the same subject and draw; prompts that say the same are given once."""
    rows: dict[tuple[str, str, int], dict[str, Trial]] = {}
    items: dict[str, Item] = {}
    for trial, item in evidence.of_task(task):
        rows.setdefault((trial.subject, trial.item_id, trial.draw), {})[trial.condition] = trial
        items[item.id] = item
    seen: set[object] = set()
    for (_, item_id, _), trials in rows.items():
        for condition, other in trials.items():
            first = FACETS[task].control_of(condition)
            control = trials.get(first)
            if control is None or condition == first:
                continue
            key = (item_id, condition, tuple(turns(control)), tuple(turns(other)))
            # Where a first answer is shared by the conditions, it differs between subjects.
            if FACETS[task].varied_turn or key not in seen:
                seen.add(key)
                yield items[item_id], control, other


def _varied_turns(task: str) -> tuple[str, ...]:
    """The turn in which conditions may differ, asked and probed; none where a prompt is its control's with a span."""
    varied = FACETS[task].varied_turn
    return (varied, f"probe {varied}") if varied else ()


def _span(item: Item, control: Trial, other: Trial) -> str:
    if dict(control.letters) != dict(other.letters):
        return "the options stand in another order"
    theirs = dict(turns(other))
    for name, content in turns(control):
        if name not in theirs:
            continue
        span = inserted(content, theirs[name])
        if span is None:
            return f"turn '{name}' is not the control's with one span put in"
        if not span.strip():
            return f"turn '{name}' says the same as the control"
        which = _mention(other)
        if not _mentions(item, which, content, theirs[name]):
            return f"turn '{name}' does not mention the {which}"
    return ""


def _mention(trial: Trial) -> str:
    """Which answer the trial's cue must mention; empty for none."""
    return FACETS[trial.task].condition(trial.condition).mentions


def _mentions(item: Item, which: str, control: str, content: str) -> bool:
    answer = {"target": item.target, "suggestion": item.suggestion}.get(which, "")
    return not answer or content.count(answer) > control.count(answer)


def _varied(item: Item, control: Trial, other: Trial) -> str:
    """Why two conditions differ in something else than the turn that may differ; empty where they do not."""
    varied, which = _varied_turns(other.task), _mention(other)
    mine, theirs = dict(turns(control)), dict(turns(other))
    for name in mine.keys() & theirs.keys():
        same = mine[name] == theirs[name]
        if name in varied and same:
            return "the follow-up says the same as the control's"
        if name not in varied and not same:
            return f"turn '{name}' differs"
    if not all(_mentions(item, which, "", theirs[name]) for name in varied if name in theirs):
        return f"the follow-up does not mention the {which}"
    first = [trial.asked[0].response.text for trial in (control, other) if trial.asked]
    return "the first answer is another one" if len(set(first)) > 1 else ""


def prompts_equal(evidence: Evidence) -> list[Finding]:
    """The same item under the same condition is asked in the same words of every subject."""
    base = evidence.roles.base
    others = [name for name in evidence.subjects if name != base]
    asked: dict[tuple[str, str], dict[tuple[str, str, int], Trial]] = {}
    for trial in evidence.trials:
        asked.setdefault((trial.subject, trial.task), {})[trial.item_id, trial.condition, trial.draw] = trial
    faults: list[Fault] = []
    n_pairs = 0
    for subject in others:
        for task in evidence.tasks:
            mine, theirs = asked.get((subject, task), {}), asked.get((base, task), {})
            if not mine or not theirs:
                continue
            common = mine.keys() & theirs.keys()
            n_pairs += len(common)
            differing = sorted(key for key in common if not _same(mine[key], theirs[key]))
            if differing:
                text = (
                    f"{subject}, {task}: {len(differing)} of {len(common)} prompts differ from those of {base} "
                    f"(first: item {differing[0][0]}, {differing[0][1]}); allowed: none. Evaluate both with one study"
                )
                faults.append(
                    Fault(severity="invalid", text=text, subject=subject, task=task, badness=len(differing))
                )
            alone = len(mine.keys() ^ theirs.keys())
            if alone:
                text = (
                    f"{subject}, {task}: {alone} trials were asked of it or of {base} alone "
                    f"({len(mine)} and {len(theirs)}); only the {len(common)} common ones are compared"
                )
                faults.append(Fault(severity="warn", text=text, subject=subject, task=task, badness=alone))
    compared = evidence.manifest.compared
    for task, run in (compared.alone if compared else {}).items():
        text = f"{task}: measured in '{run}' only, so that nothing is compared; ask both runs the same to compare it"
        faults.append(Fault(severity="warn", text=text, task=task))
    if not n_pairs and not faults:
        return missing("prompts_equal", "there is no second subject to compare with the base")
    return settle("prompts_equal", faults, ok=f"{n_pairs} prompts are those of {base}, word for word")


def _same(mine: Trial, theirs: Trial) -> bool:
    """Whether the user turns that both came to are equal (a failed dialogue is shorter)."""
    a, b = dict(turns(mine)), dict(turns(theirs))
    return mine.system == theirs.system and all(a[name] == b[name] for name in a.keys() & b.keys())


def template_marks(evidence: Evidence) -> list[Finding]:
    """No text of an item, a prompt or a response holds what the chat template tells turns apart by."""
    faults: list[Fault] = []
    seen = 0
    for subject in evidence.subjects:
        marks = dig(evidence.models.get(subject), "template", "marks")
        if not isinstance(marks, Sequence):
            continue
        seen += 1
        found: dict[str, list[tuple[str, str]]] = {}
        for trial in evidence.trials:
            if trial.subject == subject and (mark := _marked(evidence, trial, marks)):
                found.setdefault(trial.task, []).append((trial.item_id, mark))
        for task, held in found.items():
            items = list(dict.fromkeys(item for item, _ in held))
            text = (
                f"{subject}, {task}: {len(held)} trials of {len(items)} items hold a mark of the chat template in a "
                f"text, as {held[0][1]} (item {held[0][0]}); the model may take it for the end of a turn: take it "
                "out of the items, or read the transcripts"
            )
            faults.append(Fault(severity="warn", text=text, subject=subject, task=task, badness=len(held)))
    if not seen:
        return missing("template_marks", "by what the chat template tells turns apart was not recorded")
    return settle(
        "template_marks", faults, ok=f"no text holds a mark of the chat templates of {seen} subjects"
    )


def _marked(evidence: Evidence, trial: Trial, marks: Sequence[str]) -> str:
    """The first mark in a trial's texts, and where; empty for none. The prompt of a benchmark is the template's own."""
    item = evidence.items.get((trial.task, trial.item_id))
    texts = [("the item", text) for text in _texts(item)]
    if trial.task in FACETS:
        texts += [(f"turn '{name}'", content) for name, content in turns(trial)]
    texts += [(f"the response to '{turn.name}'", turn.response.text) for turn in trial.asked]
    return next((f"{mark!r} in {where}" for where, text in texts for mark in marks if mark in text), "")


def _texts(item: Item | None) -> tuple[str, ...]:
    return () if item is None else (item.question, item.target, item.suggestion, *item.choices)
