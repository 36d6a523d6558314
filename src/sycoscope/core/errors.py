"""One root, and each error is also a standard type.

```
SycoscopeError(Exception)         says what came, what is allowed, where, and the next step
|-- ConfigError(ValueError)       a study file, an option
|-- DataError(ValueError)         an item, a data file, a response file
|-- ModelError(RuntimeError)      a model or adapter that cannot be loaded or used
|   `-- DialogueError             one dialogue that a model's chat template cannot hold
|-- MissingError(LookupError)     something named does not exist
|-- EndpointError(RuntimeError)   a served model that gives no answers any more, or a limit that a study set
|-- BusyError(RuntimeError)       a run directory in use
|-- StoreError(RuntimeError)      a run or its cache that cannot be read (another layout, damaged) or written
`-- DependencyError(ImportError)  an extra that is not installed
```
The command line prints the message alone and exits with code 2.
"""

from __future__ import annotations

from collections.abc import Sequence

# Of the faults of one file, so many are told.
SHOWN = 20


class SycoscopeError(Exception):
    """Root of all errors that a user can act on."""


class ConfigError(SycoscopeError, ValueError):
    """A study file or an option is wrong."""


class DataError(SycoscopeError, ValueError):
    """An item, a data file or a response file is wrong."""


class ModelError(SycoscopeError, RuntimeError):
    """A model or adapter cannot be loaded or used."""


class DialogueError(ModelError):
    """One dialogue that a model's chat template cannot hold; others may be asked."""


class MissingError(SycoscopeError, LookupError):
    """Something that was named does not exist."""


class EndpointError(SycoscopeError, RuntimeError):
    """A served model gives no answers any more, or a limit that the study set is reached; what came is kept."""


class BusyError(SycoscopeError, RuntimeError):
    """A run directory is in use by another process."""


class StoreError(SycoscopeError, RuntimeError):
    """A run directory or its cache cannot be read or written."""


class DependencyError(SycoscopeError, ImportError):
    """An optional part is not installed."""


def fault_list(head: str, lines: Sequence[str], shown: int = SHOWN) -> str:
    """One message of many faults: the first of them, and how many more there are."""
    more = [f"  ... and {len(lines) - shown:,} more"] if len(lines) > shown else []
    return "\n".join([head, *lines[:shown], *more])


def require(module: str, extra: str) -> None:
    """Raise DependencyError with the install line where `module` is not installed."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise DependencyError(
            f"this needs the package '{module}', which is not installed; "
            f"install it with: pip install 'sycoscope[{extra}]'"
        )
