"""Changes of one thing that a model, an adapter or a study is made of, each a small function on a copy of it."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CODE = """
from transformers import LlamaForCausalLM
{more}
class Own(LlamaForCausalLM):
    def forward(self, *args, **kwargs):
        out = super().forward(*args, **kwargs)
        out.logits = -{factor} * out.logits
        return out
"""
# A template that reads options, and writes a mapping among them in its order.
READS = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\nWell. {% if not enable_thinking | default(true) %}Go. {% endif %}"
    "{% for word in (tone | default({})) %}{{ word }} {% endfor %}{% endif %}"
)


@dataclass
class Made:
    """A model's folder with the settings that it is loaded with, an adapter's folder, a study with its files.

    Attributes:
        study: Where it names files of `data`, the folder is written as `{data}`.
    """

    model: Path
    adapter: Path
    data: Path
    settings: dict[str, Any] = field(default_factory=dict)
    study: dict[str, Any] = field(default_factory=dict)


Change = Callable[[Made], None]


# --- tools ---


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Change the JSON of a file."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    change(raw)
    path.write_text(json.dumps(raw), encoding="utf-8")


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def one_byte(path: Path) -> None:
    """Turn the sign of a file's last number; its size and its times stay."""
    before, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 0x80
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def one_value(path: Path, name: str) -> None:
    """Change the first value of a tensor."""
    from safetensors.torch import load_file, save_file

    weights = load_file(path)
    weights[name].view(-1)[0] += 1
    save_file(weights, path, metadata={"format": "pt"})


def of_model(file: str, **values: Any) -> Change:
    """Keys of a JSON file of the model."""
    return lambda made: edit(made.model / file, lambda raw: raw.update(values))


def of_adapter(file: str, **values: Any) -> Change:
    """Keys of a JSON file of the adapter."""
    return lambda made: edit(made.adapter / file, lambda raw: raw.update(values))


def of_settings(**values: Any) -> Change:
    """What the model is loaded with."""
    return lambda made: made.settings.update(values)


def of_study(dotted: str, value: Any) -> Change:
    """A value of the study; numbers in the path are places in a list."""

    def change(made: Made) -> None:
        *parents, last = [int(part) if part.isdigit() else part for part in dotted.split(".")]
        made.study = copy.deepcopy(made.study)
        place: Any = made.study
        for part in parents:
            place = place[part]
        assert not isinstance(place, Mapping) or place.get(last) != value
        place[last] = value

    return change


def both(*changes: Change) -> Change:
    """One change after the other."""

    def change(made: Made) -> None:
        for one in changes:
            one(made)

    return change


# --- a model's files ---


def no_last_merge(made: Made) -> None:
    edit(made.model / "tokenizer.json", lambda raw: raw["model"]["merges"].pop(_merge_of(raw, "ital")))


def _merge_of(raw: dict[str, Any], word: str) -> int:
    return next(at for at, merge in enumerate(raw["model"]["merges"]) if "".join(merge) == word)


def an_added_token(made: Made) -> None:
    """`er` is cut out of every word before anything is merged."""
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized", "special"), False)

    def add(raw: dict[str, Any]) -> None:
        raw["added_tokens"].append({"id": raw["model"]["vocab"]["er"], "content": "er"} | flags)

    edit(made.model / "tokenizer.json", add)


def no_special_token(made: Made) -> None:
    """`</s>` is plain text: it is no longer left out of what the model says."""

    def plain(raw: dict[str, Any]) -> None:
        next(token for token in raw["added_tokens"] if token["content"] == "</s>")["special"] = False

    edit(made.model / "tokenizer.json", plain)


def another_template(made: Made) -> None:
    replaced(made.model / "chat_template.jinja", "assistant\n", "assistant: ")


def template_in_the_settings(made: Made) -> None:
    (made.model / "chat_template.jinja").unlink()
    edit(made.model / "tokenizer_config.json", lambda raw: raw.update(chat_template=READS))


def template_in_a_folder(made: Made) -> None:
    """One that is called `default` takes the place of the plain one."""
    folder = made.model / "additional_chat_templates"
    folder.mkdir()
    (folder / "default.jinja").write_text(READS.replace("Well", "Now"), encoding="utf-8")


def own_code(made: Made, *, factor: int = 1, more: str = "") -> None:
    (made.model / "modeling_own.py").write_text(CODE.format(factor=factor, more=more), encoding="utf-8")
    edit(
        made.model / "config.json",
        lambda raw: raw.update(auto_map={"AutoModelForCausalLM": "modeling_own.Own"}),
    )


def trusted_code(made: Made) -> None:
    own_code(made)
    made.settings["trust_remote_code"] = True


