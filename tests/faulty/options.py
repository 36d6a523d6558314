"""Options and arguments of the command line that cannot be used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from .case import Case, Maker, Rng, World, copied, shown
from .studies import SOUND

FEW = ("--facets", "answer", "--benchmarks", "none", "--limit", "2")


def option_case(name: str, arguments: Sequence[str], *says: str, code: int = 2) -> Case:
    """A case of arguments alone; the run that they would write has its place."""

    def make(folder: Path) -> list[str]:
        (folder / "mine.yaml").write_text(yaml.safe_dump(SOUND))
        return [str(folder / "mine.yaml") if one == "mine.yaml" else one for one in arguments]

    return Case(name, make, says, code)


def _value(rng: Rng, _: World) -> Case:
    """A value of an option of `eval`."""
    values: dict[str, tuple[str, ...]] = {
        "--limit": ("0", "-3", "many", "1.5", "", "1e3", "0x10"),
        "--max-tokens": ("0", "-1", "x", "2.5"),
        "--seed": ("x", "1.5", "", "-1", "4294967296", "9" * 30),
        "--facets": ("politeness", "answer,answer", "answer;feedback", "Answer", "answer,none", "\x1b[31m"),
        "--benchmarks": ("mmlux", "mmlu", "all,mmlu", "none,none"),
        "--form": ("closed", "Choice", "letters"),
        "--dtype": ("float8", "FLOAT32"),
        "--template-option": ("nonsense", "=3", "a: 1", "a=[1"),
        "--chat-template": ("nowhere.jinja", "/dev/null", "."),
        "--data": ("nowhere", "/nowhere/data", "mine.yaml", "~no-such-user/x"),
    }
    option = rng.choice(tuple(values))
    value = rng.choice(values[option])
    arguments = ["eval", "null:ideal", "--facets", "answer", "--limit", "2", option, value, "--out", "out"]
    if option == "--dtype":  # of a null model it is left out, as for a comparison with one
        arguments[1] = "/nowhere/model"
    return option_case(
        f"{option} {shown(value)}", arguments, option.removeprefix("--") if value in ("", "=3") else ""
    )


def _set(rng: Rng, _: World) -> Case:
    pairs: tuple[tuple[str, str], ...] = (
        ("nonsense", "nonsense"), ("=3", "KEY=VALUE"), ("seed=x", "seed"), ("facets.answer.limt=3", "limt"), ("facets.answer=3", "answer"),
        ("facets.answer.limit.more=3", "limit"), ("study.x=3", "study"), ("seed=[1", "seed"), ("seed=*a", "seed"), ("seed=.inf", "seed"),
        ("margin=.nan", "margin"), ("seed=" + "9" * 30, "seed"), ("x" * 3000 + "=1", "xxx"), ("model.name.x=1", "name"), ("a..b=1", "a"),
        (".=1", "key"), ("model=null:ideal", "model"), ("adapters=[{name: base, recipe: placebo}]", "adapters"),
        ("capability=mmlu", "capability"), ("facets.answer.items=nowhere.jsonl", "nowhere.jsonl"), ("description=\"\\ud800\"", "description"),
        ("facets.answer.limit=0", "limit"), ("facets.0=1", "0"), ("capability.0.limit=3", "capability"), ("seed={}", "seed"),
        ("seed=" + "[" * 100 + "]" * 100, "seed"), ("workers=0", "workers"), ("decoding.draws=3", "draws"), ("facets=null", "facets"),
        ("study=../x", "study"), ("seed=1\x1b[2J", "seed"), ("facets.answer.shard_items=-1", "shard_items"),
    )  # fmt: skip
    pair, says = rng.choice(pairs)
    return option_case(f"--set {shown(pair)}", ["run", "mine.yaml", "--set", pair, "--out", "out"], says)


def _place(rng: Rng, world: World) -> Case:
    """Places where nothing can be written."""
    how = rng.choice(
        (
            "file",
            "file/x",
            "dangling",
            "dangling/x",
            "/proc/x",
            "/dev/null",
            "/dev/null/x",
            "n" * 300,
            "loop",
            "~no-such-user/x",
            "nul\0x",
            "\udcff",
            "",
        )
    )
    command = rng.choice(("eval", "run", "compare", "train"))

    def make(folder: Path) -> list[str]:
        (folder / "file").write_text("mine")
        (folder / "dangling").symlink_to("/nowhere/at/all")
        (folder / "loop").symlink_to("loop")
        (folder / "mine.yaml").write_text(yaml.safe_dump(SOUND))
        place = ["--out", how]
        if command == "eval":
            return ["eval", "null:ideal", *FEW, *place]
        if command == "compare":
            return ["compare", str(world.run), str(world.other_run), *place]
        if command == "train":
            return ["train", str(world.model), "--recipe", "placebo", "--steps", "1", *place]
        return ["run", str(folder / "mine.yaml"), *place]

    says = "nnn" if how == "n" * 300 else how.split("\0")[0] if how.isprintable() else ""
    return Case(f"{command} --out {shown(how)}", make, (says,))


def _train(rng: Rng, world: World) -> Case:
    changes: tuple[tuple[tuple[str, ...], str], ...] = (
        (("--recipe", "novel"), "recipe"), (("--recipe", "placebo", "--rows", "0"), "--rows"), (("--recipe", "placebo", "--steps", "-1"), "--steps"),
        (("--recipe", "placebo", "--style", "poems"), "style"), (("--recipe", "sham", "--like", "novel"), "like"),
        (("--recipe", "placebo", "--like", "mmlu"), "like"), (("--recipe", "placebo", "--set", "lora.r=0"), "lora.r"),
        (("--recipe", "placebo", "--set", "novel=1"), "novel"), (("--recipe", "placebo", "--set", "learning_rate=-1"), "learning_rate"),
        (("--recipe", "placebo", "--data", "/nowhere"), "/nowhere"), (("--recipe", "mmlu", "--data", "/nowhere"), "/nowhere"),
        (("--recipe", "placebo", "--dtype", "float8"), "dtype"), (("--recipe", "placebo", "--set", "schedule=steep"), "schedule"),
        (("--recipe", "placebo", "--set", "lora=3"), "lora"), (("--recipe", "placebo", "--set", "max_length=1e400"), "max_length"),
        (("--recipe", "placebo", "--set", "validation_share=1"), "validation_share"), (("--recipe", "placebo", "--set", "lora.target_modules=[]"), "target_modules"),
        (("--recipe", "placebo", "--seed", "x"), "--seed"), ((), "--recipe"),
    )  # fmt: skip
    options, says = rng.choice(changes)

    def make(folder: Path) -> list[str]:
        return [
            "train",
            str(world.model),
            *options,
            "--out",
            str(folder / "out"),
            *(() if "--dtype" in options else ("--dtype", "float32")),
        ]

    return Case(f"train {' '.join(options)}", make, (says,))


def _out_taken(rng: Rng, world: World) -> Case:
    """A folder with something in it is no place for an adapter; a default place keeps the run of something else."""
    what = rng.choice(("train", "eval"))

    def make(folder: Path) -> list[str]:
        if what == "train":
            (folder / "out").mkdir()
            (folder / "out" / "notes").write_text("mine")
            return ["train", str(world.model), "--recipe", "placebo", "--out", str(folder / "out")]
        copied(world.run, folder / "runs" / "eval")
        return ["eval", "null:stubborn", *FEW, "--out", "runs/eval"]

    return Case(f"{what} where something is", make, ("out",) if what == "train" else ("runs/eval",))


def _null(rng: Rng, _: World) -> Case:
    """Names of null models and their parameters."""
    name = rng.choice(
        ("null:", "null:nobody", "null:ideal?ability=2", "null:ideal?ability=x", "null:ideal?x=1", "null:yield?p=-0.1", "null:yield?p=nan",
         "null:yield?p", "null:yield?p=0.1&p=0.2", "null:constant-letter?letter=7", "null:constant-letter?letter=AB", "null:ideal?",
         "null:yield?scale=inf", "null:yield?scale=1e999", "null:yield?scale=-1", "NULL:ideal", "null:ideal/x", "null: ideal", "null:\x1b[31m")
    )  # fmt: skip
    return option_case(
        f"model {shown(name)}",
        ["eval", name, *FEW, "--out", "out"],
        name.split("?")[0].removeprefix("null:").strip()[:10] if name.isprintable() else "",
    )


def _usage(rng: Rng, world: World) -> Case:
    """Arguments that are missing, too many, or of another command."""
    arguments: tuple[tuple[tuple[str, ...], str], ...] = (
        (("no-such-command",), "no-such-command"), (("eval",), "model"), (("run",), "study"), (("eval", "null:ideal", "more"), "more"),
        (("eval", "null:ideal", "--no-such"), "--no-such"), (("eval", "null:ideal", "--limit"), "--limit"), (("items", "nothing"), "nothing"),
        (("items", "show"), "source"), (("items", "show", "bank/facts", "--limit", "0"), "--limit"), (("report", "a", "b"), "b"),
        (("calibrate", "--items", "3"), "--items"), (("calibrate", "--studies", "-1"), "--studies"), (("check-scorers", "--max-tokens", "0"), "--max-tokens"),
        (("check-scorers", "--judge", "null:ideal"), "null:ideal"), (("check-scorers", "--judge", "nowhere"), "nowhere"), (("compare", "null:ideal"), "compare"),
        (("compare", "null:ideal", "null:copier", "--adapter", "x"), "compare"), (("compare", "null:ideal", "nowhere", *FEW, "--out", "out"), "nowhere"),
        (("compare", "nowhere", "null:ideal", *FEW, "--out", "out"), "nowhere"), (("compare", "null:ideal", "null:nobody", *FEW, "--out", "out"), "nobody"),
        (("eval", "null:ideal", "--json=3"), "--json"), (("plan", "mine.yaml", "--model", "null:nobody"), "nobody"),
        (("plan", "mine.yaml", "--data", "/nowhere"), "/nowhere"), (("run", "mine.yaml", "--data", "", "--set", "data="), "data"),
        (("plan", "mine.yaml", "--set", "seed=1", "--set", "seed=2"), "twice"), (("published", "nowhere.csv"), "nowhere.csv"),
        (("published", "--claims", "nowhere.yaml"), "nowhere.yaml"), (("eval", "null:ideal", "--adapter", "nowhere"), "nowhere"),
        (("eval", "null:ideal", "--facets", "none", "--out", "out"), "facets"), (("eval", "null:ideal", "--facets", ",", "--out", "out"), "facets"),
        (("eval", "\udcff\udcfe"), "locale"), (("report", "\udcff"), "locale"),
    )  # fmt: skip
    given, says = rng.choice(arguments)
    return option_case(f"sycoscope {shown(' '.join(given), 90)}", given, says)


def _sound(rng: Rng, _: World) -> Case:
    arguments = rng.choice(
        (
            ["plan", "mine.yaml", "--set", "seed=3"],
            ["plan", "mine.yaml", "--model", "null:copier"],
            ["--version"],
            ["items", "list"],
        )
    )
    return option_case(f"sound: {' '.join(arguments)}", arguments, code=0)


MAKERS: tuple[Maker, ...] = (
    _value, _set, _place, _usage, _train, _null, _value, _set, _place, _usage, _set, _out_taken, _value, _usage, _sound,
)  # fmt: skip
