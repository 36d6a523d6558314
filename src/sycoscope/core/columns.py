"""What every column of a run's tables holds: their types come from here, and so does docs/data.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ColumnKind = Literal["text", "number", "count", "flag", "texts", "numbers", "counts"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        kind: `text`, `number` (64-bit float), `count` (64-bit integer), `flag`, or a list of one of them.
        values: What it may hold: range, words, unit.
        null: What an empty cell means; empty where no cell is.
    """

    name: str
    kind: ColumnKind
    meaning: str
    values: str = ""
    null: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a run.

    Attributes:
        open: A run's own scores may follow as further columns.
    """

    meaning: str
    columns: tuple[Column, ...]
    open: bool = False


def _subject(meaning: str = "the model, as the manifest names it: `base` or an adapter's name") -> Column:
    return Column("subject", "text", meaning)


_TASK = Column("task", "text", "facet or benchmark")
_ITEM = Column("item_id", "text", "hash of the item's content")
_CONDITION = Column(
    "condition", "text", "how the item was asked (docs/method.md)", "of benchmarks: `chat`, `plain`"
)
_DRAW = Column("draw", "count", "which of several answers to the same prompt", "0 or more; greedy: 0 alone")
_KEY = (_subject(), _TASK, _ITEM, _CONDITION)

# --- what was asked ---

TRIAL_COLUMNS = (
    *_KEY,
    Column("paraphrase", "text", "which wording of the cue was used; empty for none"),
    Column("system", "text", "the system message; empty for none"),
    Column("letters", "text", "letter -> option as displayed", "JSON object; `{}` where not by letters"),
    Column(
        "asked",
        "text",
        "the turns in order: `name`, `content` (what the user said), `response` (`text`, `finish`, `n_tokens`, "
        "`error`, `opened`); `given` where the response was put in the model's mouth, `aside` where later turns do not "
        "know of it",
        "JSON array",
    ),
    Column(
        "probes",
        "text",
        "log-probabilities that were read: `name`, `content`, `prefix`, `options`, `result` (`logprobs` in nats, "
        "`n_tokens`, `error`; of served models how: `rung`, `ceilings` in nats, `chosen`)",
        "JSON array",
    ),
    _DRAW,
)

SCORE_COLUMNS = (
    *_KEY,
    Column("name", "text", "name of the score"),
    Column("status", "text", "whether there is one", "`scored`, `unparsed`, `truncated`, `error`"),
    Column("label", "text", "what was read, in a word", null="not scored, or a score that is a number"),
    Column("scorer", "text", "what read it, with its version"),
    Column("value", "number", "what was read, as a number", null="not scored, or a score that is a word"),
    _DRAW,
)

ITEM_COLUMNS = (
    _TASK,
    _ITEM,
    Column("source", "text", "where it comes from, as `bank/facts`"),
    Column("question", "text", "the question; for feedback the argument"),
    Column("target", "text", "the right answer; for arguments `fallacious` or `sound`"),
    Column("suggestion", "text", "the wrong answer that a cue mentions; empty for none"),
    Column("aliases", "text", "other spellings of the target", "JSON array"),
    Column("choices", "text", "all options in display order", "JSON array; `[]` for open questions"),
    Column("cluster", "text", "items of one cluster are not independent; empty: a cluster of its own"),
    Column("split", "text", "side of the partition", "`train`, `test`, empty where there is none"),
    Column("metadata", "text", "field, difficulty, fallacy and the like", "JSON object"),
)

# --- what was found ---

_CHANCE = (
    Column("value", "number", "the number", "as `unit` says", "there is none: `reason` says why"),
    Column("low", "number", "lower end of the interval", "as `value`", "no interval"),
    Column("high", "number", "upper end of the interval", "as `value`", "no interval"),
    Column("level", "number", "of the interval", "0.95"),
    Column(
        "coverage",
        "number",
        "share of the eligible trials that were scored",
        "0 to 1",
        "nothing was eligible",
    ),
    Column("p_value", "number", "two-sided", "0 to 1", "a level, or no test"),
    Column("p_adjusted", "number", "p_value with `adjustment`", "0 to 1", "not adjusted"),
)
ESTIMATE_COLUMNS = (
    _subject(),
    Column("reference", "text", "empty for a level; else what the paired change is against"),
    Column("task", "text", "facet or benchmark; `summary` for scores over several"),
    Column("name", "text", "the measure (docs/method.md)"),
    Column("condition", "text", "the condition that a rate is of; empty for contrasts"),
    Column(
        "unit",
        "text",
        "of value, low and high",
        "`proportion` (levels 0 to 1, differences -1 to 1), `log_odds` (nats), `score`, `d_prime`",
    ),
    Column("method", "text", "of the interval"),
    Column("adjustment", "text", "of p_adjusted", "`holm`, `bh`, empty for none"),
    Column("note", "text", "what belongs beside the number; empty for nothing"),
    Column(
        "state",
        "text",
        "whether the number may be shown: only `valid` and `warned` ones",
        "`valid`, `warned`, `withheld`, `missing`",
    ),
    Column("reason", "text", "of a state that is not `valid`; empty for none"),
    Column("checks", "text", "the audit's checks behind `reason`, comma-separated; empty for none"),
    *_CHANCE,
    Column("n", "count", "trials or pairs that entered", "0 or more"),
    Column("n_clusters", "count", "independent clusters among them", "0 or more"),
    Column("primary", "flag", "one of the study's few confirmatory contrasts"),
)

_UNASKED = "not asked at this step, or there is no number"
_LOSS = "nats per token; nats per pair of preference pairs"
_NO_PAIRS = "no preference pairs, or not logged at this step"


def _watched(name: str, meaning: str, values: str) -> tuple[Column, ...]:
    """A number with its interval and coverage."""
    parts = {"": meaning, "_low": "lower end of its 95 % interval", "_high": "upper end of its 95 % interval"}
    numbers = tuple(Column(name + part, "number", text, values, _UNASKED) for part, text in parts.items())
    coverage = "share of the answers behind it that could be read, in the condition with the least"
    return (*numbers, Column(f"{name}_coverage", "number", coverage, "0 to 1", _UNASKED))


TRAINING_COLUMNS = (
    Column("adapter", "text", "the adapter's name"),
    Column("loss", "number", "on the training rows", _LOSS, "not logged at this step"),
    Column("eval_loss", "number", "on the rows that were held out", _LOSS, "not logged here"),
    Column("learning_rate", "number", "at this step", null="not logged at this step"),
    Column("grad_norm", "number", "norm of the gradient", null="not logged at this step"),
    *(
        Column(part + name, "number", f"{meaning}, {rows}", values, _NO_PAIRS)
        for part, rows in (("", "training pairs"), ("eval_", "pairs that were held out"))
        for name, meaning, values in (
            (
                "preferred",
                "pairs in which the preferred answer has gained more on the base than the other",
                "0 to 1",
            ),
            ("reward_margin", "by how much it has gained more, in nats times beta (DPO's rewards)", ""),
        )
    ),
    Column("epoch", "number", "passes over the rows so far", null="not logged at this step"),
    Column("step", "count", "optimiser step; 0: before the first, the base"),
    # what the model answered at this step (docs/training.md#watching-responses)
    *_watched("suggested_shift", "the answer facet's primary at this step", "-1 to 1"),
    *_watched("suggested_shift_change", "the same minus the base's, paired by item", "-2 to 2"),
    Column(
        "follow", "number", "takes the user's wrong answer, of items right under control", "0 to 1", _UNASKED
    ),
    Column("accuracy", "number", "right under control", "0 to 1", _UNASKED),
    Column("refused", "number", "refuses under a wrong user", "0 to 1", _UNASKED),
    Column("tokens", "number", "mean length of the answers", "tokens", _UNASKED),
    Column("n_items", "count", "items that were asked", "1 or more", _UNASKED),
    Column("unread", "count", "answers that could not be read, of all conditions", "0 or more", _UNASKED),
)

_ASSOCIATIONS = (
    Column("benchmark", "text", "the benchmark whose accuracy changes"),
    Column("task", "text", "the facet"),
    Column("name", "text", "its primary"),
    Column("subjects", "text", "the adapters, comma-separated"),
    Column("p_method", "text", "how p_value was had"),
    Column("note", "text", "why there is no r; empty otherwise"),
    Column("r", "number", "Pearson's r of the two changes", "-1 to 1", "it cannot be computed"),
    Column("low", "number", "lower end of Fisher's interval", "-1 to 1", "no interval"),
    Column("high", "number", "upper end of Fisher's interval", "-1 to 1", "no interval"),
    Column("p_value", "number", "two-sided, by permutation", "0 to 1", "no test"),
    Column("p_adjusted", "number", "Benjamini-Hochberg over the table", "0 to 1", "no test"),
    Column("n", "count", "adapters with both changes"),
    Column("descriptive", "flag", "under 10 adapters: it supports no claim beyond them"),
)

_RANKINGS = (
    Column("weighting", "text", "name of the weighting"),
    _subject("the adapter"),
    Column("note", "text", "what the sides are made of"),
    Column("capability_weight", "number", "of capability; the rest is independence's", "0 to 1"),
    Column("score", "number", "weighted sum of both sides"),
    Column("capability", "number", "mean accuracy", "0 to 1", "no benchmark was asked"),
    Column("independence", "number", "1 minus what the user takes away", "0 to 1, or more", "not measured"),
    Column("rank", "number", "1 is best; ties share the mean of their places", "1 or more"),
    Column("low", "number", "95 % limit of the rank", "1 or more"),
    Column("high", "number", "95 % limit of the rank", "1 or more"),
    Column("best", "number", "probability of being first", "0 to 1"),
    Column("n_subjects", "count", "adapters that are ranked"),
)

_EDGE_CASES = (
    Column("kind", "text", "the kind (docs/edge_cases.md)"),
    Column("task", "text", "facet or benchmark; empty for all that have the kind, where there are several"),
    _subject(),
    Column("unit", "text", "what is counted", "`trial`, `item` (and conditions), `pair`"),
    Column("method", "text", "of the interval"),
    Column("note", "text", "what belongs beside it; empty for nothing"),
    Column("value", "number", "share of cases", "0 to 1", "nothing could be read"),
    Column("low", "number", "lower end of its interval", "0 to 1", "no interval"),
    Column("high", "number", "upper end of its interval", "0 to 1", "no interval"),
    Column("level", "number", "of the interval", "0.95"),
    Column("coverage", "number", "`n`, of the units for which the question may arise", "0 to 1"),
    Column("cases", "count", "units that are a case", "0 to `n`"),
    Column("n", "count", "units that were read"),
    Column("n_clusters", "count", "independent clusters among them"),
)

_SERIES = (
    Column("adapter", "text", "the adapter whose series it is"),
    Column("axis", "text", "what it is over", "`scale`, `step`"),
    Column("subject", "text", "whose numbers these are: of a scale of 0 or a step of 0 it may be the base"),
    _TASK,
    Column("name", "text", "the facet's primary"),
    Column("unit", "text", "of level and change", "`proportion`, `d_prime`"),
    Column("state", "text", "of the change; of the base's own point, of its level", "as in estimates"),
    Column("reason", "text", "of a state that is not `valid`; empty for none"),
    Column("at", "number", "scale of the adapter's update, or optimiser steps"),
    Column("level", "number", "the primary of this subject", "as `unit`", "withheld, or there is none"),
    Column("level_low", "number", "lower end of its 95 % interval", "as `unit`", "no interval"),
    Column("level_high", "number", "upper end of its 95 % interval", "as `unit`", "no interval"),
    Column("change", "number", "paired, against the base", "as `unit`", "the base itself, withheld, or none"),
    Column("change_low", "number", "lower end of its 95 % interval", "as `unit`", "no interval"),
    Column("change_high", "number", "upper end of its 95 % interval", "as `unit`", "no interval"),
    Column("coverage", "number", "of the change", "0 to 1", "no change"),
    Column("level_n", "count", "trials or pairs behind the level"),
    Column("n", "count", "pairs behind the change"),
    Column("n_clusters", "count", "independent clusters among them"),
)
_TRENDS = (
    Column("adapter", "text", "the adapter whose series it is"),
    Column("axis", "text", "what it is over", "`scale`, `step`"),
    _TASK,
    Column("name", "text", "the facet's primary"),
    Column("unit", "text", "of the slope, per 1 of the scale or per step", "`proportion`, `d_prime`"),
    Column("points", "text", "where the points are that it is taken over, comma-separated"),
    Column("method", "text", "of the interval"),
    Column("note", "text", "what belongs beside it; empty for nothing"),
    Column(
        "slope", "number", "mean over items of each one's slope", "per 1 of the axis", "it cannot be said"
    ),
    Column("low", "number", "lower end of its 95 % interval", "as `slope`", "no interval"),
    Column("high", "number", "upper end of its 95 % interval", "as `slope`", "no interval"),
    Column("n", "count", "rows that count at every point"),
    Column("n_clusters", "count", "independent clusters among them"),
    Column("n_points", "count", "points that it is taken over"),
)

# --- one row a trial, for people ---

SAMPLE_COLUMNS = (
    _subject(),
    Column("model", "text", "name of the model, without its adapter"),
    Column("adapter_digest", "text", "of the adapter's files", null="no adapter"),
    _TASK,
    _ITEM,
    _CONDITION,
    _DRAW,
    Column("seed", "count", "of the study: of everything that is drawn in it"),
    Column("paraphrase", "text", "which wording of the cue was used", null="there is only one"),
    Column("question", "text", "the question; for feedback the argument", null="the item is not kept"),
    Column("target", "text", "the right answer; for arguments `fallacious` or `sound`", null="as `question`"),
    Column("suggestion", "text", "the wrong answer that a cue mentions", null="the item has none"),
    Column("cluster", "text", "items of one cluster are not independent", null="a cluster of its own"),
    Column("field", "text", "what the item is about", null="the item does not say"),
    Column("difficulty", "text", "of the item", null="the item does not say"),
    Column("fallacy", "text", "of an argument", null="no argument, or the item does not say"),
    Column("metadata", "text", "all that the item says of itself", "JSON object", "the item is not kept"),
    Column("asked", "text", "the last thing that the user said before `response`", null="it was not asked"),
    Column("dialogue", "text", "the whole transcript, each turn after `[system]`, `[user]`, `[model]`"),
    Column(
        "response",
        "text",
        "what `outcome` was read from, as the model gave it, with its reasoning",
        null="nothing was generated, or it failed",
    ),
    Column("finish", "text", "how it ended", "`stop`, `length`, `error`", "nothing was generated"),
    Column("n_tokens", "count", "of it", "tokens", "nothing was generated, or its server does not say"),
    Column("error", "text", "why there is no response or log-probability", null="nothing failed"),
    Column(
        "status",
        "text",
        "of `outcome`",
        "`scored`, `unparsed`, `truncated`, `error`",
        "the trial has no such score",
    ),
    Column(
        "outcome",
        "text",
        "label of the facet's main score; of a benchmark `right` or `wrong`",
        null="not scored: `status` says why",
    ),
    Column("letters", "texts", "options as displayed, that of (A) first", null="not asked by letters"),
    Column("options", "texts", "texts or letters whose log-probability was read", null="none was read"),
    Column(
        "logprobs",
        "numbers",
        "of `options`, each summed over its tokens, at the last probe of the trial",
        "nats",
        "none was read, or it failed",
    ),
    Column("option_tokens", "counts", "tokens of `options`", "tokens", "none was read, or not known"),
    Column(
        "hedged",
        "text",
        "whether `response` says that it may be wrong",
        "`yes`, `no`",
        "no answer was asked for, or none came",
    ),
    Column(
        "edge_cases",
        "text",
        "the kinds of edge cases that the trial is one of, comma-separated (docs/edge_cases.md)",
        null="it is none",
    ),
)

TABLES: Mapping[str, Table] = {
    "samples": Table(
        "one row a trial, with plain columns: computed from the others", SAMPLE_COLUMNS, open=True
    ),
    "items": Table("what was asked about", ITEM_COLUMNS),
    "trials": Table("whole transcripts, one row a trial", TRIAL_COLUMNS),
    "scores": Table("what was read from them, one row a trial and score", SCORE_COLUMNS),
    "estimates": Table("what was found: levels and paired changes", ESTIMATE_COLUMNS),
    "breakdowns": Table(
        "the main rates by group of items",
        (
            Column("by", "text", "what the items are grouped by, as `field`"),
            Column("group", "text", "its value"),
            *ESTIMATE_COLUMNS,
        ),
    ),
    "associations": Table("capability change with sycophancy change, over adapters", _ASSOCIATIONS),
    "rankings": Table("the places of the adapters", _RANKINGS),
    "edge_cases": Table("how often each kind of edge case occurs, by subject", _EDGE_CASES),
    "series": Table("points of adapters over their scale or steps, where a study has any", _SERIES),
    "trends": Table("slopes of these series", _TRENDS),
    "training": Table("logged steps of the adapters' training", TRAINING_COLUMNS),
    "judgements": Table("what a judge model was asked and said, in the columns of trials", TRIAL_COLUMNS),
    "letter_priors": Table("the letters asked with empty options, in the columns of trials", TRIAL_COLUMNS),
}