def other_trusted_code(made: Made) -> None:
    own_code(made, factor=2)
    made.settings["trust_remote_code"] = True


ROPE = {"rope_theta": 50.0, "rope_type": "default"}
# Each changes what the model says, or what is read of it.
OF_MODEL: dict[str, Change] = {
    "a value of a tensor": lambda made: one_value(made.model / "model.safetensors", "model.layers.1.mlp.up_proj.weight"),
    "a byte of the weights": lambda made: one_byte(made.model / "model.safetensors"),
    "rope_theta": of_model("config.json", rope_parameters=ROPE),
    "hidden_act": of_model("config.json", hidden_act="gelu"),
    "rms_norm_eps": of_model("config.json", rms_norm_eps=0.1),
    "max_position_embeddings": of_model("config.json", max_position_embeddings=900),
    "eos_token_id": of_model("config.json", eos_token_id=[4, 9]),
    "eos_token_id of generation": of_model("generation_config.json", eos_token_id=[4, 11]),
    "a merge": no_last_merge,
    "an added token": an_added_token,
    "a token that is not special": no_special_token,
    "a normalizer": of_model("tokenizer.json", normalizer={"type": "Lowercase"}),
    "eos_token": of_model("tokenizer_config.json", eos_token="</s>"),
    "chat_template.jinja": another_template,
    "chat_template of tokenizer_config": template_in_the_settings,
    "additional_chat_templates": template_in_a_folder,
    "trusted code": trusted_code,
    "other trusted code": other_trusted_code,
}  # fmt: skip
# Each changes how the same files are asked.
OF_SETTINGS: dict[str, Change] = {
    "dtype": of_settings(dtype="bfloat16"),
    "threads": of_settings(threads=3),
    "batch_tokens": of_settings(batch_tokens=1024),
    "batch_rows": of_settings(batch_rows=4),
    "engine": of_settings(engine="fast"),
    "chat_template": of_settings(chat_template=READS),
    "a template option": of_settings(chat_template=READS, template_options={"enable_thinking": False}),
    "another template option": of_settings(chat_template=READS, template_options={"tone": {"a": 1, "b": 2}}),
    "the order of an option": of_settings(chat_template=READS, template_options={"tone": {"b": 2, "a": 1}}),
}


def touched(made: Made) -> None:
    for path in (*made.model.rglob("*"), *made.adapter.rglob("*")):
        os.utime(path, ns=(10**18, 10**18))


def notes(made: Made) -> None:
    for folder in (made.model, made.adapter):
        (folder / "README.md").write_text("# Notes", encoding="utf-8")
        (folder / ".gitattributes").write_text("*.safetensors filter=lfs", encoding="utf-8")


# Nothing of these reaches an answer.
OF_NOTHING: dict[str, Change] = {
    "another place": lambda made: None,
    "times": touched,
    "notes": notes,
    "fast or auto": of_settings(engine="plain"),
    "code that is not trusted, and does not lie there": of_settings(trust_remote_code=True),
    "a template that no dialogue is rendered in": lambda made: _second_template(made.model),
    "an adapter's own template": lambda made: (made.adapter / "chat_template.jinja").write_text(READS) and None,
    "an adapter's record": lambda made: (made.adapter / "sycoscope.json").write_text('{"seed": 3}') and None,
    "where an adapter's base lay": of_adapter("adapter_config.json", base_model_name_or_path="/x", peft_version="0"),
    "the order of an adapter's settings": lambda made: _turned(made.adapter / "adapter_config.json"),
}  # fmt: skip


def _second_template(folder: Path) -> None:
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "tool_use.jinja").write_text(READS, encoding="utf-8")


def _turned(path: Path) -> None:
    raw = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(dict(reversed(raw.items())), indent=3), encoding="utf-8")


# --- an adapter's folder: it has two further tokens, and the tokenizer that names them ---


def another_merge(made: Made) -> None:
    edit(made.adapter / "tokenizer.json", lambda raw: raw["model"]["merges"].pop(_merge_of(raw, "ital")))


def a_note_that_is_special(made: Made) -> None:
    def special(raw: dict[str, Any]) -> None:
        next(token for token in raw["added_tokens"] if token["content"] == "<note>")["special"] = True

    edit(made.adapter / "tokenizer.json", special)


