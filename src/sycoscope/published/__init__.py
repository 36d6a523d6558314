"""The published study re-examined: its figures recomputed, its claims assessed, its reading rules as scorers.

- `figures`, `layout`: a result table in a small layout (any study's); the published one ships as `figures.csv`
- `recompute`: levels, changes, means and correlations from counts, with what unread answers and the unknown
  pairing leave open
- `claims`, `assess`, `verdicts`: what is claimed, and whether it is in the data and supported
- `rules`: `protocol: published`; `side_by_side`: the same transcripts by its rules and by ours
- `findings`: its findings against the estimates of a run
- `report_text`: tables; docs/published_document.py writes docs/published.md with them
"""
