"""The pages: what stands on each, rendered by the templates. They are the same for the server and for a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup, escape

from sycoscope.core.errors import MissingError
from sycoscope.report import figures, labels
from sycoscope.report.page import environment
from sycoscope.run.edge_cases import edge_kinds
from sycoscope.run.filtering import TrialFilter
from sycoscope.view import edges
from sycoscope.view.address import CHANNELS, FLIPS, Links, Listing, Pick, Side, listing_query, pick_query
from sycoscope.view.dialogue import Dialogue, Material, dialogue, material, pair_of
from sycoscope.view.grid import Grid, grids
from sycoscope.view.opened import ItemKey, Items, Opened, OpenRun
from sycoscope.view.start import asked_rows, shared_items, verdict_rows
from sycoscope.view.words import SHOWN, Message, message

TEMPLATES = Path(__file__).parent / "templates"
# Items of one page of a list.
PAGE = 25
# Steps of a training whose numbers are in a table.
STEPS = 200
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'self'"


def templates() -> Environment:
    """The pages' templates: what is put into them is cleaned, and what turns the direction of text is written out."""
    found = environment(TEMPLATES)
    # what a form sends is the text itself
    found.filters["value"] = lambda value: escape(labels.clean(str(value)))
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """An item of a list. excerpt: where the text stands, and in whose dialogue."""

    grid: Grid
    link: str | None
    n: int
    excerpt: tuple[str, Message] | None


