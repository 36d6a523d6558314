"""What a capability task asks, as plain values: the part of a cache key that knows the questions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sycoscope.capability.forms import item_rows, own_config
from sycoscope.capability.spec import CapabilitySpec
from sycoscope.items.forms import FORMS, OPTION

# Of the selection of items, the order of letters and the few-shot examples; raise it where their code changes.
ASKING = "asking@1"


def fingerprint(spec: CapabilitySpec) -> dict[str, Any]:
    """Everything of a task that can change an answer, but for seed, chat, harness and model.

    Rows and few-shot examples count by content, so a changed file, hub set or prompt form is another task.

    Raises:
        ConfigError, DataError, MissingError: A row or a file is wrong.
    """
    definition, rows = spec.definition, spec.rows
    own = definition.form != "harness"
    n_shots = spec.n_shots
    if rows is not None:
        split = definition.benchmark.examples
        documents: Any = rows.digest()
        examples: Any = rows.digest(split) if n_shots and split else []
    else:
        items = spec.items or ()
        documents = [[item.id, row] for item, row in zip(items, item_rows(spec, items), strict=True)]
        examples = item_rows(spec, spec.shots) if n_shots else []
    return {
        "version": ASKING,
        "task": spec.task,
        "definition": {key: value for key, value in asdict(definition).items() if key != "headline"},
        "form": [own_config(definition.form), asdict(FORMS[definition.form]), OPTION] if own else [],
        "documents": documents,
        "examples": examples,
        "settings": [n_shots, spec.fixed_shots, spec.limit, spec.max_tokens],
    }
