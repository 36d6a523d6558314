"""Which code of its own a model runs: the files that came with it, or from elsewhere, and that were trusted."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sycoscope.models.resolve import file_sha256

# Where transformers keeps code that is not its own: it runs from a copy there, wherever it was read.
_COPIES = "transformers_modules"


def own_code(*parts: Any) -> str:
    """Sixteen hex digits of the code that is not transformers' own; empty where all of it is.

    The files of a model do not say it: a configuration that both transformers and a file beside it can read is run by
    the one or the other as the user trusts that file or not, and it may name code of another repository.

    Args:
        parts: What was made of the model's files: network, configuration, tokenizer.
    """
    classes = {type(part) for part in parts}
    lines = sorted(
        {line for one in classes if one.__module__.startswith(f"{_COPIES}.") for line in _lines(one)}
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] if lines else ""


def _lines(cls: type) -> Iterator[str]:
    """The class, its file and all files that this one imports, with their content; not where the copies lie."""
    from transformers.dynamic_module_utils import get_relative_import_files

    path = Path(str(sys.modules[cls.__module__].__file__))
    yield f"{path.name}:{cls.__qualname__}"
    for file in {path, *map(Path, get_relative_import_files(path))}:
        yield f"{file.relative_to(path.parent).as_posix()}:{file_sha256(file)}"
