"""Files of a repository on the Hugging Face hub at one commit: fetched, or from the hub's cache on this machine.

The hub is asked once, with a short patience, before anything is fetched. Its own client asks again and again, for
minutes, where nobody answers; here that is known within seconds, and what the cache holds is used instead.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from sycoscope.core.errors import MissingError, require
from sycoscope.core.files import write_atomic
from sycoscope.core.texts import shortened

Kind = Literal["model", "dataset"]
_COMMIT = re.compile("[0-9a-f]{40}")
# How long the hub may take to say what a revision means (s), and the variable of its own client that says otherwise.
PATIENCE, PATIENCE_VARIABLE = 2.0, "HF_HUB_ETAG_TIMEOUT"
# A hub that did not answer is not waited for again for so long (s).
KEPT = 60.0
LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"
T = TypeVar("T")

# Endpoint -> when it did not answer, and what came instead.
_silent: dict[str, tuple[float, Exception]] = {}


@dataclass(frozen=True, slots=True)
class _Found:
    commit: str
    names: tuple[str, ...]


class Repository:
    """A repository on the hub, as one revision of it is when this is made.

    Where the hub does not answer, or refuses, the cache says what the revision meant last.
    """

    def __init__(self, name: str, revision: str = "", *, kind: Kind) -> None:
        """Look a repository up.

        Args:
            name: `OWNER/NAME`. revision: a commit, branch or tag; empty: the default branch.

        Raises:
            MissingError: The hub says that there is no such revision. DependencyError: its client is not installed.
        """
        require("huggingface_hub", "models" if kind == "model" else "data")
        from huggingface_hub.errors import RevisionNotFoundError

        self.name, self.revision, self._kind = name, revision, kind
        self._found: _Found | None = None
        self._fault: Exception | None = None
        try:
            self._found = _look_up(name, revision, kind)
        except RevisionNotFoundError as fault:
            raise MissingError(self._told(fault)) from fault
        except Exception as fault:  # the hub's client raises many kinds
            self._fault = fault

    @property
    def names(self) -> tuple[str, ...] | None:
        """All its files, as `FOLDER/NAME`; None where the hub was not reached."""
        return None if self._found is None else self._found.names

    @property
    def fault(self) -> str:
        """Why the hub was not reached; empty where it was."""
        return "" if self._fault is None else self._told(self._fault)

    def pin(self) -> str:
        """The commit that the revision means: 40 hex digits. It is noted in the cache, as the hub's client does.

        Raises:
            MissingError: The hub was not reached, and the cache does not know.
        """
        if _COMMIT.fullmatch(self.revision):
            return self.revision
        noted = _cache_of(self.name, self._kind) / "refs" / (self.revision or "main")
        if self._found is not None:
            write_atomic(noted, self._found.commit.encode())
            return self._found.commit
        try:
            return noted.read_text().strip()
        except OSError as fault:
            raise MissingError(self._not_fetched(fault)) from fault

    def fetch(self, names: Sequence[str], without: Sequence[str] = (), *, bars: bool = False) -> Path:
        """The folder with those of its files that match; its name is their commit.

        Args:
            names: Patterns of files as the shell has them, of which one has to match. without: what is left out.
            bars: Show how far the transfer is.

        Raises:
            MissingError: There is none, or it can be had neither from the hub nor from its cache.
        """
        from huggingface_hub import snapshot_download

        if not self.holds(names):
            raise MissingError(f"it holds none of the files {', '.join(names)}")
        try:
            with _bars(shown=bars):
                folder = snapshot_download(
                    self.name,
                    repo_type=self._kind,
                    revision=self.revision or None,
                    allow_patterns=list(names),
                    ignore_patterns=list(without) or None,
                    local_files_only=self._found is None,
                )
        except Exception as fault:  # the hub's client raises many kinds
            raise MissingError(self._not_fetched(fault)) from fault
        self.revision = Path(folder).name  # all that is fetched later is of this commit
        return Path(folder)

    def holds(self, names: Sequence[str]) -> bool:
        """Whether a file matches; True where the hub was not reached."""
        from huggingface_hub.utils import filter_repo_objects

        return self.names is None or any(
            True for _ in filter_repo_objects(self.names, allow_patterns=list(names))
        )

    def _not_fetched(self, fault: Exception) -> str:
        if self._fault is None:
            return self._told(fault)
        return f"{self.fault}, and the hub's cache does not hold all of it"

    def _told(self, fault: Exception) -> str:
        """What a fault of the hub's client means, on one line."""
        from huggingface_hub import constants, errors

        if isinstance(fault, errors.OfflineModeIsEnabled):
            return "the hub is not asked (HF_HUB_OFFLINE is set)"
        if isinstance(fault, errors.GatedRepoError):
            return f"it is gated: ask for access on its page, and {LOG_IN}"
        if isinstance(fault, errors.RevisionNotFoundError):
            return f"it has no revision '{self.revision}'"
        if isinstance(fault, errors.RepositoryNotFoundError):
            return (
                f"the hub has no such {self._kind}, or does not show it to you: check its name, or {LOG_IN}"
            )
        if isinstance(fault, errors.HFValidationError):
            return f"it is no name of a repository ({_said(fault)})"
        status = getattr(getattr(fault, "response", None), "status_code", None)
        if status in (401, 403):
            return f"the hub refuses it ({status}): {LOG_IN}"
        if status is not None:
            return f"the hub at {constants.ENDPOINT} answers with an error ({status})"
        if isinstance(fault, TimeoutError) or "Timeout" in type(fault).__name__:
            return (
                f"the hub at {constants.ENDPOINT} does not answer within {_patience():g} s "
                f"({PATIENCE_VARIABLE} gives it more)"
            )
        return f"the hub at {constants.ENDPOINT} cannot be reached ({_said(fault)})"


