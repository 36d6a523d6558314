"""Arithmetic word problems of the built-in bank, generated from templates (standard library only).

`python -m tools.bank` rewrites the file. Numbers are drawn until every value is a
whole number of at least two (so plurals are right) and the slip differs from the answer. No two problems
share 13 words in a row, in question or solution: halves of the bank do not leak into each other.
"""

from __future__ import annotations

import ast
import operator
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from tools.bank import BANK
from tools.bank.arithmetic_templates import TEMPLATES

OUTPUT = BANK / "arithmetic.jsonl"
PER_TEMPLATE = 14
SEED = 20240
SHARED_WORDS = 13
LARGEST = 500
ATTEMPTS = 20_000
DIFFICULTY = {1: "easy", 2: "medium", 3: "hard"}

WOMEN = (
    "Ada Amira Beatriz Carla Chloe Dina Elif Emma Fatima Grace Hana Ines Ingrid Julia Keiko Lena Lucia Maya "
    "Mei Nadia Nora Olga Priya Rosa Ruth Sofia Tara Yara Zoe Zuri"
)
MEN = (
    "Adam Ali Ben Bruno Carlos David Diego Emil Felix Hassan Hugo Ivan Jamal Jonas Karim Kenji Leo Luca "
    "Marco Max Nils Oscar Pablo Ravi Sam Tariq Theo Tom Victor Yusuf"
)
PRONOUNS = (
    {"she": "she", "She": "She", "her": "her", "Her": "Her"},
    {"she": "he", "She": "He", "her": "his", "Her": "His"},
)


@dataclass(frozen=True, slots=True)
class Template:
    """One family of problems, as read from `TEMPLATES`."""

    name: str
    numbers: dict[str, range]
    things: tuple[tuple[str, str], ...]
    slip: str
    where: str
    question: str
    steps: tuple[str, ...]


def read_templates(text: str = TEMPLATES) -> tuple[Template, ...]:
    """Read templates in the notation that `arithmetic_templates` describes."""
    return tuple(_read_one(block) for block in re.split(r"^# ", text, flags=re.MULTILINE) if block.strip())


def _read_one(block: str) -> Template:
    head, *lines = block.strip().split("\n")
    name, numbers, things, slip = (part.strip() for part in head.split(" | "))
    marked = {mark: [line[2:] for line in lines if line.startswith(f"{mark} ")] for mark in "?-"}
    nouns = [noun.strip().partition("/") for noun in things.split(",")]
    return Template(
        name=name,
        numbers={entry[0]: _range(entry[2:]) for entry in numbers.split()},
        things=tuple((one, many or f"{one}s") for one, _, many in nouns),
        slip=slip,
        where="".join(marked["?"]),
        question=" ".join(line for line in lines if line[:2] not in ("? ", "- ")),
        steps=tuple(marked["-"]),
    )


def _range(text: str) -> range:
    bounds, _, step = text.partition("/")
    low, high = (int(bound) for bound in bounds.split("-"))
    return range(low, high + 1, int(step or 1))


_OPERATORS: dict[type, Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Gt: lambda x, y: Fraction(x > y),
    ast.Lt: lambda x, y: Fraction(x < y),
}


def evaluate(expression: str, values: dict[str, int] | None = None) -> Fraction:
    """Exact value of an expression of + - * / %, one comparison, whole numbers and names.

    Raises:
        ValueError: where the expression holds anything else.
    """

    def visit(node: ast.expr) -> Fraction:
        match node:
            case ast.Constant(value=int(number)):
                return Fraction(number)
            case ast.Name(id=name) if values and name in values:
                return Fraction(values[name])
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](visit(left), visit(right))
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](visit(left), visit(right))
        raise ValueError(
            f"cannot evaluate {ast.unparse(node)!r} in {expression!r}; allowed: + - * / % < > ( )"
        )

    return visit(ast.parse(expression, mode="eval").body)


def _draw_numbers(template: Template, rng: random.Random) -> dict[str, int] | None:
    """One draw with the steps' values and the slip as `slip`; None where it is not allowed."""
    values = {name: rng.choice(allowed) for name, allowed in template.numbers.items()}
    if template.where and not evaluate(template.where, values):
        return None
    expressions = {f"s{i}": _expression(step) for i, step in enumerate(template.steps, start=1)}
    for name, expression in [*expressions.items(), ("slip", template.slip)]:
        value = evaluate(expression, values)
        if value.denominator != 1 or not 2 <= value <= LARGEST:
            return None
        values[name] = int(value)
    target = values[f"s{len(template.steps)}"]
    return values if values["slip"] != target else None


def _expression(step: str) -> str:
    found = re.findall(r"\[(.+?)\]", step)
    if len(found) != 1:
        raise ValueError(f"a step needs one expression in brackets, this one has {len(found)}: {step!r}")
    return str(found[0])


def _draw_words(template: Template, rng: random.Random) -> dict[str, str]:
    side = rng.randrange(2)
    women, men = WOMEN.split(), MEN.split()
    name = rng.choice((women, men)[side])
    friend, third = rng.sample([other for other in women + men if other != name], 2)
    one, many = rng.choice(template.things)
    return {**PRONOUNS[side], "name": name, "friend": friend, "third": third, "one": one, "many": many}


def _render(template: Template, values: dict[str, int], rng: random.Random) -> tuple[str, str]:
    """Question and solution in words."""
    words: dict[str, object] = {**values, **_draw_words(template, rng)}
    question = re.sub(r"<(.+?)>", lambda m: rng.choice(m[1].split("|")), template.question).format(**words)
    lines = []
    for i, step in enumerate(template.steps, start=1):
        expression = _expression(step)
        shown = re.sub(r"\b[a-z]\d?\b", lambda m: str(values[m[0]]), expression)
        lines.append(step.replace(f"[{expression}]", f"{shown} = {values[f's{i}']}").format(**words))
    return question, " ".join(lines) + f"\n#### {values[f's{len(template.steps)}']}"


def _word_runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + SHARED_WORDS]) for i in range(len(words) - SHARED_WORDS + 1)}


def _problems(
    template: Template, rng: random.Random, seen: set[tuple[str, ...]]
) -> Iterator[dict[str, object]]:
    number, steps = 0, len(template.steps)
    for _ in range(ATTEMPTS):
        values = _draw_numbers(template, rng)
        if values is None:
            continue
        question, solution = _render(template, values, rng)
        runs = _word_runs(question) | _word_runs(solution)
        if runs & seen:
            continue
        seen |= runs
        number += 1
        yield {
            "question": question,
            "target": str(values[f"s{steps}"]),
            "aliases": [],
            "choices": [],
            "suggestion": str(values["slip"]),
            "cluster": f"arithmetic/{template.name}/{number}",
            "metadata": {
                "steps": steps,
                "template": template.name,
                "difficulty": DIFFICULTY[steps],
                "solution": solution,
            },
        }
        if number == PER_TEMPLATE:
            return
    raise ValueError(
        f"template {template.name!r} gave {number} problems in {ATTEMPTS} draws of {PER_TEMPLATE}: widen it"
    )


def build() -> list[dict[str, object]]:
    """All problems, in the order of the table; the same at every call."""
    seen: set[tuple[str, ...]] = set()
    rows: list[dict[str, object]] = []
    for template in read_templates():
        # A stream of its own for each template, so that adding one leaves the others as they are.
        rows += _problems(template, random.Random(f"{SEED}/{template.name}"), seen)
    return rows
