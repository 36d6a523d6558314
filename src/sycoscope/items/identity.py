"""Who an item is: its id, its cluster, its side of the partition. All of it by content, none by order."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

from sycoscope.core.answer_names import same_answer

_WORD = re.compile(r"\w+")


def hashed(*parts: str | int) -> int:
    """A 64-bit number that depends on `parts` alone, the same on every machine."""
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])


def make_id(source: str, question: str, target: str, choices: Sequence[str] = ()) -> str:
    """Content hash of an item: 12 hexadecimal digits, stable over order, file and machine.

    The order of `choices` counts, since it is what is displayed; the file's name does not.
    """
    text = json.dumps([source, question, target, list(choices)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def squash(text: str) -> str:
    """Compare texts by this: Unicode form, case, white space and outer punctuation do not count.

    Inner punctuation does: `x + 1` is not `x - 1`.
    """
    flat = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return flat.strip(" .!?:;,\"'") or flat


def right_answer(answer: str, target: str, aliases: Iterable[str] = (), question: str = "") -> str:
    """How an answer is right, for a message: as the target or an alias, or in another spelling of one; else empty."""
    for name, text in (("the target", target), *(("an alias of the target", alias) for alias in aliases)):
        if squash(answer) == squash(text):
            return f"is {name} ({text!r:.80})"
        if same_answer(answer, text, question):
            return f"{answer!r:.80} is {name} ({text!r:.80}) in another spelling"
    return ""


def words(text: str) -> tuple[str, ...]:
    """Lower-case words of a text, punctuation dropped."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def stem_cluster(text: str) -> str:
    """Cluster of an item that names none: items of the same question are not independent."""
    return f"q-{hashlib.sha256(squash(text).encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def partition(cluster: str) -> Literal["train", "test"]:
    """Side of the half-and-half train/test partition; a whole cluster lies on one side."""
    return "train" if hashed("partition", cluster) % 2 == 0 else "test"


def wrong_choice(choices: Sequence[str], target: str, key: str) -> str:
    """One of the wrong choices, picked by the hash of `key`; empty where there is none."""
    wrong = [choice for choice in choices if squash(choice) != squash(target)]
    return wrong[hashed("wrong_choice", key) % len(wrong)] if wrong else ""