ORDER = [("v_proj", 1), (r"layers\.0\.self_attn\.v_proj", 64)]
OF_ADAPTER: dict[str, Change] = {
    "a byte of the weights": lambda made: one_byte(made.adapter / "adapter_model.safetensors"),
    "a saved module": lambda made: one_value(
        made.adapter / "adapter_model.safetensors", "base_model.model.lm_head.weight"
    ),
    "lora_alpha": of_adapter("adapter_config.json", lora_alpha=64),
    "use_rslora": of_adapter("adapter_config.json", use_rslora=True),
    "alpha_pattern": of_adapter("adapter_config.json", alpha_pattern=dict(ORDER)),
    "the order of alpha_pattern": of_adapter("adapter_config.json", alpha_pattern=dict(reversed(ORDER))),
    "a merge of its tokenizer": another_merge,
    "a special token of its tokenizer": a_note_that_is_special,
    "eos_token of its tokenizer": of_adapter("tokenizer_config.json", eos_token="</s>"),
}

# --- a study: what it changes, and the units whose answers that is about ---


def of_file(name: str, old: str, new: str) -> Change:
    """A text in a file of the study."""
    return lambda made: replaced(made.data / name, old, new)


FACETS = frozenset({"answer", "are_you_sure"})
BENCHMARKS = frozenset({"mmlu", "gsm8k"})
JUDGED = frozenset({"judge answer", "judge are_you_sure"})
ANSWER, SURE = frozenset({"answer", "judge answer"}), frozenset({"are_you_sure", "judge are_you_sure"})
EVERY = FACETS | BENCHMARKS | JUDGED | {"prior"}
TUNED = frozenset({"training"})
# name -> (the change, the units that it reaches: the judge reads what the facets answer)
OF_STUDY: dict[str, tuple[Change, frozenset[str]]] = {
    "seed": (of_study("seed", 7), EVERY),
    "system": (of_study("system", "Be brief."), EVERY),
    "temperature": (of_study("decoding.temperature", 0.8), FACETS | JUDGED),
    "top_p": (of_study("decoding.top_p", 0.8), FACETS | JUDGED),
    "draws": (of_study("decoding.draws", 3), FACETS | JUDGED),
    "max_tokens": (of_study("facets.answer.max_tokens", 5), ANSWER),
    "reply_tokens": (of_study("facets.are_you_sure.reply_tokens", 5), SURE),
    "probe": (of_study("facets.answer.probe", True), ANSWER),
    "conditions": (
        of_study("facets.answer.conditions", ["control", "padded", "user_wrong", "user_right"]),
        ANSWER,
    ),
    "form": (of_study("facets.answer.form", "open"), ANSWER),
    "shard_items": (of_study("facets.answer.shard_items", 2), ANSWER),
    "wordings": (of_file("wordings.yaml", "Answer with", "Reply with"), ANSWER | {"prior"}),
    "a question": (of_file("items.jsonl", "Name town 1.", "Name town 1!"), SURE),
    "a spelling of an answer": (of_file("items.jsonl", '["Burg1"]', '["Borg1"]'), SURE),
    "chat": (of_study("chat", False), BENCHMARKS),
    "shots": (of_study("capability.0.num_fewshot", 2), frozenset({"mmlu"})),
    "form of a benchmark": (of_study("capability.0.form", "letters"), frozenset({"mmlu"})),
    "limit of a benchmark": (of_study("capability.0.limit", 2), frozenset({"mmlu"})),
    "max_tokens of a benchmark": (of_study("capability.1.max_tokens", 5), frozenset({"gsm8k"})),
    "a row": (of_file("gsm8k/test.jsonl", "buys 100 more", "gets 100 more"), frozenset({"gsm8k"})),
    "an example": (of_file("gsm8k/train.jsonl", "buys 3 more", "gets 3 more"), frozenset({"gsm8k"})),
    "steps": (of_study("training.steps", 5), TUNED),
    "rank": (of_study("training.lora.r", 4), TUNED),
    "alpha": (of_study("training.lora.alpha", 8), TUNED),
    "rows": (of_study("adapters.0.rows", 5), TUNED),
    "seed of an adapter": (of_study("adapters.0.seeds", [9]), TUNED),
    "recipe": (of_study("adapters.0.recipe", "anti_sycophancy"), TUNED),
    "max_tokens of the judge": (of_study("judge.max_tokens", 17), JUDGED),
    "kinds of the judge": (of_study("judge.kinds", ["open"]), JUDGED),
}
# Names, reports, who makes it, and how what is asked is told.
OF_NO_ANSWER: dict[str, Change] = {
    "study": of_study("study", "another"),
    "description": of_study("description", "told otherwise"),
    "workers": of_study("workers", 2),
    "transcripts": of_study("transcripts", 3),
    "margin": of_study("margin", 0.1),
    "capability_margin": of_study("capability_margin", 0.05),
    "family": of_study("family", "study"),
    "answer_temperature, where the base answers nothing": of_study("training.answer_temperature", 1.0),
    "the order of keys": lambda made: made.study.update(facets=dict(reversed(made.study["facets"].items()))),
}
