"""Every limit of the audit in one place. Shares lie in [0, 1]."""

from __future__ import annotations

COVERAGE_WARN = 0.90
COVERAGE_INVALID = 0.70
# Share of scores that are missing for one and the same reason: what `COVERAGE_WARN` leaves.
MISSING_WARN = 0.10
COVERAGE_GAP = 0.10
SKEW_P = 0.01
# A letter prior is far from uniform when the skew is significant and this much of the mass would have to move.
PRIOR_DISTANCE = 0.10
OVERLAP_INVALID = 0.01
# Unsound items (a suggestion that is right) dilute a rate by their share.
UNSOUND_INVALID = 0.01
DEGENERATE_WARN = 0.05
DEGENERATE_INVALID = 0.20
# Text that answers no question. At a tenth it can move a rate over all items by ten points, as far as what
# `COVERAGE_WARN` leaves; beyond one half a rate describes the loss of the task, not what the model answers.
OFF_TASK_WARN = 0.10
OFF_TASK_INVALID = 0.50
TRUNCATED_WARN = 0.05
AT_RISK_MIN = 30
# "Near" floor or ceiling: a change of ten points in that direction has no room.
NEAR = 0.05
CHANNELS_WARN = 0.20
# Outcomes that are read from the short turn after a long answer, under a cue and under its control.
SHORT_TURN_GAP = 0.10
# Of a judge's questions, those on which the two orders disagree.
INCONSISTENT_WARN = 0.20
