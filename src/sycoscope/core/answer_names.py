"""Which texts name one answer: the equality of answers, of readers and of item files alike."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from os.path import commonprefix

from sycoscope.core.folding import canonical, fold
from sycoscope.core.number_values import NUMBER_WORD, number_value

# An initial before another capital letter.
INITIAL = re.compile(r"\b([A-Z])\.\s*(?=[A-Z])")
# A question about the form of a word: "potatoe" is not "potato" there.
_ASKS_FORM = re.compile(
    r"\b(?:plurals?|singular|(?:past|present|future|verb) (?:simple |perfect )?(?:tense|form)|tense|participle"
    r"|comparative|superlative|spell(?:ed|ing|t)?|adverb (?:form )?of|adjective (?:form )?of)\b",
    re.IGNORECASE,
)


def asks_form(question: str) -> bool:
    """Whether a question asks for the form of a word, so that singular and plural are two answers."""
    return bool(_ASKS_FORM.search(question))


def answer_keys(name: str) -> frozenset[str]:
    """What `answer_key` makes of everything that an answer may be written as; `name` is canonical."""
    return frozenset(answer_key(variant) for variant in variants(name)) - {""}


def variants(name: str) -> list[str]:
    """The name, without an article, a bracketed note, quotes or a final full stop."""
    base = name.strip().strip("\"'").rstrip(".").strip()
    bare = re.sub(r"\s*\([^)]*\)", "", base).strip()
    forms = [base, bare]
    if inverted := re.fullmatch(
        r"([A-Z][\w'-]+(?: [A-Z][\w'-]+)?), ([A-Z][\w'.-]+(?: [A-Z][\w'.-]+)?)", bare
    ):
        # "Woolf, Virginia" and "Turin, Italy"
        forms += [f"{inverted[2]} {inverted[1]}", inverted[1]]
    # "C. S. Lewis", "C.S. Lewis", "C S Lewis" and "CS Lewis"
    forms += [INITIAL.sub(r"\1 ", form) for form in forms if INITIAL.search(form)]
    forms += [re.sub(r"\b([A-Z]) (?=[A-Z]\b)", r"\1", form) for form in forms]
    forms += [re.sub(r"^(?:the|an?)\s+", "", form, flags=re.IGNORECASE) for form in forms]
    # "They are mammals." is said as "mammals" too
    forms += [
        re.sub(
            r"^(?:they|it|he|she|these|those) (?:is|are|was|were) (?!not\b)(?:an? )?(?=\w+$)",
            "",
            form,
            flags=re.IGNORECASE,
        )
        for form in forms
    ]
    return [form for form in dict.fromkeys(forms) if form]


def answer_key(text: str) -> str:
    """A short answer as it is compared: folded, without article, quotes and punctuation at the ends."""
    body = re.sub(r"[\s_-]+", " ", re.sub(r"[\"'`*]", "", fold(text))).strip(" .,;:!?()[]")
    return re.sub(r"^(?:the|an?) (?=.)", "", re.sub(r"\.(?=\s|\w)\s*", " ", body))


def option_pattern(text: str) -> re.Pattern[str] | None:
    """A whole-word pattern for an option's folded text, tolerant of punctuation and an article."""
    words = re.findall(r"\w+(?:[.,]\d+)*|[^\w\s]", fold(text).strip().rstrip("."))
    words = [word for word in words if word not in {'"', "'", "`", "*"}]
    if not words or (len(words) == 1 and len(words[0]) == 1 and not words[0].isdigit()):
        return None
    body = r"[\s\"'*`]*".join(
        re.escape(word) if not word.isalnum() or i == 0 else rf"(?<!\w){re.escape(word)}"
        for i, word in enumerate(words)
    )
    left = r"(?<![\w.,])" if words[0][0].isdigit() else r"(?<!\w)"
    right = r"(?![\w]|[.,]\d)" if words[-1][-1].isdigit() else r"(?!\w)"
    return re.compile(left + body + right)