def _said(fault: Exception) -> str:
    return shortened(" ".join(str(fault).split()), 200) or type(fault).__name__


def cached_commits(name: str, *, kind: Kind) -> list[str]:
    """Commits of a repository of which the hub's cache holds files."""
    try:
        return sorted(path.name for path in (_cache_of(name, kind) / "snapshots").iterdir())
    except OSError:
        return []


def _cache_of(name: str, kind: Kind) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"{kind}s--{name.replace('/', '--')}"


def _look_up(name: str, revision: str, kind: Kind) -> _Found:
    """What the hub says of a revision; one question, and no second one."""
    from huggingface_hub import HfApi, constants

    since, fault = _silent.get(constants.ENDPOINT, (-KEPT, None))
    if fault is not None and time.monotonic() - since < KEPT:
        raise fault

    def ask() -> Any:
        return HfApi().repo_info(name, repo_type=kind, revision=revision or None, timeout=_patience())

    try:
        info = _within(_patience() + 0.2, ask)
    except Exception as fault:
        if isinstance(fault, TimeoutError) or "Timeout" in type(fault).__name__:
            _silent[constants.ENDPOINT] = (time.monotonic(), fault)
        raise
    return _Found(str(info.sha), tuple(file.rfilename for file in info.siblings or ()))


def _patience() -> float:
    try:
        return max(0.1, float(os.environ[PATIENCE_VARIABLE]))
    except (KeyError, ValueError):
        return PATIENCE


def _within(seconds: float, call: Callable[[], T]) -> T:
    """The result of a call that may take so long.

    The client's own timeout begins anew with every byte and every address, and knows nothing of looking up names.

    Raises:
        TimeoutError: It took longer; it ends with the process.
    """
    results: list[T] = []
    faults: list[Exception] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as fault:
            faults.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if faults:
        raise faults[0]
    if not results:
        raise TimeoutError
    return results[0]


@contextmanager
def _bars(*, shown: bool) -> Iterator[None]:
    """Progress bars of the hub's client, which are for large files."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if shown or are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()
