"""Chat templates as programs: bounded, at a fixed time, held against transformers' own rendering."""

from __future__ import annotations

import hashlib

import pytest

pytest.importorskip("transformers")

from sycoscope.core.errors import DialogueError, ModelError
from sycoscope.core.types import Message
from sycoscope.models import rendering
from sycoscope.models.template import ChatTemplate

HEADINGS = (
    "{% for m in messages %}{{ '### ' + m['role'] + '\n' + m['content'] + '\n\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### assistant\n' }}{% endif %}"
)
DATED = "{{ '<|im_start|>system\nIt is ' + strftime_now('%d %B %Y') + '.<|im_end|>\n' }}"
THINKS = "{% if enable_thinking is defined and not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
FORGETS = "{% for m in messages[-1:] %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}"
SHORT_MEMORY = (
    "{% for m in messages[-5:] %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
LONG_WINDED = "{% for m in messages %}{{ m['content'] }}{% for i in range(60000) %}{{ 'x' * 50 }}{% endfor %}{% endfor %}"
LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
DOUBLED = (
    "{% set n = namespace(s='ab') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}{{ n.s }}"
)
LATE = "{% for m in messages %}<|im_start|>{{ m['content'] }}{% endfor %}{% if messages[0]['content'] == 'now' %}{{ 'x' * 10**10 }}{% endif %}"
USER = [Message("user", "Why?")]
LONGER = [*USER, Message("assistant", "Because."), Message("user", "Are you sure?")]
SYSTEM = [Message("system", "Be brief."), *USER]


@pytest.fixture
def made(tiny):
    """Makes the template of a text."""

    def make(text: str, **more) -> ChatTemplate:
        return ChatTemplate(tiny.tokenizer(text, adds_bos=False), name="the chat template of 'm'", **more)

    return make


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (LOOP, "does not come to an end"),
        ("{{ lipsum(n=10**9) }}", "does not come to an end"),
        (DOUBLED, "more than 512 MiB"),
        (DOUBLED.replace("~", "+"), "more than 512 MiB"),
        ("{{ 'x'.center(10**11) }}", "more than 512 MiB"),
        ("{{ '%9999999999d' % 1 }}", "more than 512 MiB"),
        (LONG_WINDED, "writes [0-9,]+ characters; at most 1,048"),
        ("{{ '\\ud800' }}{{ messages[0]['content'] }}", "half a surrogate pair"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "calls itself"),
        ("{% for m in messages %}", "line 1: Unexpected end of template"),
        ("{{ 1 / 0 }}", "refuses a plain dialogue of 1 turns: ZeroDivisionError"),
        ("{{ raise_exception('never\n\x1b[2J') }}", r"1 turns: never \[2J"),
        (FORGETS, "leaves out turn 1 of 3"),
        ("{% for m in messages %}{{ m['role'] }}: {{ m['content'][:2] }}\n{% endfor %}", "leaves out turn 1"),
        (
            "{% for m in messages %}{% if m['role'] == 'user' %}<|im_start|>{{ m['content'] }}{% endif %}{% endfor %}",
            "leaves out turn 2 of 3",
        ),
    ],
)
def test_what_no_template_may_do(made, monkeypatch, text, why):
    if "end" in why:
        monkeypatch.setitem(rendering.LIMITS, "cpu_seconds", 0.3)
        monkeypatch.setattr(rendering, "_PROCESS", rendering._Process())
    with pytest.raises(
        ModelError, match=rf"^the chat template of 'm' cannot be used: .*{why}.*--chat-template"
    ):
        made(text)


def test_a_limit_that_one_dialogue_goes_over_ends_the_work_and_not_the_next_template(made):
    late = made(LATE)
    assert late.render(USER) == "<|im_start|>Why?"
    with pytest.raises(ModelError, match="more than 512 MiB"):
        late.render([Message("user", "now")])
    assert late.render([Message("user", "then")]) == "<|im_start|>then"


@pytest.mark.parametrize("messages", [USER, LONGER, SYSTEM, LONGER[:2]])
@pytest.mark.parametrize("open_turn", [True, False])
@pytest.mark.parametrize(
    "extra",
    [
        "",
        "{% generation %}{{ eos_token }}{% endgeneration %}",
        "{{ messages | tojson(indent=1) }}{{ dict(a=1) }}{{ dict.fromkeys([1]) }}{{ '<a>' | e }}",
        "{% set n = namespace(i=0) %}{% for m in messages %}{% if loop.last %}{% break %}{% endif %}{% set n.i = n.i + 1 %}"
        "{% endfor %}{{ n.i }}{{ tools is none }}{{ documents }}{{ bos_token is defined }}{{ missing }}",
        "  {% if true %}\n  kept\n  {% endif %}\n",
    ],
)
def test_templates_write_what_transformers_has_them_write(tiny, made, messages, open_turn, extra):
    ours = made(extra + tiny.CHATML)
    rows = [{"role": m.role, "content": m.content} for m in messages]
    theirs = ours.tokenizer.apply_chat_template(rows, tokenize=False, add_generation_prompt=open_turn)
    assert ours.render(messages, open_turn=open_turn) == theirs


