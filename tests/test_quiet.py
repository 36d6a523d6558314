"""What libraries say does not reach the terminal; what we say does; and --verbose lets all through."""

from __future__ import annotations

import logging
import os
import warnings

import pytest

from sycoscope.core import quiet


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TRANSFORMERS_VERBOSITY", "info")  # what a user set stays
    quiet.silence()
    yield
    quiet.let_through()


def test_warnings_and_logs_of_libraries_are_not_shown(silent, capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old name", FutureWarning, stacklevel=1)
        warnings.warn("the plain engine runs this", quiet.SycoscopeWarning, stacklevel=1)
    last = logging.lastResort
    assert last is not None
    for name in ("peft.tuners", "sycoscope.run", "sycoscopes"):
        last.handle(logging.LogRecord(name, logging.WARNING, "", 0, f"from {name}", (), None))
    heard = capsys.readouterr().err
    assert "old name" not in heard
    assert "peft" not in heard
    assert "sycoscopes" not in heard
    assert "warning: from sycoscope.run" in heard


def test_our_warnings_go_to_our_log(silent, caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("the plain engine runs this", quiet.SycoscopeWarning, stacklevel=1)
    assert caplog.messages == ["the plain engine runs this"]


def test_what_was_set_is_taken_back() -> None:
    before = (warnings.showwarning, logging.lastResort, dict(os.environ))
    quiet.silence()
    assert quiet.is_silent()
    assert os.environ["TQDM_DISABLE"] == "1"
    quiet.silence()
    quiet.let_through()
    assert not quiet.is_silent()
    assert (warnings.showwarning, logging.lastResort, dict(os.environ)) == before


def test_a_user_s_own_setting_stays(silent) -> None:
    assert os.environ["TRANSFORMERS_VERBOSITY"] == "info"


def test_no_library_is_asked_to_change_the_level_of_all_loggers() -> None:
    """Accelerate sets the root's level by a variable of its own: our warnings would go with it."""
    from sycoscope.core import quiet

    assert not {name for name in quiet._ENVIRONMENT if name.startswith("ACCELERATE")}
