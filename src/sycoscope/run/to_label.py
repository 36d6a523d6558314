"""A run's responses that people can be asked about, and what the rules say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sycoscope.analysis import ScoreTable, score_tables
from sycoscope.analysis.by_hand import Key, ResponseCell, response_cells, terms_of
from sycoscope.analysis.label_queue import Stratum, readings, strata_of
from sycoscope.core.types import Item, Trial
from sycoscope.judging.by_hand import id_of
from sycoscope.run.store import RunDirectory


@dataclass(frozen=True, kw_only=True)
class ToLabel:
    """The tables of a run, laid out.

    Attributes:
        cells: Of every subject and condition whose first answer is its own. read: trial -> choice that its reading
            stands for. strata: what is asked about one by one: the conditions of the primaries, those included that the
            rules could not read.
        trials: By id: those of the cells and the strata.
    """

    tables: Mapping[str, ScoreTable]
    cells: Sequence[ResponseCell]
    read: Mapping[Key, str]
    strata: Sequence[Stratum]
    trials: Mapping[str, tuple[Trial, Item]]

    @cached_property
    def read_trials(self) -> dict[str, tuple[Trial, Item]]:
        """By id: those that the rules could read."""
        known = {
            id_of(key)
            for cell in self.cells
            for key, code in zip(cell.keys, cell.reading, strict=True)
            if code >= 0
        }
        return {name: found for name, found in self.trials.items() if name in known}


def to_label(run: RunDirectory) -> ToLabel:
    """What of a finished run people can be asked about.

    Raises:
        MissingError: no run there. StoreError: not finished, or a file of it is not as the run wrote it.
    """
    run.check()
    items, scores = {item.id: item for _, item in run.items()}, run.scores()
    tables = score_tables(scores, items)
    cells = response_cells(tables, {})
    read, statuses = readings(scores)
    strata = strata_of([cell for cell in cells if cell.condition in terms_of(cell.task)], statuses)
    wanted = {key for stratum in strata for key in stratum.keys}
    wanted |= {key for cell in cells for key, code in zip(cell.keys, cell.reading, strict=True) if code >= 0}
    trials = {}
    for trial in run.trials():
        key = (trial.subject, trial.task, trial.item_id, trial.condition, trial.draw)
        if key in wanted and trial.item_id in items and trial.asked:
            trials[id_of(key)] = (trial, items[trial.item_id])
    return ToLabel(tables=tables, cells=cells, read=read, strata=strata, trials=trials)
