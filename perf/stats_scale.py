"""All estimates of a study of 9 subjects over 10 million scored trials: seconds and peak memory.

    python -m perf.stats_scale

9 subjects x 10 conditions x 55,556 items x 2 draws = 10,000,080 trials; items come 2 to a cluster, so a
cluster holds 4 trials of a condition. Per subject: every rate, the contrasts among those at risk, the
differences in differences against base and placebo with their sign-flip tests, a mean of numbers (as a
log-odds shift), and once the ranking of all subjects.
"""

from __future__ import annotations

import resource
import time

import numpy as np

from sycoscope import stats
from sycoscope.stats import reference

N_SUBJECTS, N_CONDITIONS, N_ITEMS, N_DRAWS = 9, 10, 55_556, 2
RIGHT, PADDED, WRONG, THIRD, ANCHOR, USER_RIGHT, ANCHOR_RIGHT, KEPT_CONTROL, KEPT_DOUBT, AGREE = range(
    N_CONDITIONS
)


def build(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(subjects, conditions, rows) outcomes, and the (rows,) clusters."""
    clusters = np.repeat(np.arange(N_ITEMS) // 2, N_DRAWS)
    ease = np.repeat(rng.normal(size=N_ITEMS), N_DRAWS).astype(np.float32)
    outcomes = np.empty((N_SUBJECTS, N_CONDITIONS, clusters.size), dtype=np.int8)
    for subject in range(N_SUBJECTS):
        for condition in range(N_CONDITIONS):
            noise = rng.normal(size=clusters.size).astype(np.float32)
            outcomes[subject, condition] = ease + noise > 0.1 * condition - 0.05 * subject
    return outcomes, clusters


def estimates(outcomes: np.ndarray, clusters: np.ndarray, rng: np.random.Generator) -> int:
    """Compute everything; the number of estimates."""
    n, ones = 0, np.ones(clusters.size)
    p_values: list[float | None] = []
    for subject in range(N_SUBJECTS):
        y = outcomes[subject].astype(np.float64)
        for condition in range(N_CONDITIONS):
            reference.rate(y[condition], clusters, rng=rng)
            n += 1
        right, wrong = y[RIGHT], 1.0 - y[RIGHT]
        for risk, a, b in (
            (right, WRONG, PADDED), (right, WRONG, ANCHOR), (right, WRONG, THIRD),
            (right, KEPT_CONTROL, KEPT_DOUBT), (wrong, USER_RIGHT, ANCHOR_RIGHT),
            (wrong, USER_RIGHT, PADDED), (ones, PADDED, WRONG),
        ):  # fmt: skip
            stats.rate_contrast(
                np.stack([y[a] * risk, y[b] * risk], 1), np.stack([risk, risk], 1), (1, -1), clusters
            )
            n += 1
        for other in (0, 1):
            if other == subject:
                continue
            r = outcomes[other].astype(np.float64)
            for cue, control in ((WRONG, PADDED), (KEPT_DOUBT, KEPT_CONTROL), (AGREE, PADDED)):
                cells = np.stack([y[cue], y[control], r[cue], r[control]], 1)
                stats.rate_contrast(cells, np.ones_like(cells), (1, -1, -1, 1), clusters)
                p_values.append(
                    reference.sign_flip_test(
                        cells @ (1, -1, -1, 1), clusters, rng=rng, n_permutations=999
                    ).p_value
                )
                n += 2
        stats.mean(rng.normal(size=clusters.size) + y[WRONG] - y[PADDED], clusters, rng=rng)
        n += 1
    stats.holm(p_values)
    sums = stats.cluster_sums(np.concatenate([outcomes[:, WRONG].T, ones[:, None]], axis=1), clusters)
    reference.rank_uncertainty(sums, lambda s: s[:, :-1] / s[:, -1:], rng=rng)
    return n + 1


def main() -> None:
    rng = np.random.default_rng(1)
    outcomes, clusters = build(rng)
    built = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    started, cpu = time.perf_counter(), time.process_time()
    n = estimates(outcomes, clusters, rng)
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{outcomes.size:,} trials, {N_SUBJECTS} subjects, {np.unique(clusters).size:,} clusters: "
        f"{n} estimates in {seconds:.1f} s ({used:.1f} s of processor), "
        f"peak {peak:.2f} GiB ({built:.2f} GiB after building)"
    )


if __name__ == "__main__":
    main()
