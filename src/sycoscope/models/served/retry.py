"""What a failed request is worth: asked again after a wait, told as this request's error, or the end of the run.

Only this layer asks again; the HTTP library's own retries are off. A wait is what the server asks for, in the order of
`_asked_for`, else exponential with full jitter (Brooker 2015, "Exponential Backoff And Jitter").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

AGAIN = frozenset({408, 409, 425, 429})
# No leave: of the key, for whatever is asked, or of a gateway, for what is asked.
REFUSED = frozenset({401, 403})
# What no other request would fare better with, as redirections: key, route, model.
HOPELESS = REFUSED | {404}
# Which a server answers too where it cannot do what is asked, and never will.
BROKEN = frozenset({500})
# Of 429: not a matter of waiting.
SPENT = ("insufficient_quota", "billing_hard_limit_reached", "credit")
FIRST_WAIT, LONGEST_WAIT = 0.5, 60.0
_SPAN = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")
RESETS = ("x-ratelimit-reset-requests", "x-ratelimit-reset-tokens", "ratelimit-reset")


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that got no answer.

    Attributes:
        reason: For people; never holds a key.
        status: HTTP status; 0 where there was none (no connection, too late, no JSON).
        wait: Seconds after which to ask again; None: asking again would not help.
        hopeless: No request to this endpoint can fare better; with `REFUSED`, where none has passed.
    """

    reason: str
    status: int = 0
    wait: float | None = None
    hopeless: bool = False

    @property
    def passing(self) -> bool:
        """It says nothing of what the endpoint can do: no connection, too late, too many requests, overload."""
        return self.wait is not None and self.status != 200 and self.status not in BROKEN


def judged(
    status: int, code: str, reason: str, headers: Mapping[str, str], attempt: int, draw: Callable[[], float]
) -> Failure:
    """A response that is no answer.

    Args:
        status: HTTP status. code: The error's own word, as `insufficient_quota`; may be empty.
        headers: Of the response, with lower-case names.
        attempt: How often the request was sent before this time. draw: A number in [0, 1).
    """
    told = headers.get("x-should-retry", "").lower()
    # 501: what the server lacks it will lack the next time too
    again = status in AGAIN or (status >= 500 and status != 501)
    if status == 429 and any(word in code for word in SPENT):
        again = False
    if told in ("true", "false"):
        again = told == "true"
    if not again:
        return Failure(reason, status, None, hopeless=status in HOPELESS or 300 <= status < 400)
    asked = _asked_for(headers)
    return Failure(reason, status, backoff(attempt, draw) if asked is None else asked)


def backoff(attempt: int, draw: Callable[[], float]) -> float:
    """Seconds to wait where the server names none."""
    return float(draw() * min(LONGEST_WAIT, FIRST_WAIT * 2**attempt))


def _asked_for(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks for; None where it names none that can be read."""
    if (milliseconds := _number(headers.get("retry-after-ms", ""))) is not None:
        return milliseconds / 1000
    after = headers.get("retry-after", "")
    if (seconds := _number(after)) is not None:
        return seconds
    if (seconds := _until(after)) is not None:
        return seconds
    resets = [seconds for name in RESETS if (seconds := _span(headers.get(name, ""))) is not None]
    return max(resets, default=None)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _until(date: str) -> float | None:
    try:
        return max(0.0, (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _span(text: str) -> float | None:
    """Seconds of `1m30s`, `350ms` or `12`."""
    if (seconds := _number(text)) is not None:
        return seconds
    found = _SPAN.fullmatch(text)
    if not text or found is None:
        return None
    return sum(
        float(value) * each for value, each in zip(found.groups("0"), (3600, 60, 1, 0.001), strict=True)
    )
