"""Which failures are worth asking again, and after how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from sycoscope.models.served.retry import FIRST_WAIT, LONGEST_WAIT, backoff, judged


def wait(
    status: int, headers: dict[str, str] | None = None, code: str = "", attempt: int = 0
) -> float | None:
    return judged(status, code, "x", headers or {}, attempt, lambda: 0.5).wait


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 529])
def test_what_passes_is_asked_again(status: int) -> None:
    assert wait(status) == 0.5 * FIRST_WAIT
    assert wait(status, {"x-should-retry": "false"}) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_stays_is_not(status: int) -> None:
    assert wait(status) is None
    assert wait(status, {"x-should-retry": "true"}) == 0.5 * FIRST_WAIT
    assert judged(status, "", "x", {}, 0, lambda: 0.5).hopeless == (status in (401, 403, 404))


def test_a_spent_quota_is_no_matter_of_waiting() -> None:
    assert wait(429, code="insufficient_quota rate") is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"x-ratelimit-reset-requests": "1m30s", "x-ratelimit-reset-tokens": "350ms"}, 90.0),
        ({"x-ratelimit-reset-tokens": "350ms"}, 0.35),
        ({"x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"ratelimit-reset": "12"}, 12.0),
        ({"retry-after": "soon", "ratelimit-reset": "5 minutes"}, 0.25),
        ({"retry-after": "-3"}, 0.25),
        ({"retry-after": "nan"}, 0.25),
    ],
)
def test_the_server_names_the_wait(headers: dict[str, str], seconds: float) -> None:
    assert wait(429, headers) == pytest.approx(seconds)


def test_a_date_is_a_wait_until_then() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert wait(503, {"retry-after": soon}) == pytest.approx(30, abs=3)
    assert wait(503, {"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0


def test_waits_grow_and_are_bounded() -> None:
    assert [backoff(attempt, lambda: 1.0) for attempt in range(3)] == [
        FIRST_WAIT,
        2 * FIRST_WAIT,
        4 * FIRST_WAIT,
    ]
    assert backoff(40, lambda: 1.0) == LONGEST_WAIT