class Pages:
    """All pages over some runs.

    Attributes:
        policy: A content security policy that stands in the page itself, where no server sends one.
    """

    def __init__(self, opened: Opened, links: Links, policy: str = "") -> None:
        self.opened, self.links, self.policy = opened, links, policy
        self._templates = templates()

    def _page(self, template: str, title: str, **values: Any) -> str:
        listing = values.pop("listing", Listing())
        text: str = self._templates.get_template(template).render(
            title=title,
            links=self.links,
            policy=self.policy,
            labels=labels,
            runs=self.opened.runs,
            several=self.opened.several,
            tasks=self.opened.tasks(),
            listing=listing,
            Listing=Listing,
            has_training=any(run.data.training for run in self.opened.runs),
            **values,
        )
        return text

    def home(self, note: Sequence[str] = ()) -> str:
        """What the runs found, and the ways into their items. note: what is left out, of a folder."""
        return self._page(
            "home.html.j2",
            "Start",
            verdicts=[verdict_rows(self.opened, self.links, run) for run in self.opened.runs],
            counted=self.counted,
            edges=None if self.opened.edges is None else edges.kind_rows(self.opened.edges, self.links),
            shared=shared_items(self.opened) if self.opened.several else [],
            facet_link=lambda task: self.links.items(Listing(asked=TrialFilter(task=task))),
            note=note,
        )

    def items(self, listing: Listing, called: str = "") -> str:
        """A page of a list of items. called: what it is a list of, where no form says so.

        Raises:
            MissingError: the list has no such page.
        """
        found = self.opened.found(listing.asked, listing.where)
        n_pages = max(1, -(-len(found) // PAGE))
        if listing.page > n_pages:
            raise MissingError(f"this list has {n_pages} page(s); there is no page {listing.page}")
        rows = found.rows[(listing.page - 1) * PAGE : listing.page * PAGE]
        return self._page(
            "items.html.j2",
            "Items",
            listing=listing,
            found=self._found(rows, found, listing),
            searched=found.searched,
            n=len(found),
            n_all=len(self.opened.found(TrialFilter())),
            first=(listing.page - 1) * PAGE + 1,
            n_pages=n_pages,
            page_link=lambda page: self.links.items(replace(listing, page=page)),
            form=self._form(listing) if self.links.live else None,
            edge=edge_kinds().get(listing.asked.edge),
            called=called,
        )

    def item(self, pick: Pick, listing: Listing) -> str:
        """An item: conditions across, subjects down, and two dialogues side by side.

        Raises:
            MissingError: no run has the item, or a subject that is named.
        """
        (grid,) = grids(self.opened, [pick.key])
        if not grid.lines:
            raise MissingError(
                f"no item '{labels.shorten(pick.item, 80)}' of '{labels.shorten(pick.task, 80)}' in this run"
            )
        if not pick.left[0] and (case := edges.shown(self.opened, grid, listing.asked)):
            pick = replace(pick, left=case.left, right=case.right, draw=case.draw)
        found = material(self.opened, [pick.key])
        pair = pair_of(self.opened, grid, pick)
        limit = None if pick.whole else SHOWN
        shown = dialogue(self.opened, found, pick, pair, listing.asked.text, limit) if pair else None
        if pair and shown is None:
            raise MissingError(
                f"no subject '{labels.shorten(pair[0][0], 80)}' or '{labels.shorten(pair[1][0], 80)}' in this run"
            )
        return self.item_page(grid, found, pick, listing, [shown] if shown else [])

    def item_page(
        self, grid: Grid, found: Material, pick: Pick, listing: Listing, dialogues: Sequence[Dialogue]
    ) -> str:
        """An item with these dialogues."""
        place, before, after = self._neighbours(pick.key, listing)
        left, right = self._sides(dialogues)
        draws = found.draws(pick.key)
        chosen = replace(pick, left=left, right=right)

        def to(**change: Any) -> str | None:
            return self.links.item(replace(chosen, **change), listing)

        return self._page(
            "item.html.j2",
            labels.shorten(grid.question or grid.item, 80),
            listing=listing,
            grid=grid,
            question=message(grid.question, listing.asked.text, SHOWN) if grid.question else None,
            about=found.about.get(pick.key, []),
            dialogues=dialogues,
            pick=chosen,
            draws=[(draw, to(draw=draw)) for draw in draws] if len(draws) > 1 else [],
            outcome_of=labels.outcome_of(grid.task),
            edges=edges.told(
                self.opened,
                grid,
                lambda case: _to_dialogue(to(left=case.left, right=case.right, draw=case.draw)),
            ),
            partners=[
                (other, self.links.item(Pick(task=other.task, item=other.item), Listing()))
                for other in edges.partners(self.opened, grid)
            ],
            place=place,
            before=before,
            after=after,
            back=self.links.items(replace(listing, page=(place[0] - 1) // PAGE + 1 if place else 1)),
            swap=to(left=right, right=left),
            diff=to(diff=not pick.diff),
            whole=to(whole=True),
            subjects=self.opened.subjects,
            cell_link=lambda line, cell: self._cell_link(chosen, listing, line, cell),
            kept=listing_query(replace(listing, page=1)) | pick_query(Pick(task=pick.task, item=pick.item)),
        )

    def training(self) -> str:
        """Training curves of every run that has them."""
        shown = []
        for run in self.opened.runs:
            figure = figures.drawn(figures.training, run.view) if run.data.training else None
            if figure is not None:
                shown.append((run.name, figure, Markup(figure.svg), run.data.training))
        return self._page("training.html.j2", "Training", shown=shown, most=STEPS)

    def help(self) -> str:
        """The keys, and what the words mean."""
        return self._page("help.html.j2", "Help", edges=edge_kinds().values())

    def search(self, n_chunks: int, most: int) -> str:
        """The search of a folder: over so many script files, and `most` characters of each item."""
        return self._page("search.html.j2", "Search", n_chunks=n_chunks, most=most)

    def message(self, title: str, text: str) -> str:
        """A page that says why there is no other."""
        return self._page("message.html.j2", title, text=text)

    # --- the first page ---

    @cached_property
    def counted(self) -> list[tuple[OpenRun, list[dict[str, Any]]]]:
        """Of each run and task: conditions, trials, and how many were not scored."""
        return [(run, asked_rows(run)) for run in self.opened.runs]

    # --- lists ---

    def _found(self, rows: Sequence[tuple[ItemKey, int]], found: Items, listing: Listing) -> list[Found]:
        keys = [key for key, _ in rows]
        return [
            Found(
                grid,
                self.links.item(Pick(task=grid.task, item=grid.item, **self._picked(grid, listing)), listing),
                n,
                self._excerpt((grid.task, grid.item), found, listing.asked.text),
            )
            for grid, (_, n) in zip(grids(self.opened, keys) if keys else [], rows, strict=True)
        ]

    def _picked(self, grid: Grid, listing: Listing) -> dict[str, Any]:
        """The pair that a filter on subject and condition means; the item's own first one where it says neither."""
        asked = listing.asked
        if asked.edge or not (asked.subject or asked.condition):
            return {}
        who = self.opened.subject(asked.subject) if asked.subject else None
        first = next((line.subject for line in grid.lines if self.opened.before(line.subject)), None)
        who = who or first or (grid.lines[0].subject if grid.lines else None)
        if who is None:
            return {}
        before = self.opened.before(who)
        cue, control = self.opened.runs[who.run].cue_of(grid.task)
        condition = asked.condition or cue or grid.conditions[0][0]
        left = (before.key, condition) if before else (who.key, control or condition)
        return {"left": left, "right": (who.key, condition)}

    def _excerpt(self, key: ItemKey, found: Items, text: str) -> tuple[str, Message] | None:
        """Of a search, where the text stands first: whose dialogue it is, and what is around it."""
        if (first := found.first.get(key)) is None:
            return None
        run, name, condition, around = first
        subject = self.opened.of(run, name)
        who = f"{subject.label if subject else name}, {labels.condition_of(key[0], condition)}"
        return who, message(f"…{around}…", text)

    def _form(self, listing: Listing) -> dict[str, Any]:
        """What the filters can be set to."""
        asked = listing.asked
        rows = [row for _, told in self.counted for row in told if asked.task in ("", row["task"])]
        conditions = dict.fromkeys(name for row in rows for name in row["conditions"])
        outcomes = dict.fromkeys(name for row in rows for name in row["outcomes"] if name)
        return {
            "facet": (asked.task, list(self.opened.tasks().items())),
            "condition": (asked.condition, [(name, name.replace("_", " ")) for name in conditions]),
            "subject": (asked.subject, [(one.key, one.label) for one in self.opened.subjects]),
            "outcome": (asked.outcome, [(name, name.replace("_", " ")) for name in outcomes]),
            "flip": (
                listing.asked.flip,
                [(name, labels.CELLS[stances][0]) for name, stances in FLIPS.items()],
            ),
            "edge case": (asked.edge, [(name, kind.label) for name, kind in edge_kinds().items()]),
            "channels": (asked.channels, [(name, name) for name in CHANNELS]),
        }

    # --- an item ---

    def _neighbours(
        self, key: ItemKey, listing: Listing
    ) -> tuple[tuple[int, int] | None, str | None, str | None]:
        """(place in the list, how many it has), the links to the item before and after."""
        found = self.opened.found(listing.asked, listing.where)
        at = found.places.get(key)
        if at is None:
            return None, None, None

        def link(i: int) -> str | None:
            if not 0 <= i < len(found):
                return None
            (task, item), _ = found.rows[i]
            return self.links.item(Pick(task=task, item=item), listing)

        return (at + 1, len(found)), link(at - 1), link(at + 1)

    def _sides(self, dialogues: Sequence[Dialogue]) -> tuple[Side, Side]:
        if not dialogues:
            return ("", ""), ("", "")
        left, right = ((head.subject.key, head.condition) for head in dialogues[0].heads)
        return left, right

    def _cell_link(self, pick: Pick, listing: Listing, line: Any, cell: Any) -> str | None:
        """A cell's dialogue: beside what the subject was before; of a base beside its control."""
        who = line.subject
        before = self.opened.before(who)
        control = self.opened.runs[who.run].cue_of(pick.task)[1] or cell.condition
        left = (before.key, cell.condition) if before else (who.key, control)
        link = self.links.item(replace(pick, left=left, right=(who.key, cell.condition)), listing)
        return _to_dialogue(link)


def _to_dialogue(link: str | None) -> str | None:
    return None if link is None else f"{link}#dialogue"
