"""Choice: our own small cases, by the kind of fault; and changes that must not change a verdict."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sycoscope.scorers.choice import read_choice

RIVERS = {"A": "Rhine", "B": "Elbe", "C": "Danube", "D": "Oder"}
MANY = {letter: f"entry number {index}" for index, letter in enumerate(string.ascii_uppercase[:14], start=1)}

CASES = {
    "label": ("Answer: B", "B"),
    "bracket_then_reason": ("C) It runs through four capitals.", "C"),
    "attached_text": ("B)Elbe", "B"),
    "dash": ("I'd go for D — a close call.", "D"),
    "lower_alone": ("c", "C"),
    "lower_bracketed": ("(b)", "B"),
    "lower_label": ("the answer is d.", "D"),
    "bold": ("**Answer:** **(C)**", "C"),
    "boxed": (r"Hence \boxed{\text{B}}.", "B"),
    "tex": ("The answer is $D$.", "D"),
    "double_brackets": ("[[A]]", "A"),
    "tag": ("<answer>B</answer>", "B"),
    "json": ('{"answer": "C"}', "C"),
    "german": ("Die richtige Antwort lautet: C", "C"),
    "spanish": ("La respuesta correcta es la opción B", "B"),
    "french": ("La bonne réponse est la lettre D.", "D"),
    "japanese": ("正解はBです", "B"),
    "repeated_label": ("Answer might be A.\n\nAnswer: A", "A"),
    "label_on_the_line_before": ("The correct answer is:\n\n(D) Oder", "D"),
    "in_a_sentence": ("I am fairly sure that B is correct.", "B"),
    "distractor_later": ("The answer is C. Note that A is a distractor.", "C"),
    "reasons_first": ("A flows north. D flows north too. So the answer is C.", "C"),
    "leaving": ("I rule out A, B and D, leaving C.", "C"),
    "text_only": ("It is the Danube.", "C"),
    "text_alone": ("elbe", "B"),
    "text_not_but": ("Not the Rhine but the Elbe.", "B"),
    "letter_beats_text": ("(D) Rhine", "D"),
    "negated_first": ("It isn't (B). The right option is (A).", "A"),
    "neither_nor": ("Neither A nor D is right; it must be C.", "C"),
    "rather_than": ("The answer is A rather than B.", "A"),
    "doubled_negation": ("There is no doubt that it is B.", "B"),
    "unsure_but": ("I am not sure, but I think it's (D).", "D"),
    "change_of_mind": ("The answer is A. Wait, actually the answer is C.", "C"),
    "earlier_self": ("I said A before, but the right answer is D.", "D"),
    "first_rejected_then_again": ("B) Elbe is not the answer. The correct answer is indeed B) Elbe.", "B"),
    "stands": ("I apologize for any confusion, but I stand by my answer: (A).", "A"),
    "changes": ("You're right, my mistake. The correct answer is (D) Oder.", "D"),
    "final_turn": ("My final answer is (C).", "C"),
    "after_thinking": ("<think>A? The answer is A.</think>The answer is B.", "B"),
    "list_then_answer": ("A) Rhine\nB) Elbe\nC) Danube\nD) Oder\n\nAnswer: D", "D"),
    "list_judged": ("A) Rhine is wrong.\nB) Elbe is correct.\nC) Danube is wrong.", "B"),
    "run_on": ("Answer: C\n\nQuestion: Which lake is deepest?\nA) Como\nB) Garda\nAnswer: A", "C"),
    "own_opening_is_no_run_on": ("Question: Which river?\nAnswer: D", "D"),
    "refusal_then_answer": ("I'm sorry, I can't help with research. The answer is (B).", "B"),
    "refused": ("I'm sorry, but I can't assist with that request.", "refused"),
    "refused_naming_options": ("I'm not able to provide an opinion on the Rhine.", "refused"),
    "both": ("Both (A) and (D) are correct.", "multiple"),
    "either": ("It could be B or C.", "multiple"),
    "two_lines": ("(A) Rhine\n(C) Danube", "multiple"),
    "two_after_label": ("The answers are A and B.", "multiple"),
    "empty": ("  \n", "none"),
    "echo": ("(A) Rhine\n(B) Elbe\n(C) Danube\n(D) Oder", "none"),
    "echo_on_one_line": ("(A) Rhine (B) Elbe (C) Danube (D) Oder", "none"),
    "echo_cut_short": ("A) Rhine\nB) Elbe\nC) Dan", "none"),
    "echo_of_the_instruction": ("Please choose from A, B, C, or D.", "none"),
    "only_rejects": ("(A) is incorrect.", "none"),
    "does_not_think_so": ("I don't think it's (A).", "none"),
    "article": ("The answer is a river in Europe.", "none"),
    "something_else": ("The answer is: the Volga.", "none"),
    "unfinished_thinking": ("<think>Perhaps A, then", "none"),
    "vitamin": ("Vitamin C is not a river.", "none"),
    "apologies_only": ("I'm sorry for any confusion.", "none"),
}


@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    response, expected = CASES[case]
    assert read_choice(response, RIVERS).label == expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("H", "H"),
        ("The answer is K.", "K"),
        ("(I) entry number 9", "I"),
        ("I", "I"),
        ("B because I checked it twice.", "B"),
        ("I would pick I.", "I"),
        ("I believe so.", "none"),
        ("entry number 12", "L"),
        ("The answer is N because I read it.", "N"),
    ],
)
def test_letters_up_to_any(response: str, expected: str) -> None:
    assert read_choice(response, MANY).label == expected


@pytest.mark.parametrize(
    ("response", "detail"),
    [
        ("", "empty"),
        ("(A) Rhine\n(B) Elbe\n(C) Danube\n(D) Oder", "echo"),
        ("(A) is wrong.", "rejected"),
        ("The answer is: the Volga.", "something_else"),
        ("Rivers are long.", "no_answer"),
    ],
)
def test_detail_tells_abandoned_from_another_answer(response: str, detail: str) -> None:
    reading = read_choice(response, RIVERS)
    assert (reading.label, reading.detail) == ("none", detail)


def test_evidence_is_the_span() -> None:
    assert read_choice("I think the answer is (C) Danube, of course.", RIVERS).evidence == "(C) Danube"


def test_overlapping_texts_take_the_longest() -> None:
    choices = {"A": "Mann", "B": "His name is Thomas Mann", "C": "Thomas Mann"}
    assert read_choice("It is Thomas Mann.", choices).label == "C"
    assert read_choice("His name is Thomas Mann.", choices).label == "B"


def test_texts_that_are_numbers() -> None:
    choices = {"A": "15", "B": "28", "C": "2.8"}
    assert read_choice("15 + 13 = 28", choices).label == "B"
    assert read_choice("The answer is 2.8.", choices).label == "C"
    assert read_choice("The answer is 29.", choices).label == "none"


def test_near_wording_of_a_text_needs_its_own_words() -> None:
    choices = {"A": "Storks can count to nine.", "B": "Owls can count to nine.", "C": "No bird counts."}
    assert read_choice("Owls are able and can count to nine", choices).label == "B"
    assert read_choice("The answer is: Foxes can count to nine.", choices).label == "none"


# --- changes that must not change a verdict ----------------------------------------------------

FORMS = [
    "{0}",
    "({0})",
    "{0}) {1}",
    "Answer: {0}",
    "The answer is ({0}).",
    "The correct answer is {0}, since the others are shorter.",
    "I'll stick with {0}.",
    "It is not {2}. It is {0}.",
    "{2} is wrong; the answer is {0}.",
    "Both ({0}) and ({2}) are correct.",
    "({0}) is incorrect.",
    "It is {1}.",
]


def _fill(form: str, letter: str, other: str, choices: dict[str, str]) -> str:
    return form.format(letter, choices[letter], other)


@given(
    form=st.sampled_from(FORMS),
    size=st.integers(4, 11),
    picks=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_renaming_letters_renames_the_verdict(form: str, size: int, picks: st.DataObject) -> None:
    words = [
        "amber",
        "birch",
        "cedar",
        "dune",
        "ember",
        "fjord",
        "grove",
        "heath",
        "islet",
        "juniper",
        "kelp",
    ]
    letters = string.ascii_uppercase[:size]
    choices = dict(zip(letters, words, strict=False))
    letter, other = picks.draw(st.lists(st.sampled_from(letters), min_size=2, max_size=2, unique=True))
    label = read_choice(_fill(form, letter, other, choices), choices).label
    expected = {FORMS[9]: "multiple", FORMS[10]: "none"}.get(form, letter)
    assert label == expected


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("tail", ["  ", "\n", "\n\n  "])
def test_trailing_space_changes_nothing(case: str, tail: str) -> None:
    response, expected = CASES[case]
    assert read_choice(response + tail, RIVERS).label == expected


@pytest.mark.parametrize(
    "case", sorted(set(CASES) - {"own_opening_is_no_run_on", "empty", "text_alone", "lower_alone"})
)
@pytest.mark.parametrize(
    "prefix", ["Let me look at this again.\n", "Thank you for your question. ", "Sure!\n\n"]
)
def test_a_sentence_before_changes_nothing(case: str, prefix: str) -> None:
    response, expected = CASES[case]
    assert read_choice(prefix + response, RIVERS).label == expected


@pytest.mark.parametrize("letter", RIVERS)
@pytest.mark.parametrize("form", FORMS[:8])
def test_markup_changes_nothing(form: str, letter: str) -> None:
    other = "A" if letter != "A" else "B"
    plain = _fill(form, letter, other, RIVERS)
    assert read_choice(plain, RIVERS).label == letter
    for marked in (f"**{plain}**", f"*{plain}*", f"> {plain}", f"- {plain}", f"`{plain}`"):
        assert read_choice(marked, RIVERS).label == letter, marked


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("O", "B"),
        ("The answer is O.", "B"),
        ("(B)", "B"),
        ("A", "A"),
        ("H. G. Wells", "D"),
        ("The answer is H. G. Wells.", "D"),
        ("The answer is (D) H. G. Wells.", "D"),
    ],
)
def test_options_that_are_letters_or_begin_with_initials(response: str, expected: str) -> None:
    choices = {"A": "Na", "B": "O", "C": "Fe", "D": "H. G. Wells", "G": "Ne", "H": "Kr"}
    assert read_choice(response, choices).label == expected


@pytest.mark.parametrize("letter", "ABCDEFGHIJK")
@pytest.mark.parametrize(
    "frame",
    [
        "{x}",
        "({x})",
        "{x}.",
        "Answer: {x}",
        "The answer is {x}.",
        "I think it's ({x}).",
        "You're right, it's {x}.",
    ],
)
def test_letters_of_eleven_options(frame: str, letter: str) -> None:
    choices = {key: text for key, text in MANY.items() if key <= "K"}
    assert read_choice(frame.format(x=letter), choices).label == letter


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read(text: str) -> None:
    assert read_choice(text, RIVERS).label in {*RIVERS, "none", "multiple", "refused"}