def test_the_clock_stands_still_and_is_recorded_and_part_of_the_hash(tiny, made):
    dated, plain = made(DATED + tiny.CHATML), made(tiny.CHATML)
    assert "It is 26 July 2024." in dated.render(USER)
    assert (dated.record()["clock"], plain.record()["clock"]) == (rendering.CLOCK, None)
    as_before = [
        hashlib.sha256(one.tokenizer.chat_template.encode()).hexdigest()[:16] for one in (dated, plain)
    ]
    assert dated.hash != as_before[0]
    assert plain.hash == as_before[1]


def test_chance_is_the_same_for_every_dialogue(tiny, made):
    one, other = (
        made("{{ range(10**4) | random }}" + tiny.CHATML),
        made("{{ range(10**4) | random }}" + tiny.CHATML),
    )
    assert one.render(LONGER)[:4] == one.render(USER)[:4] == other.render(USER)[:4]


def test_options_reach_the_template_and_its_hash(tiny, made):
    off, default = made(tiny.CHATML + THINKS, options={"enable_thinking": False}), made(tiny.CHATML + THINKS)
    assert off.render(USER) == default.render(USER) + "<think>\n\n</think>\n\n"
    assert off.hash != default.hash
    assert off.record()["options"] == {"enable_thinking": False}
    assert "<think>" not in off.record()["marks"]
    for option, why in (("enable_thinkin", "it takes: enable_thinking"), ("messages", "no such option")):
        with pytest.raises(ModelError, match=f"template option '{option}': the chat template of 'm' .*{why}"):
            made(tiny.CHATML + THINKS, options={option: 1})


def test_a_system_text_without_a_place_is_told_of_and_kept(tiny, made):
    left_out = (
        "{% for m in messages if m['role'] != 'system' %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}"
    )
    refuses = tiny.INST.replace("bos_token + ", "")
    for text, why in ((left_out, "leaves system texts out"), (refuses, "takes no system text: there is no")):
        one = made(text)
        assert why in one.record()["system"]
        with pytest.warns(
            RuntimeWarning, match=f"the chat template of 'm' has no place for a system text.*{why}"
        ):
            assert "Be brief.\n\nWhy?" in one.render(SYSTEM)
    assert made(tiny.CHATML).record()["system"] == ""


def test_a_dialogue_that_loses_a_turn_is_refused_and_others_are_not(made):
    one = made(SHORT_MEMORY)
    long = [*LONGER, *LONGER[1:], *LONGER[1:]]
    with pytest.raises(DialogueError, match=r"the chat template of 'm' does not write turn 1 of 7 .*'Why\?'"):
        one.render(long)
    lost, kept = one.render_all([long, LONGER])
    assert isinstance(lost, DialogueError)
    assert "Because." in kept


def test_reasoning_may_be_left_out_of_earlier_turns(tiny, made):
    one = made(tiny.CHATML.replace("m['content'] }}", "m['content'].split('</think>')[-1] | trim }}"))
    thought = [USER[0], Message("assistant", "<think>Hm.</think>\n\nBecause."), LONGER[2]]
    assert "assistant\nBecause.<|im_end|>" in one.render(thought)


def test_special_tokens_in_a_text_never_become_real_ones(tiny, made):
    spelt = [Message("user", "What does <|im_end|> mean?")]
    with pytest.raises(DialogueError, match=r"turn 1 of 1 \(user\) holds '<\|im_end\|>', a special token"):
        made(tiny.CHATML).render(spelt)
    # what lm-evaluation-harness's users are promised
    assert "<|im_end|> mean?" in made(tiny.CHATML, strict=False).render(spelt)
    assert "<html>" in made(tiny.CHATML).render([Message("user", "What does <html> mean?")])


def test_a_turn_that_ends_without_a_special_token(made, tiny):
    end = made(HEADINGS).end
    assert (end.token, end.text, end.stop) == (None, "\n\n### user", "### user")
    plain = made("{% for m in messages %}{{ m['role'] + '\n' + m['content'] + '\n' }}{% endfor %}").end
    assert (plain.text, plain.stop) == ("\nuser", "\nuser")
    spelt = made("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}</turn>\n{% endfor %}").end
    assert (spelt.text, spelt.stop) == ("</turn>", "</turn>")
    assert made("{% for m in messages %}<|im_start|>{{ m['content'] }}{% endfor %}").end.token is not None
    assert made(tiny.CHATML).end.stop == ""


def test_half_a_character_in_a_dialogue_is_that_dialogues_fault(tiny, made):
    with pytest.raises(DialogueError, match="the dialogue holds half a surrogate pair"):
        made(tiny.CHATML).render([Message("user", "a\ud800")])
