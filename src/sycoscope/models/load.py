"""The one place where a backend is chosen: from a study's `model` to a model that answers.

A backend is a module with its settings class and its model class, and one entry of `BACKENDS`. Everybody else asks
the entry what the backend can do, or the model which of the optional protocols of `core.protocols` it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainValidator, SerializeAsAny, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from sycoscope.core.protocols import Model
from sycoscope.models.null import PREFIX, null_model
from sycoscope.models.settings import ModelSettings, NullSettings, OpenAISettings, TorchSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One way to get answers.

    Attributes:
        settings: What a study's `model` takes with this backend.
        load: (settings, seed) -> model; heavy libraries are imported inside it.
        kind: What its models are, for messages.
        prefix: Names that begin so choose this backend; empty: only the key `backend` does.
        reads_text: Its models act on the text of a request, so they can judge texts.
        runs_benchmarks: They are `TextModel`s, which lm-evaluation-harness needs.
        takes_adapters: They are `TakesAdapters`, and can be tuned.
        serves_adapters: They are `ServesAdapters`.
        prepare: (settings, whether it is to be asked dialogues): what is done before a model is loaded, by several
            processes or much later: its files are fetched and looked at; None: nothing.
    """

    settings: type[ModelSettings]
    load: Callable[[Any, int], Model]
    kind: str
    prefix: str = ""
    reads_text: bool = True
    runs_benchmarks: bool = False
    takes_adapters: bool = False
    serves_adapters: bool = False
    prepare: Callable[[Any, bool], object] | None = None


def _load_torch(settings: TorchSettings, _: int) -> Model:
    from sycoscope.models.torch_model import TorchModel

    return TorchModel(settings)


def _prepare_torch(settings: TorchSettings, chats: bool) -> None:
    from sycoscope.models.first_look import look_at

    look_at(settings, chats=chats)


def _load_served(settings: OpenAISettings, _: int) -> Model:
    from sycoscope.models.served.model import load_served

    return load_served(settings)


BACKENDS: dict[str, Backend] = {
    "torch": Backend(
        settings=TorchSettings,
        load=_load_torch,
        prepare=_prepare_torch,
        kind="a model of transformers",
        runs_benchmarks=True,
        takes_adapters=True,
    ),
    "openai": Backend(
        settings=OpenAISettings,
        load=_load_served,
        kind="a served model",
        serves_adapters=True,
    ),
    "null_model": Backend(
        settings=NullSettings,
        load=lambda settings, seed: null_model(settings.name, seed),
        prepare=lambda settings, _: null_model(settings.name),
        kind="a null model, which acts on records and not on texts",
        prefix=PREFIX,
        reads_text=False,
    ),
}
DEFAULT = "torch"


def default_backend(name: str) -> str:
    """The backend of a model of this name, where the key `backend` says nothing."""
    chosen = (key for key, backend in BACKENDS.items() if backend.prefix and name.startswith(backend.prefix))
    return next(chosen, DEFAULT)


def chosen_backend(given: Mapping[str, Any]) -> Any:
    """What a mapping `model` names as its backend: its key `backend`, or what its name chooses; not checked."""
    named = given.get("backend")
    return default_backend(str(given.get("name", ""))) if named is None else named


def named_backend(given: Mapping[str, Any]) -> Backend | None:
    """The backend that a mapping `model` chooses; None where there is none of that name."""
    chosen = chosen_backend(given)
    return BACKENDS.get(chosen) if isinstance(chosen, str) else None


def without_foreign_keys(given: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping `model` without the keys that only other backends take: those say how another model is loaded.

    A key that no backend takes stays, for `check_settings` to refuse.
    """
    backend = named_backend(given)
    if backend is None:
        return dict(given)
    known = {key for other in BACKENDS.values() for key in other.settings.model_fields}
    foreign = known - set(backend.settings.model_fields)
    return {key: value for key, value in given.items() if key not in foreign}


def backend_of(settings: ModelSettings) -> Backend:
    """What the backend of these settings can do."""
    return BACKENDS[settings.backend]


def load_model(settings: ModelSettings, *, seed: int = 0) -> Model:
    """Load the model that a configuration names.

    Args:
        seed: Of the chances of models that throw dice themselves (null models).

    Raises:
        SycoscopeError: No such model, or it cannot be loaded; the message says what to do.
    """
    return backend_of(settings).load(settings, seed)


def prepare_model(settings: ModelSettings, *, chats: bool = True) -> None:
    """Fetch or convert a model's files, once where several processes load it, and look at them: what loading it would
    refuse is told now, before anything is measured.

    Args:
        chats: Whether it is to be asked dialogues.

    Raises:
        SycoscopeError: No such model, or files that it cannot be loaded from.
    """
    prepare = backend_of(settings).prepare
    if prepare is not None:
        prepare(settings, chats)


def check_settings(raw: Any) -> ModelSettings:
    """Check the mapping `model` of a study against its backend.

    Args:
        raw: Settings, or a mapping with `name`, optionally `backend` (None: by the name), and the backend's keys.

    Raises:
        ValidationError: Every fault, each with its key and what the backend takes there.
    """
    if isinstance(raw, ModelSettings):
        return raw
    if not isinstance(raw, Mapping):
        text = "a model is a mapping with the key 'name', as {name: smollm2-135m-instruct}"
        raise PydanticCustomError("model_mapping", text)
    given = {key: value for key, value in raw.items() if key != "backend" or value is not None}
    chosen = chosen_backend(given)
    if not isinstance(chosen, str) or chosen not in BACKENDS:
        unknown = f"unknown backend {chosen!r}; allowed: {', '.join(BACKENDS)}"
        raise _faults([_fault(("backend",), unknown, chosen)])
    settings = BACKENDS[chosen].settings
    try:
        return settings.model_validate(given)
    except ValidationError as faults:
        unknown = f"unknown key; backend '{chosen}' takes: {', '.join(sorted(settings.model_fields))}"
        raise _faults([_of_backend(error, unknown) for error in faults.errors()]) from None


def _of_backend(error: ErrorDetails, unknown: str) -> InitErrorDetails:
    """A fault of pydantic's, where it is an unknown key with the keys of the backend."""
    if error["type"] == "extra_forbidden":
        return _fault(error["loc"], unknown, error["input"])
    return InitErrorDetails(
        type=error["type"], loc=error["loc"], input=error["input"], ctx=error.get("ctx", {})
    )


def _fault(loc: tuple[int | str, ...], text: str, given: Any) -> InitErrorDetails:
    # of pydantic's own type, so that the message stands without what was given behind it
    return InitErrorDetails(type=PydanticCustomError("value_error", text), loc=loc, input=given)


def _faults(faults: list[InitErrorDetails]) -> ValidationError:
    return ValidationError.from_exception_data("model", faults)


AnyModelSettings = Annotated[ModelSettings, PlainValidator(check_settings), SerializeAsAny()]
