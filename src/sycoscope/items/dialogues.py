"""Training rows of one's own: dialogues in the layouts that trainers read (docs/training.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sycoscope.core.errors import DataError, MissingError
from sycoscope.core.files import read_file, user_path
from sycoscope.core.hub import Repository
from sycoscope.core.rows import Faults, Row, parse_jsonl
from sycoscope.core.types import Message, Role
from sycoscope.items.hub import is_hub_id
from sycoscope.items.rows import check_lines, explain, parse_parquet, present, readable
from sycoscope.items.split_files import split_in
from sycoscope.items.splits import chained

_Line = Annotated[str, AfterValidator(readable)]
_Text = Annotated[str, Field(min_length=1), AfterValidator(readable)]
_HINT = (
    "A row holds messages, conversations, prompt and completion, or instruction and output; a preference pair chosen "
    "and rejected; docs/training.md shows the layouts."
)
_NAMED = (
    "name a file (.jsonl, .json with one object per line, .parquet) or a data set of the hub (OWNER/NAME)"
)
# Columns of a preference pair, and columns without which a row would be another one.
_PREFERENCE = ("chosen", "rejected")
_NOT_READ = ("system", "history", "tools", "images", "chat_template_kwargs")
# The hub's split of training rows: what its files begin with, and the folders that hold them.
_SPLIT, _FOLDERS = "train", ("", "data")
_ENDINGS = ("-*-of-*.parquet", ".jsonl", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """One row.

    Attributes:
        prompt: What was said before; ends with a user turn. answer: the assistant's last turn.
        rejected: Of a preference pair the other last turn, which is not preferred; empty where there is none.
        where: Its place, for messages. number: line (of Parquet: row), from 1; over all files of a set.
    """

    prompt: tuple[Message, ...]
    answer: str
    where: str
    number: int
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class DialogueFile:
    """Training rows of one's own, read; in their order, repeated ones too.

    Attributes:
        name: As it was given. unit: what `number` of a row counts.
    """

    name: str
    rows: tuple[Dialogue, ...]
    unit: Literal["line", "row"]


def read_dialogues(source: str | Path, *, pairs: bool | None = None) -> DialogueFile:
    """Read training rows.

    Args:
        source: A file (`.parquet`; every other ending is JSON Lines), or the split `train` of a data set of the hub,
            as OWNER/NAME or OWNER/NAME@REVISION.
        pairs: Whether every row is a preference pair (True), or none is (False); None takes both.

    Raises:
        MissingError: There is nothing of this name.
        DataError: Rows that cannot be used, all of them at once with their places; or no row at all.
    """
    name = str(source)
    on_hub = is_hub_id(name) and not user_path(name).exists()
    is_table = on_hub or Path(name).suffix.lower() == ".parquet"
    faults = Faults(name, _HINT)
    rows = []
    for number, row in enumerate(_hub_rows(name, faults) if on_hub else _file_rows(name, faults), start=1):
        try:
            *prompt, answer, rejected = _turns(present(row.data), pairs)
        except ValidationError as error:
            faults.add(row.where, *explain(error))
        except ValueError as error:
            faults.add(row.where, str(error))
        else:
            place = number if on_hub else row.number
            rows.append(
                Dialogue(
                    prompt=tuple(prompt),
                    answer=answer.content,
                    rejected=rejected.content,
                    where=row.where,
                    number=place,
                )
            )
    faults.raise_any()
    if not rows:
        raise DataError(f"{name} holds no rows. {_HINT}")
    return DialogueFile(name, tuple(rows), "row" if is_table else "line")


def _file_rows(name: str, faults: Faults) -> Iterator[Row]:
    data = read_file(name, "file of training rows", _NAMED)
    if Path(name).suffix.lower() == ".parquet":
        return parse_parquet(data, name, faults)
    check_lines(data, name, _HINT)
    return parse_jsonl(data, name, faults)


def _hub_rows(source: str, faults: Faults) -> Iterator[Row]:
    repo, _, revision = source.partition("@")
    names = [f"{folder}/{_SPLIT}{ending}".lstrip("/") for folder in _FOLDERS for ending in _ENDINGS]
    try:
        root = Repository(repo, revision, kind="dataset").fetch(names)
    except MissingError as fault:
        raise MissingError(
            f"there is no file '{source}', and it cannot be read from the hub: {fault}; {_NAMED}"
        ) from fault
    for folder in _FOLDERS:
        if files := split_in(root / folder, _SPLIT, _SPLIT):
            return chained(files, faults)
    raise MissingError(
        f"'{root}' in the hub's cache holds no file of split '{_SPLIT}'; connect and run again"
    )


# --- layouts ---


class _Layout(BaseModel):
    """Columns of a row; what else it has is not read."""

    model_config = ConfigDict(strict=True, str_strip_whitespace=True)

    def turns(self) -> list[Message]:
        """The whole dialogue."""
        raise NotImplementedError


class _Message(BaseModel):
    model_config = ConfigDict(strict=True, str_strip_whitespace=True)

    role: Role
    content: _Text


class _Messages(_Layout):
    messages: list[_Message]

    def turns(self) -> list[Message]:
        return _said(self.messages)


_SHAREGPT: Mapping[str, Role] = {
    "system": "system", "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant",
}  # fmt: skip


class _Said(BaseModel):
    model_config = ConfigDict(strict=True, str_strip_whitespace=True)

    role: Annotated[Literal["system", "human", "user", "gpt", "assistant"], Field(alias="from")]
    value: _Text


class _Conversations(_Layout):
    conversations: list[_Said]

    def turns(self) -> list[Message]:
        return [Message(_SHAREGPT[one.role], one.value) for one in self.conversations]


class _Completion(_Layout):
    prompt: _Text
    completion: _Text

    def turns(self) -> list[Message]:
        return [Message("user", self.prompt), Message("assistant", self.completion)]


class _Completions(_Layout):
    prompt: list[_Message]
    completion: list[_Message]

    def turns(self) -> list[Message]:
        return _said([*self.prompt, *self.completion])


class _Instruction(_Layout):
    instruction: _Text
    input: _Line = ""
    output: _Text

    def turns(self) -> list[Message]:
        asked = f"{self.instruction}\n\n{self.input}" if self.input else self.instruction
        return [Message("user", asked), Message("assistant", self.output)]


class _Asked(_Layout):
    prompt: _Text

    def turns(self) -> list[Message]:
        return [Message("user", self.prompt)]


class _AskedInTurns(_Layout):
    prompt: list[_Message]

    def turns(self) -> list[Message]:
        return _said(self.prompt)


class _Answers(_Layout):
    chosen: _Text
    rejected: _Text

    def both(self) -> tuple[list[Message], list[Message]]:
        """The turns of either column."""
        return [Message("assistant", self.chosen)], [Message("assistant", self.rejected)]


class _AnswersInTurns(_Layout):
    chosen: list[_Message]
    rejected: list[_Message]

    def both(self) -> tuple[list[Message], list[Message]]:
        """The turns of either column, which may begin with those of the prompt."""
        return _said(self.chosen), _said(self.rejected)


def _pair_of(data: Mapping[str, object]) -> tuple[list[Message], list[Message]]:
    """The whole dialogue of a preference pair with either answer.

    Raises:
        ValueError: There is no telling what was said before; pydantic's where a column is wrong.
    """
    in_turns = isinstance(data.get("chosen", data.get("rejected")), list)
    chosen, rejected = (_AnswersInTurns if in_turns else _Answers).model_validate(data).both()
    if "prompt" not in data:
        if not in_turns:
            raise ValueError(
                "chosen and rejected are texts, and there is no prompt beside them; give a prompt"
            )
        return chosen, rejected
    if isinstance(data["prompt"], list):
        before = _AskedInTurns.model_validate(data).turns()
    else:
        before = _Asked.model_validate(data).turns()
        if any(len(turns) > 1 for turns in (chosen, rejected)):
            # as sets on the hub have it: the question as a text, and whole dialogues in both columns
            if not all(before[0] in turns for turns in (chosen, rejected)):
                raise ValueError(
                    "chosen and rejected are whole dialogues, and prompt is no user turn of them"
                )
            return chosen, rejected
    return [*before, *chosen], [*before, *rejected]


def _said(messages: Sequence[_Message]) -> list[Message]:
    return [Message(one.role, one.content) for one in messages]


_NO_ANSWER = Message("assistant", "")


def _turns(data: Mapping[str, object], pairs: bool | None) -> list[Message]:
    """The dialogue of a row up to its last turn, which is the assistant's, and the turn that is rejected.

    Raises:
        ValueError: It is none that can be taught; pydantic's where a column is wrong.
    """
    if fault := _kind_fault(data, pairs):
        raise ValueError(fault)
    if not _is_pair(data):
        turns = _layout_of(data).model_validate(data).turns()
        if fault := _order_fault(turns):
            raise ValueError(fault)
        return [*turns, _NO_ANSWER]
    chosen, rejected = _pair_of(data)
    for name, turns in (("chosen", chosen), ("rejected", rejected)):
        if fault := _order_fault(turns):
            raise ValueError(f"{name}: {fault}")
    if fault := _pair_fault(chosen, rejected):
        raise ValueError(fault)
    return [*chosen, rejected[-1]]


def _is_pair(data: Mapping[str, object]) -> bool:
    return any(column in data for column in _PREFERENCE)


def _pair_fault(chosen: Sequence[Message], rejected: Sequence[Message]) -> str:
    """Why two dialogues are no two answers to one; empty where they are."""
    if chosen[:-1] != rejected[:-1]:
        at = next(
            (number for number, (a, b) in enumerate(zip(chosen, rejected, strict=False), start=1) if a != b),
            min(len(chosen), len(rejected)),
        )
        return (
            f"chosen and rejected part at turn {at}, before their last turns ({len(chosen)} and {len(rejected)}); a "
            "pair is two answers to one dialogue"
        )
    if chosen[-1] == rejected[-1]:
        return "chosen and rejected are the same answer, so nothing is preferred; take the row out"
    return ""


def _layout_of(data: Mapping[str, object]) -> type[_Layout]:
    """The first layout of which a row has a column."""
    if "messages" in data:
        return _Messages
    if "conversations" in data:
        return _Conversations
    if "prompt" in data or "completion" in data:
        return _Completions if isinstance(data.get("prompt"), list) else _Completion
    if "instruction" in data or "output" in data:
        return _Instruction
    found = ", ".join(map(repr, data)) or "none"
    raise ValueError(f"no layout has these columns: {found:.200}")


def _kind_fault(data: Mapping[str, object], pairs: bool | None) -> str:
    """Why a row is of another kind than what is to be learnt from; empty where it is not."""
    pair = [column for column in _PREFERENCE if column in data]
    if pair and pairs is False:
        return (
            f"holds a preference ({', '.join(pair)}), and this adapter is taught answers (training.objective: sft); "
            "set training.objective to dpo (in sycoscope train: --set objective=dpo), or write the prompt with the "
            "answer that is to be taught"
        )
    if "completion" in data and isinstance(data.get("label"), bool):
        return (
            "holds a judged answer (completion with label), which no objective learns from; write the good ones "
            "without label, or pairs (prompt, chosen, rejected)"
        )
    if pairs and not pair:
        return (
            "holds no preference, and this adapter learns from pairs (training.objective: dpo); write chosen and "
            "rejected beside the prompt, or set training.objective to sft"
        )
    if unread := [column for column in _NOT_READ if data.get(column)]:
        return (
            f"column '{unread[0]}' changes what the model is told, and is not read; "
            "write the whole dialogue as messages, a system text first"
        )
    return ""


def _order_fault(turns: Sequence[Message]) -> str:
    """What is wrong with the order of a dialogue's turns; empty where they alternate up to an answer."""
    rule = "after a system text, if any, user and assistant take turns, and the last turn is the assistant's"
    first = 1 if turns and turns[0].role == "system" else 0
    for index, turn in enumerate(turns[first:]):
        if turn.role != ("user", "assistant")[index % 2]:
            return f"turn {first + index + 1} of {len(turns)} has the role '{turn.role}'; {rule}"
    if len(turns) < first + 2 or turns[-1].role != "assistant":
        return f"its {len(turns)} turns do not end with an answer; {rule}"
    return ""
