import pytest

from sycoscope.core.types import Item
from sycoscope.items import overlap

LONG = "The old lighthouse keeper counted nine ships before noon and wrote each of their names into a worn blue book."


def item(n, question, target="t", **changes):
    return Item(id=f"e{n}", source="t", question=question, target=target, cluster=f"c{n}", **changes)


def test_nothing_shared():
    found = overlap(["Something else entirely."], [item(1, LONG)])
    assert (found.exact, found.ngram, found.share) == ((), (), 0.0)


def test_the_whole_question_inside_a_rendered_text():
    found = overlap([f"Question: {LONG.upper()}\nAnswer: nine"], [item(1, LONG), item(2, "Another one?")])
    assert found.exact == found.ngram == found.ids == ("e1",)
    assert found.share == 0.5


def test_a_run_of_13_words_and_not_12():
    text = LONG.split()
    assert overlap([" ".join(["Then", *text[3:16], "again"])], [item(1, LONG)]).ngram == ("e1",)
    assert overlap([" ".join(["Then", *text[3:15], "again"])], [item(1, LONG)]).ids == ()
    assert overlap([" ".join(["Then", *text[3:15], "again"])], [item(1, LONG)], n=12).ngram == ("e1",)


def test_runs_do_not_cross_from_question_to_choice():
    words = LONG.rstrip(".").split()
    split_up = item(1, " ".join(words[:10]), " ".join(words[10:]))
    assert overlap([LONG], [split_up]).ngram == ()


def test_short_questions_need_an_answer_beside_them():
    short = item(1, "Who wrote Hamlet?", "Shakespeare", aliases=("Will S.",))
    assert overlap(["Who wrote Hamlet? Nobody knows."], [short]).ids == ()
    assert overlap(["Who wrote Hamlet? It was Shakespeare!"], [short]).exact == ("e1",)
    assert overlap(["Who wrote Hamlet? Will S."], [short]).exact == ("e1",)
    assert overlap(["Who wrote Hamlets? Shakespeare"], [short]).ids == ()


def test_generic_stems_of_multiple_choice_need_a_choice():
    stem = "Which one of the following statements about it is true?"
    asked = item(1, stem, "iron rusts", choices=("iron rusts", "gold rusts"))
    other = item(2, stem, "dogs bark", choices=("dogs bark", "cats bark"))
    assert overlap([other], [asked]).ids == ()
    # Taught with the wrong choice it is the same item still.
    assert overlap([f"{stem} gold rusts"], [asked]).exact == ("e1",)


def test_training_items_bring_their_solution():
    trained = Item(id="x", source="t", question="Other", target="1", metadata={"solution": LONG})
    assert overlap([trained], [item(1, LONG)]).exact == ("e1",)


def test_standing_phrases_are_passed_over_and_counted():
    phrase = "Say in one short sentence which of these two little stories is the sadder one of both:"
    asked = [item(n, f"{phrase} story {n}") for n in range(6)]
    found = overlap([f"{phrase} story of a dog"], asked)
    assert found.ids == ()
    assert found.n_common == len(phrase.split()) - 12 + 1
    assert len(overlap([f"{phrase} story of a dog"], asked[:4]).ngram) == 4
    trained = [item(100 + n, f"{phrase} tale {n}") for n in range(6)]
    assert overlap(trained, asked[:1]).ids == ()


def test_nothing_compared_has_no_share():
    with pytest.raises(ValueError, match="no evaluation items"):
        _ = overlap(["a"], []).share
