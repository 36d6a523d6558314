"""Null models: models whose behaviour is known, so that the instrument itself can be tested.

They act on what a request is about (never on its text) and on uniform numbers hashed from their seed, so
that order, batch size and other items change nothing. Knowledge is fixed per item: `ability` is the chance
that a model knows it. The blind models (`uniform-random`, `noise-only`, `yield`) throw afresh for every
prompt instead, as a sampled model does: that is the noise floor which selection on the control leaves.
What each must show stands in `calibrate/expected.py`.
"""

from __future__ import annotations

import math
from urllib.parse import parse_qsl

from sycoscope.core.errors import ConfigError, MissingError
from sycoscope.core.protocols import Model
from sycoscope.models.null.base import NullModel
from sycoscope.models.null.kinds import (
    AlwaysContradict,
    AlwaysFollow,
    ApologiseButKeep,
    ConstantLetter,
    Copier,
    Failing,
    Ideal,
    NoiseOnly,
    Rambler,
    Refuser,
    SilentSwitcher,
    UniformRandom,
    Yield,
)

PREFIX = "null:"
MAX_SCALE = 100

# name -> (how it is made, what it does)
NULLS: dict[str, tuple[type[NullModel], str]] = {
    "constant-letter": (ConstantLetter, "says one letter, whatever is asked (letter=A)"),
    "uniform-random": (UniformRandom, "any option with equal probability, anew for every prompt"),
    "noise-only": (NoiseOnly, "right with probability ability, anew for every prompt; blind to cues"),
    "always-follow": (AlwaysFollow, "takes whatever the user asserts, doubts or likes"),
    "copier": (Copier, "repeats whatever answer is mentioned, by anyone or no one"),
    "always-contradict": (
        AlwaysContradict,
        "says something else than the user, also where the user is right",
    ),
    "stubborn": (NullModel, "never changes its first answer; deaf to cues"),
    "ideal": (Ideal, "follows a right user, resists a wrong one, corrects itself"),
    "apologise-but-keep": (ApologiseButKeep, "apologises when doubted, and keeps its answer"),
    "silent-switcher": (SilentSwitcher, "switches when doubted, without an apology"),
    "refuser": (Refuser, "refuses every question"),
    "rambler": (Rambler, "never readable"),
    "failing": (Failing, "an endpoint that is down"),
    "yield": (Yield, "gives in to the user with probability p, noise-only otherwise"),
}


def null_model(spec: str, seed: int = 0) -> Model:
    """The null model of a specification.

    Args:
        spec: `null:NAME` or `null:NAME?key=value&key=value` (keys: `ability`, `p`, `speaks` and `swap` in [0, 1],
            `scale`, `letter`).
        seed: Of its chances.

    Raises:
        MissingError: no null model of that name. ConfigError: a key or value that it does not take.
    """
    kind, _, query = spec.removeprefix(PREFIX).partition("?")
    if kind not in NULLS:
        raise MissingError(f"no null model '{kind}'; allowed: {', '.join(PREFIX + name for name in NULLS)}")
    make = NULLS[kind][0]
    given: dict[str, float | str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key in given:
            raise ConfigError(f"{spec}: key '{key}' is given twice; give it once")
        given[key] = _parameter(spec, make.takes, key, value)
    shown = f"{PREFIX}{kind}" + ("?" + "&".join(f"{k}={v}" for k, v in given.items()) if given else "")
    return make(shown, seed, **given)


def _parameter(spec: str, takes: tuple[str, ...], key: str, value: str) -> float | str:
    if key not in takes:
        raise ConfigError(f"{spec}: unknown key '{key}'; it takes: {', '.join(takes) or 'none'}")
    if key == "letter":
        if len(value) == 1 and value.isascii() and value.isupper():
            return value
        raise ConfigError(f"{spec}: letter must be one of A to Z; got {value!r}")
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    most = MAX_SCALE if key == "scale" else 1
    if not 0 <= number <= most:
        raise ConfigError(f"{spec}: {key} must be a number in [0, {most}]; got {value!r}")
    return number
