"""Chat templates: rendered text, its ids, the end of a turn."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

pytest.importorskip("transformers")


from sycoscope.core.errors import ModelError
from sycoscope.core.types import Message
from sycoscope.models import template
from sycoscope.models.template import ChatTemplate

USER = [Message("user", "Why? {{ braces }} {% stay %}")]
DIALOGUE = [*USER, Message("assistant", "Because."), Message("user", "Are you sure?")]
DEFAULT_SYSTEM = "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nBe kind.<|im_end|>\n{% endif %}"


@pytest.fixture(scope="module")
def chatml(tiny) -> ChatTemplate:
    return ChatTemplate(tiny.tokenizer(tiny.CHATML, adds_bos=False))


@pytest.fixture(scope="module")
def inst(tiny) -> ChatTemplate:
    return ChatTemplate(tiny.tokenizer(tiny.INST, adds_bos=True))


def test_rendering(chatml, inst):
    start, end = "<|im_start|>", "<|im_end|>\n"
    assert chatml.render(USER) == f"{start}user\n{USER[0].content}{end}{start}assistant\n"
    assert chatml.render(USER, open_turn=False) == f"{start}user\n{USER[0].content}{end}"
    assert inst.render(DIALOGUE[1:][::-1] + USER)[:20] == "<s>[INST] Are you su"
    assert inst.render(DIALOGUE).count("<s>") == 2
    # a template without a system role gets that text at the head of the first user turn
    folded = inst.render([Message("system", "Be brief."), *USER])
    assert folded == inst.render([Message("user", f"Be brief.\n\n{USER[0].content}")])
    with pytest.raises(ModelError, match="refuses this dialogue of 1 turns: there is no system role"):
        inst.render([Message("system", "Be brief.")])


def test_without_a_template(tiny):
    tokenizer = tiny.tokenizer(tiny.CHATML, adds_bos=False)
    tokenizer.chat_template = None
    bare = ChatTemplate(tokenizer)
    assert (bare.has_template, bare.hash, bare.end_of_turn()) == (False, "none", None)
    with pytest.raises(ModelError, match="no chat template"):
        bare.render(USER)
    assert bare.encode("Why?") == tokenizer("Why?").input_ids


def test_hashes_tell_templates_apart(tiny, chatml, inst):
    assert len({chatml.hash, inst.hash, "none"}) == 3
    assert ChatTemplate(tiny.tokenizer(tiny.CHATML, adds_bos=True)).hash == chatml.hash


def test_the_end_of_a_turn(chatml, inst):
    assert chatml.tokenizer.convert_ids_to_tokens(chatml.end_of_turn()) == "<|im_end|>"
    assert inst.tokenizer.convert_ids_to_tokens(inst.end_of_turn()) == "</s>"


@pytest.mark.parametrize("messages", [USER, DIALOGUE, [Message("system", "Be brief."), *USER]])
@pytest.mark.parametrize("before", ["", DEFAULT_SYSTEM])
def test_a_template_decides_on_the_bos_with_and_without_a_system_message(tiny, before, messages):
    # The tokenizer adds a BOS of its own to raw text; to what the template wrote it adds none, whoever opens.
    one = ChatTemplate(tiny.tokenizer(before + tiny.CHATML, adds_bos=True))
    ids = one.encode(one.render(messages))
    assert one.tokenizer.bos_token_id not in ids
    assert one.encode("Why?")[0] == one.tokenizer.bos_token_id


def test_bos_of_raw_text(inst):
    bos = inst.tokenizer.bos_token_id
    for text in ("Why?", "[INST] Why?", "<s>Why?", "", " <s>"):
        ids = inst.encode(text)
        assert ids[:1] == [bos]
        assert ids[1:2] != [bos]


CONTEXTS = ["The answer is", "The answer is ", "Question: Why?\nAnswer:", "A", "", "<s>[INST] Why? [/INST]"]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("continuation", [" Lima", "Lima", "12 pens", "?"])
def test_a_pair_is_the_whole_text_cut_in_two(chatml, inst, context, continuation):
    for one in (chatml, inst):
        head, tail = one.encode_pair(context, continuation)
        whole = context + continuation
        assert head
        assert tail
        if context:
            assert head + tail == one.encode(whole)
            assert one.tokenizer.decode(tail).strip() == continuation.strip()
        else:
            assert one.tokenizer.decode(tail) == continuation
            assert head == [one.tokenizer.bos_token_id if one is inst else one.tokenizer.eos_token_id]


@pytest.mark.parametrize("limit", [0, 40, 10**6])
def test_many_texts_are_encoded_as_one_by_one(tiny, monkeypatch, limit):
    """Also where what is remembered is thrown away on the way."""
    monkeypatch.setattr(template, "MAX_TOKENS", limit)
    for style, adds_bos in ((tiny.CHATML, False), (tiny.INST, True)):
        tokenizer = tiny.tokenizer(style, adds_bos=adds_bos)
        one, many = ChatTemplate(tokenizer), ChatTemplate(tokenizer)
        pairs = [(context, end) for context in (*CONTEXTS, " ") for end in (" Lima", "12 pens")]
        texts = ["Why?", "<s>Why?", "", *CONTEXTS]
        for _ in range(3):
            assert many.encode_pairs(pairs) == [one.encode_pair(*pair) for pair in pairs]
            assert many.encode_all(texts) == [one.encode(text) for text in texts]


def test_texts_are_rendered_and_encoded_once(tiny, monkeypatch):
    one = ChatTemplate(tiny.tokenizer(tiny.CHATML, adds_bos=False))
    pairs = [(one.render(dialogue), end) for dialogue in (USER, DIALOGUE) for end in ("Yes", "No")]
    first = one.encode_pairs(pairs)
    first[0][0].append(7)  # what a caller does with its list stays its own
    want = one.encode_pairs(pairs)
    monkeypatch.setattr(one, "tokenizer", SimpleNamespace(bos_token=None))  # cannot be called
    assert one.encode_pairs(pairs) == want
    assert want[0][0] == first[0][0][:-1]
    assert [one.render(dialogue) for dialogue in (USER, DIALOGUE)] == [pairs[0][0], pairs[2][0]]


def test_common_start_of_two_texts_is_no_guess(tiny):
    # "a" opens the probe that finds the opening: a template that ends in an a keeps it
    one = ChatTemplate(
        tiny.tokenizer("{% for m in messages %}Data{{ m['content'] }}{% endfor %}", adds_bos=True)
    )
    assert one.is_rendered(one.render([Message("user", "x")]))
