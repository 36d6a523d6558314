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
    "A row holds messages, conversations, prompt and completion, or instruction and output; "
    "docs/training.md shows the layouts."
)
_NAMED = (
    "name a file (.jsonl, .json with one object per line, .parquet) or a data set of the hub (OWNER/NAME)"
)
# Columns that say what a model should have preferred, and columns without which a row would be another one.
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
        where: Its place, for messages. number: line (of Parquet: row), from 1; over all files of a set.
    """

    prompt: tuple[Message, ...]
    answer: str
    where: str
    number: int


@dataclass(frozen=True, slots=True)
class DialogueFile:
    """Training rows of one's own, read; in their order, repeated ones too.

    Attributes:
        name: As it was given. unit: what `number` of a row counts.
    """

    name: str
    rows: tuple[Dialogue, ...]
    unit: Literal["line", "row"]


def read_dialogues(source: str | Path) -> DialogueFile:
    """Read training rows.

    Args:
        source: A file (`.parquet`; every other ending is JSON Lines), or the split `train` of a data set of the hub,
            as OWNER/NAME or OWNER/NAME@REVISION.

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
            *prompt, answer = _turns(present(row.data))
        except ValidationError as error:
            faults.add(row.where, *explain(error))
        except ValueError as error:
            faults.add(row.where, str(error))
        else:
            place = number if on_hub else row.number
            rows.append(Dialogue(prompt=tuple(prompt), answer=answer.content, where=row.where, number=place))
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


def _said(messages: Sequence[_Message]) -> list[Message]:
    return [Message(one.role, one.content) for one in messages]


def _turns(data: Mapping[str, object]) -> list[Message]:
    """The dialogue of a row up to its last turn, which is the assistant's.

    Raises:
        ValueError: It is none that can be taught; pydantic's where a column is wrong.
    """
    if fault := _kind_fault(data):
        raise ValueError(fault)
    turns = _layout_of(data).model_validate(data).turns()
    if fault := _order_fault(turns):
        raise ValueError(fault)
    return turns


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


def _kind_fault(data: Mapping[str, object]) -> str:
    """Why a row is of another kind than answers to be taught; empty where it is not."""
    if pair := [column for column in _PREFERENCE if column in data]:
        return (
            f"holds a preference ({', '.join(pair)}), and adapters are tuned on answers alone (SFT); "
            "write the prompt with the answer that is to be taught"
        )
    if "completion" in data and isinstance(data.get("label"), bool):
        return (
            "holds a judged answer (completion with label), and adapters are tuned on answers alone (SFT); "
            "write the good ones without label"
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
