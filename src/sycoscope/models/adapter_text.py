"""What an adapter's folder says of text: its chat template, and a tokenizer with further tokens."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sycoscope.core.errors import MissingError, ModelError
from sycoscope.core.files import digest_of
from sycoscope.core.types import Message
from sycoscope.models.adapter_files import read_object
from sycoscope.models.resolve import file_sha256
from sycoscope.models.template import ChatTemplate

TEMPLATE, SETTINGS = "chat_template.jinja", "tokenizer_config.json"
TOKENIZER = ("tokenizer.json", "tokenizer.model", "vocab.json")
# What transformers reads of every tokenizer, beside the vocabularies that its class names.
_TOKENIZER_FILES = ("tokenizer.json", SETTINGS, "special_tokens_map.json", "added_tokens.json")
# Dialogues by which two templates are compared.
_PROBES = (
    (Message("user", "a b"),),
    (Message("user", "a"), Message("assistant", "b c"), Message("user", "d")),
    (Message("system", "s"), Message("user", "a"), Message("assistant", "b"), Message("user", "c")),
)


def read_template(path: Path) -> str:
    """A chat template from a file, or from the folder of a tokenizer.

    Raises:
        MissingError: neither is there. ModelError: the file is broken.
    """
    text = _read(path) if path.is_file() else template_in(path)
    if not text:
        raise MissingError(
            f"no chat template at '{path}'; give a file with a template, or a folder that holds one "
            f"({TEMPLATE}, or {SETTINGS} with chat_template)"
        )
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        cause = fault.strerror if isinstance(fault, OSError) else fault
        raise ModelError(f"the chat template '{path}' cannot be read: {cause}; it has to be UTF-8") from fault


def template_in(folder: Path) -> str:
    """The chat template that a tokenizer's folder holds; empty without one.

    Raises:
        ModelError: its file is broken.
    """
    if (folder / TEMPLATE).is_file():
        return _read(folder / TEMPLATE)
    if not (folder / SETTINGS).is_file():
        return ""
    given = read_object(folder / SETTINGS).get("chat_template")
    if isinstance(given, list):  # several by name
        by_name = {one.get("name"): one.get("template") for one in given if isinstance(one, Mapping)}
        given = by_name.get("default")
    if given is not None and not isinstance(given, str):
        raise ModelError(
            f"'{folder / SETTINGS}': chat_template is {given!r:.60}; expected: a text, or a list of named ones"
        )
    return given or ""


def compare_template(text: str, evaluated: ChatTemplate) -> tuple[str, bool]:
    """Hash of a template, and whether it says every dialogue as the one that is evaluated (then it has its hash)."""
    if evaluated.has_template and text == str(evaluated.tokenizer.chat_template):
        return evaluated.hash, True
    tokenizer = copy.copy(evaluated.tokenizer)
    tokenizer.chat_template = text
    try:
        own = ChatTemplate(tokenizer)
        # marks for a trainer's mask, comments and line ends change no dialogue
        if evaluated.has_template and _said(own) == _said(evaluated):
            return evaluated.hash, True
        return own.hash, False
    except ModelError:  # a template that refuses every dialogue is another one
        return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16], False


def _said(template: ChatTemplate) -> list[str | None]:
    said: list[str | None] = []
    for messages in _PROBES:
        for open_turn in (True, False):
            try:
                said.append(template.render(messages, open_turn=open_turn))
            except ModelError:
                said.append(None)
    return said


def longer_tokenizer(folder: Path, tokenizer: Any) -> Any:
    """The tokenizer of an adapter's folder, where it has tokens that the base's lacks; None otherwise.

    It takes the template that is evaluated.

    Raises:
        ModelError: it gives the base's tokens other ids.
    """
    if not any((folder / name).is_file() for name in TOKENIZER):
        return None
    own = _load(folder)
    words, base = own.get_vocab(), tokenizer.get_vocab()
    moved = [word for word, index in base.items() if words.get(word, index) != index]
    lost = [word for word in base if word not in words]
    added = [word for word in words if word not in base]
    if moved or (lost and added):
        wrong = moved or lost
        raise ModelError(
            f"the adapter '{folder}' holds a tokenizer of its own, which gives {len(wrong):,} of the base's "
            f"{len(base):,} tokens other ids or none (as {wrong[0]!r}); give the base that it was trained on, with its "
            "tokenizer"
        )
    if not added:
        return None
    own.chat_template = tokenizer.chat_template
    return own


def _load(folder: Path) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder)
    except Exception as fault:  # transformers raises many kinds
        first = next(iter(str(fault).strip().splitlines()), type(fault).__name__)
        raise ModelError(
            f"the tokenizer in the adapter's folder '{folder}' cannot be read: {first}; take its files out of the "
            "folder if the adapter was trained with the base's tokenizer"
        ) from fault


def tokenizer_digest(tokenizer: Any, folder: Path) -> str:
    """Sixteen hex digits of all files in `folder` that its tokenizer is made of; not of a chat template among them."""
    names = {*tokenizer.vocab_files_names.values(), *_TOKENIZER_FILES}
    found = {name: file_sha256(folder / name) for name in names if (folder / name).is_file()}
    if SETTINGS in found:
        # the tokenizer takes the template that is evaluated, which has a hash of its own
        own = {key: value for key, value in read_object(folder / SETTINGS).items() if key != "chat_template"}
        found[SETTINGS] = digest_of(own)
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16]
