"""Renders chat templates in a process of its own, whose time and memory are bounded.

A chat template is a program that comes with a model. It may loop for ever, or double a string until the machine has no
memory left, inside one call that nothing in the same process can stop. Here the operating system stops it.

This file is run as a script (`rendering.py` starts it) and imports the standard library and jinja2 alone. One JSON
object a line in each direction; the first line holds where packages lie and the limits. The environment is that of
transformers (`chat_template_utils`), but for the clock, which stands still, and for chance, which begins anew.
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any


def environment(clock: str) -> Any:
    """The sandbox in which transformers renders chat templates, at a fixed time (ISO 8601)."""
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    moment = datetime.fromisoformat(clock)
    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_generation_tag(), loopcontrols]
    )
    made.filters["tojson"] = _tojson
    made.globals.update(
        raise_exception=_raise_exception,
        strftime_now=lambda form: moment.strftime(form),
        dict=_Dict(),
        namespace=_plain_namespace(),
    )
    return made


def _generation_tag() -> Any:
    from jinja2 import ext, nodes

    class Generation(ext.Extension):
        """`{% generation %}` marks what the assistant says; the text inside stays as it is."""

        tags = {"generation"}  # noqa: RUF012

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.CallBlock(self.call_method("_said"), [], [], body).set_lineno(line)

        def _said(self, caller: Any) -> Any:
            return caller()

    return Generation


def _plain_namespace() -> Any:
    from jinja2.exceptions import SecurityError
    from jinja2.utils import Namespace

    class PlainNamespace(Namespace):
        """A namespace without underscored names, which would lead out of the sandbox."""

        def __init__(*args: Any, **kwargs: Any) -> None:
            self, *rest = args
            attributes = dict(*rest, **kwargs)
            for name in attributes:
                PlainNamespace._check(name)
            Namespace.__init__(self, attributes)

        def __setitem__(self, name: str, value: Any) -> None:
            PlainNamespace._check(name)
            super().__setitem__(name, value)

        @staticmethod
        def _check(name: Any) -> None:
            if isinstance(name, str) and name.startswith("_"):
                raise SecurityError(f"a namespace takes no name that begins with an underscore: {name!r}")

    return PlainNamespace


class _Dict:
    """`dict(...)` and `dict.fromkeys(...)`, and nothing else of the type."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        return dict.fromkeys(*args)


def _raise_exception(message: str) -> None:
    from jinja2 import TemplateError

    raise TemplateError(message)


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: Any = None,
    separators: Any = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


class Worker:
    """Compiled templates by their text.

    Args:
        limits: `clock` (ISO 8601), `cpu_seconds`, `seconds`, `memory` in bytes, and `characters` of a rendered text.
    """

    def __init__(self, limits: Mapping[str, Any]) -> None:
        self.limits = limits
        self.environment = environment(limits["clock"])
        self._templates: dict[str, Any] = {}

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """`{"variables": [...]}` of a template, or `{"replies": [...]}`, one `{"text": ...}` for each of its dialogues.

        In place of either: `{"fault": ..., "defect": bool}`. A defect is the template's own, whatever the dialogue;
        another fault is what it raised for this one.
        """
        text = request["template"]
        if "dialogues" not in request:
            return self._bounded(lambda: {"variables": self._variables(text)})
        return {
            "replies": [
                self._bounded(lambda given=messages: self._render(text, given, request["values"]))  # type: ignore[misc]
                for messages in request["dialogues"]
            ]
        }

    def _bounded(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        from jinja2 import TemplateError, TemplateSyntaxError

        bound_time(self.limits["cpu_seconds"], self.limits["seconds"])
        try:
            return work()
        except TemplateSyntaxError as fault:
            return {"fault": f"line {fault.lineno}: {fault.message}", "defect": True}
        except MemoryError:
            return {
                "fault": f"it needs more than {self.limits['memory'] >> 20} MiB of memory",
                "defect": True,
            }
        except RecursionError:
            return {"fault": "it calls itself without end", "defect": True}
        except TemplateError as fault:
            return {"fault": str(fault), "defect": False}
        except Exception as fault:  # what a template's expressions may raise
            return {"fault": f"{type(fault).__name__}: {fault}", "defect": False}
        finally:
            bound_time(0, 0)

    def _variables(self, template: str) -> list[str]:
        from jinja2 import meta

        bare = self.environment.overlay()
        bare.globals = {}  # its own names would be left out, the clock among them
        own = set(self.environment.globals) - {"strftime_now"}
        return sorted(meta.find_undeclared_variables(bare.parse(template)) - own)

    def _render(
        self, template: str, messages: Sequence[Mapping[str, str]], values: Mapping[str, Any]
    ) -> dict[str, Any]:
        if template not in self._templates:
            self._templates[template] = self.environment.from_string(template)
        random.seed(0)
        text = str(self._templates[template].render(messages=messages, **values))
        most = self.limits["characters"] + 4 * sum(len(message["content"]) for message in messages)
        if len(text) > most:
            return {
                "fault": f"it writes {len(text):,} characters; at most {most:,} are taken",
                "defect": True,
            }
        return {"text": text}


def bound_memory(most: int) -> None:
    """Let this process have no more than so many bytes, where the system knows such a limit."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def bound_time(cpu_seconds: float, seconds: float) -> None:
    """End this process, also inside one long operation, unless it is called again before; 0 and 0: never."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)  # nobody catches SIGPROF: it ends the process
    faulthandler.cancel_dump_traceback_later()
    if seconds:
        faulthandler.dump_traceback_later(seconds, exit=True)


def main() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is interrupted decides what becomes of this process
    limits = json.loads(sys.stdin.readline())
    sys.path[:] = limits.pop("path")
    worker = Worker(limits)
    bound_memory(limits["memory"])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(worker.answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main()
    os._exit(0)  # without a last look at pipes that may be closed
