"""Digests of a run's files: whether what is read is what the run wrote."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sycoscope.core.digests import (
    CHANGED,
    DIGESTS,
    bytes_digest,
    file_digest,
    misfit,
    read_digests,
    write_digests,
)
from sycoscope.core.errors import StoreError


class RunDigests:
    """Digests of a run's files: those of `digests.json`, and of what this process wrote since.

    The file on the disk changes at two moments only, with the manifest and with the summary. A run that is killed in
    between has tables that do not fit it, and these are named.
    """

    def __init__(self, run: Path) -> None:
        self._run = run
        self._written: dict[str, str | None] = {}
        self._fitting: dict[str, tuple[int, int, str]] = {}

    def wrote(self, path: Path, data: bytes) -> None:
        """Note what a file holds from now on."""
        self._written[self._name(path)] = bytes_digest(data)

    def removed(self, path: Path) -> None:
        """Note that the run has no such file."""
        self._written[self._name(path)] = None

    def keep(self, unknown: Iterable[Path] = ()) -> None:
        """Write `digests.json`.

        Args:
            unknown: Files that are taken as they are, where nothing was noted of them.
        """
        try:
            known = self._known()
        except StoreError:  # what is damaged says nothing of files that are written anew
            known = dict(self._written)
        taken = {self._name(path): path for path in unknown if self._name(path) not in known}
        known |= {name: file_digest(path) for name, path in taken.items()}
        write_digests(self._run, {name: digest for name, digest in known.items() if digest is not None})
        self._written.clear()

    @property
    def are_there(self) -> bool:
        """Whether the run has digests; one that was written before runs had them has none."""
        return (self._run / DIGESTS).is_file()

    def names(self) -> list[str]:
        """Files of the run, as paths within it.

        Raises:
            StoreError: `digests.json` is damaged.
        """
        return [name for name, digest in self._known().items() if digest is not None]

    def fault(self, path: Path) -> str:
        """What is wrong with a file, as the end of a sentence; empty where nothing is, or nothing is known of it.

        Raises:
            StoreError: `digests.json` is damaged.
        """
        name = self._name(path)
        digest = self._known().get(name)
        if digest is None:
            return ""
        seen = self._seen(path, digest)
        if seen is not None and self._fitting.get(name) == seen:
            return ""
        fault = misfit(path, digest)
        if not fault and seen is not None:
            self._fitting[name] = seen
        return fault.replace(CHANGED, "is not as the run wrote it")

    def _known(self) -> dict[str, str | None]:
        try:
            return (read_digests(self._run) or {}) | self._written
        except StoreError as fault:
            raise StoreError(f"{fault}; run the study again") from fault

    def _seen(self, path: Path, digest: str) -> tuple[int, int, str] | None:
        """What tells that a file was not touched since it was compared; None where there is none."""
        try:
            stat = path.stat()
        except OSError:
            return None
        return stat.st_size, stat.st_mtime_ns, digest

    def _name(self, path: Path) -> str:
        return path.relative_to(self._run).as_posix()
