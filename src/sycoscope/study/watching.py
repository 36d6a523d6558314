"""The callback's class, for those who must not load transformers before somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sycoscope.core.errors import require

if TYPE_CHECKING:
    from sycoscope.study.callback import SycophancyCallback


def callback_class() -> type[SycophancyCallback]:
    """The callback, which is a class of transformers'.

    Raises:
        DependencyError: transformers is not installed.
    """
    require("transformers", "training")
    from sycoscope.study.callback import SycophancyCallback

    return SycophancyCallback