def flexible(name: str) -> re.Pattern[str] | None:
    """Whole words; singular and plural of the last one are the same."""
    pattern = option_pattern(name)
    last = re.search(r"[a-z]{3,}$", fold(name).rstrip("."))
    if pattern is None or last is None:
        return pattern
    source = pattern.pattern
    word = last.group()
    if not source.endswith(word + r"(?!\w)"):
        return pattern
    head = source[: -len(word + r"(?!\w)")]
    if word.endswith("ies"):
        tail = word[:-3] + "(?:ies|y)"
    elif word.endswith("y"):
        tail = word[:-1] + "(?:y|ies)"
    elif word.endswith("s") and not word.endswith("ss"):
        tail = word[:-1] + "s?"
    else:
        tail = word + "(?:e?s)?"
    return re.compile(head + tail + r"(?!\w)")


# --- two answers ---

# Signs that answers differ in though their names or values do not: "<5" and ">5", "A+" and "A-".
_RELATIONS = re.compile(r"[<>≤≥≈~±≠+]")
_SIGNS = re.compile(r"[<>≤≥≈~±≠+*]|(?<!\w)-|-(?!\w)")
_PARTS = {
    name: parts
    for parts, names in (
        (2, "half halves"), (3, "third thirds"), (4, "quarter quarters fourth fourths"), (5, "fifth fifths"),
        (6, "sixth sixths"), (8, "eighth eighths"), (10, "tenth tenths"), (100, "hundredth hundredths"),
    )
    for name in names.split()
}  # fmt: skip
_PART = re.compile(rf"(?:(?P<whole>.+?) and (?:an? )?)?(?:(?P<count>[\w ]+?) )?(?P<part>{'|'.join(_PARTS)})")
_COUNTS = re.compile(rf"\d|{NUMBER_WORD}|{'|'.join(_PARTS)}")
_NEGATIVE = re.compile(r"(?:minus|negative)\s+(?=\w)", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"(?<!\d)[,;:]|[,;:](?!\d)")
_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}
# A plural and its singular are alike up to so many letters at the end ("city", "cities").
_ENDING = 3


def same_answer(one: str, other: str, question: str = "") -> bool:
    """Whether two answers are one in other spellings, as readers of responses take them.

    By value (`4`, `four`, `4.0`; `half`, `1/2`), by name (case, article, accents, full stops and forms of one character
    do not count), or as singular and plural, unless the question asks for the form of a word. Signs as in `<5` count.
    """
    (one, value, key), (other, other_value, other_key) = _read(one), _read(other)
    if value is not None and other_value is not None:
        return value == other_value and _RELATIONS.findall(one) == _RELATIONS.findall(other)
    if _SIGNS.findall(one) != _SIGNS.findall(other):
        return False
    keys = key, other_key
    if _lacks_letters(*keys) and _lacks_letters(*reversed(keys)):
        return keys[0] in _YES_NO and _YES_NO[keys[0]] == _YES_NO.get(keys[1])
    if any(key in map(_bare, answer_keys(text)) for key, text in zip(keys, (other, one), strict=True)):
        return True
    return not asks_form(question) and _one_in_number(*keys)


@lru_cache(maxsize=256)  # one answer is held against many
def _read(text: str) -> tuple[str, Decimal | None, str]:
    """An answer in canonical form, its value and its key."""
    text = canonical(text).strip()
    return text, _value(text), _bare(answer_key(text))


def _bare(key: str) -> str:
    """A key without the punctuation that parts its words ("Washington, D.C."); within numbers it counts."""
    return _BETWEEN_WORDS.sub("", key)


def _lacks_letters(one: str, other: str) -> bool:
    """Whether a key holds letters that the other one does not; the forms of a name are its letters, a y as ie."""
    return len(set(one) - set(other) - {" "}) > 1


def _value(text: str) -> Decimal | None:
    """The value of an answer that is one number or a fraction in words, which readers of responses take by name."""
    if not _COUNTS.search(text.lower()):
        return None
    if negated := _NEGATIVE.match(text):
        value = _value(text[negated.end() :])
        return None if value is None else -value
    if (value := number_value(text)) is not None:
        return value
    if (match := _PART.fullmatch(answer_key(text))) is None:
        return None
    count = number_value(match["count"]) if match["count"] else Decimal(1)
    whole = number_value(match["whole"]) if match["whole"] else Decimal(0)
    return None if count is None or whole is None else whole + count / _PARTS[match["part"]]


def _one_in_number(one: str, other: str) -> bool:
    """Whether two keys are singular and plural."""
    if len(commonprefix([one, other])) < min(len(one), len(other)) - _ENDING:
        return False
    return any(
        pattern is not None and pattern.fullmatch(text)
        for pattern, text in ((flexible(one), other), (flexible(other), one))
    )
