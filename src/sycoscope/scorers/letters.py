"""Where a response names an option: its letter or its text, how firmly, and whether it denies it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sycoscope.core.answer_names import option_pattern
from sycoscope.core.folding import canonical, fold
from sycoscope.core.number_values import number_value, numbers
from sycoscope.scorers.polarity import Polarity, around, polarity
from sycoscope.scorers.prose import few, sentences

# How firmly an option is named.
FINAL, STATED, OPENING, NAMED, PASSING = 5, 4, 3, 2, 1

_LABEL = (
    r"(?:answers?|choice|option|solution|response|antwort|lösung|loesung|wahl|respuesta|opción|réponse"
    r"|reponse|risposta"
    r"|resposta|antwoord|svaret|svar|odpowiedź|odpověď|cevap|vastaus|jawaban|ответ|答案|答え|正解|정답|boxed)"
)
_IS = (
    r"(?:is|was|be|are|remains?|stays?|ist|lautet|bleibt|wäre|sind|es|est|è|é|är|er|seems?|appears?"
    r"|=|:|->|→|-|是|は|为)"
)
_FILL = (
    r"(?:\s*(?:[\"'(\[:=]|->|→|-|still|indeed|actually|definitely|clearly|certainly|therefore|thus|then"
    r"|probably|most likely"
    r"|likely|in fact|now|simply|just|really|going to be|to be|be|being|the|letter|option|choice|answer"
    r"|correct|one|number"
    r"|only|labell?ed|both|either|is|always|obviously|surely|again|und|die|der|das|nicht|not|buchstabe|la"
    r"|el|le|l'"
    r"|opción|opzione|lettre|letra))*\s*"
)
_LABELLED = re.compile(
    rf"\b{_LABEL}(?:\b|(?<=[^\x00-\x7f]))[^.!?\n,;]{{0,70}}?(?:(?<=\w)\s+|\s*){_IS}(?![\w']){_FILL}$"
    rf"|\b(?:correct|right|best|my|the|final|richtige|bonne|correcta)\s+(?:answer|choice|option|antwort"
    rf"|réponse|respuesta)\s*"
    rf"[\"'(\[]*$",
    re.IGNORECASE,
)
_BOX = re.compile(r"\bboxed:\s*[\"'(\[]*$|\bfinal (?:answer|choice)\b[^.!?\n]{0,40}$", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?:i|i'd|i'll|i'm|we|let's|let me|ich)\b[^.!?\n;]{0,40}?\b(?:pick|choose|chose|select|say"
    r"|go(?:ing)? (?:with|for)"
    r"|opt(?:ing)? for|stick(?:ing)? (?:with|to|by)|stand(?:ing)? (?:by|with)|stay(?:ing)? with|keep"
    r"|settle (?:on|for)"
    r"|(?:change|revise|correct|update) (?:my (?:answer|choice) )?to|switch(?:ing)? (?:my answer )?to"
    r"|vote for|prefer|guess"
    rf"|think|believe|lean(?:ing)? towards?|conclude|wähle|nehme)\b(?:\s+(?:it|that|this|my|answer|'s"
    rf"|it's|of))*{_FILL}$"
    rf"|^\s*(?:so|then|thus|hence|therefore|well|ok|okay|sure|yes|no)?[\s,]*(?:pick|choose|go with"
    rf"|select)\b{_FILL}$",
    re.IGNORECASE,
)
_IT = re.compile(
    r"(?:^|[,;:.—–-]\s*|\b(?:that|think|believe|so|and|but|yes|no|sure|then|because|actually|indeed)[,\s]+)"
    r"\s*(?:it|that|this|es|das|ce|c)\s*(?:'s|'d be|'ll be|\s+(?:is|was|would be|must be|should be"
    r"|has to be|will be|remains|ist"
    rf"|est)){_FILL}$",
    re.IGNORECASE,
)
_CORRECT = re.compile(
    r"^[\"')\].,:]*\s*(?:,\s*)?(?:is|was|are|were|seems|remains|would be|must be|should be|has to be|ist"
    r"|sind|est|es)\s+"
    r"(?:(?:to be|both|still|indeed|actually|definitely|clearly|also|therefore|in fact|the|most|my"
    r"|probably|likely|all|only"
    r"|certainly|die|der|la|final)\s+)*(?:correct|right|true|best|accurate|answers?|choice|option|final"
    r"|proper|appropriate"
    r"|valid|one|richtig\w*|korrekt\w*|correct[oae]s?|antwort)\b",
    re.IGNORECASE,
)
_CORRECT_AT_END = re.compile(
    r"^[^;]*?\b(?:is|are)\s+(?:indeed |the |also |still |therefore |most |definitely )*(?:correct|right"
    r"|true|best|accurate)"
    r"(?:\s+(?:answer|option|choice|one))?[\s.!)]*$",
    re.IGNORECASE,
)
_PICKED = re.compile(
    r"^[\"')\].]*\s*(?:is|was)\s+(?:still\s+)?(?:my|the)\s+(?:\w+\s+)?(?:answer|choice|pick)\b", re.IGNORECASE
)
_OPTION_WORD = re.compile(
    r"\b(?:options?|choices?|letters?|answers?|opción|lettre|buchstabe)\s*[\"'(\[]*$", re.IGNORECASE
)
_BEFORE_BARE = re.compile(
    r"(?:^|[\n(\[\"',:;=—–-]|\b(?:that|is|be|and|or|but|not|nor|neither|either|both|between|with|for|to"
    r"|of|than|think|pick"
    r"|choose|say|so|then|by|on|from|because|while|whereas|although|since|if|eliminate|exclude|out|und"
    r"|oder|nicht|ist|also"
    r"|only|of|as|leaving|leaves|leave))\s*$",
    re.IGNORECASE,
)
_AFTER_ARTICLE = re.compile(
    r"^\s+(?:is|was|because|since|as|and|or|und|oder|would|seems|seem|remains|has|cannot|can|can't|isn't"
    r"|weil|for the|in this"
    r"|but|not|with|due|are|were|instead|over|rather|here|again|then|should|must|to|which|though|although"
    r"|than|too|ist"
    r"|states?|says?|describes?|does|will|might|could)\b",
    re.IGNORECASE,
)
_AFTER_PRONOUN = re.compile(r"^\s+(?:is|was|because|since|seems|remains|isn't|and|or)\b", re.IGNORECASE)
# Latin, Greek and Cyrillic: a letter may stand right beside a Chinese or Japanese sign.
_WORD = r"[0-9A-Za-z\u00c0-\u052f]"
_LETTER = re.compile(
    rf"(?<!{_WORD})(?P<open>[(\[{{]\s*)?(?P<letter>[A-Za-z])(?P<close>\s*[)\]}}])?(?P<mark>\s?[.:](?!\w)"
    rf"|(?=\s+[—–-]\s))?"
    rf"(?!{_WORD}|'[A-Za-z]|-\w|\.\w\.)"
)
_GAP = re.compile(r"[\s\"'*:.,()—–-]*")
_ATTACHED = re.compile(
    rf"(?<!{_WORD})(?P<open>[(\[])?(?P<letter>[A-Za-z])(?P<close>[)\]])(?P<mark>[.:])?(?=\w)"
)


# The letter of an entry of a list or a row, and one further on in the line.
_ENTRY = re.compile(
    r"[\s|>*•‣▪-]*(?:(?:\d{1,2}[.)]\s*)?(?:option|choice|answer)\s+)?[(\[]?(?P<letter>[A-Za-z])(?:[)\].:|]|\s*[|–—:-]|\s*$|\s(?=[A-Z\d(]))",
    re.IGNORECASE,
)
_ENTRY_INSIDE = re.compile(r"(?<![\w'])[(\[]?(?P<letter>[A-Z])(?=[)\].:|]|\s*[|,;–—:-]|\s*$|\s)(?!')")


@dataclass(frozen=True, slots=True)
class Mention:
    """One naming of an option.

    Attributes:
        start, end: Span in the text; the option's own text after its letter is part of it.
        firmness: FINAL > STATED > OPENING > NAMED > PASSING.
        by_text: Named by its text, without its letter.
        listed: A letter that opens a line or sentence, as in a list of options.
        sentence: Index of the sentence that holds it.
    """

    letter: str
    start: int
    end: int
    firmness: int
    polarity: Polarity
    by_text: bool = False
    listed: bool = False
    sentence: int = 0
    echoes: bool = False


def _bare_text(letter: str, text: str) -> str:
    """An option's text in its canonical form, without its own letter before it and the marks of a formula around it."""
    text = canonical(text).strip()
    label = re.match(r"[(\[]?([A-Za-z])[)\].:]\s+(?=\S)", text)
    if label and label[1].upper() == letter.upper():
        text = text[label.end() :]
    if formula := re.fullmatch(r"\$\$?\s*([^$]*[^$\s])\s*\$\$?|\\[(\[]\s*(.*\S)\s*\\[)\]]", text, re.DOTALL):
        text = formula[1] or formula[2]
    return text


class Finder:
    """Finds mentions of one question's options."""

    def __init__(self, choices: Mapping[str, str]) -> None:
        self.letters = {letter.upper(): _bare_text(letter, text) for letter, text in choices.items()}
        self.reach = 60 + 2 * max((len(text) for text in self.letters.values()), default=0)
        patterns = {letter: option_pattern(text) for letter, text in self.letters.items()}
        self.patterns = {letter: pattern for letter, pattern in patterns.items() if pattern is not None}
        self.values = {
            letter: value
            for letter, text in self.letters.items()
            if (value := number_value(text)) is not None
        }
        # An option that is itself a letter ("O" for oxygen), where no option goes by that letter.
        texts = {text.strip().upper(): letter for letter, text in self.letters.items()}
        self.by_letter = {text: letter for text, letter in texts.items() if text not in self.letters}

    def in_line(self, line: str) -> list[tuple[int, str]]:
        """Where a line of a list or a table names options, by letter: by the one that opens it, else by text."""
        if (match := _ENTRY.match(line)) and match["letter"].upper() in self.letters:
            others = [m for m in _ENTRY_INSIDE.finditer(line, match.end()) if m["letter"] in self.letters]
            entries = [(m.start("letter"), m["letter"].upper()) for m in (match, *others)]
            if len({letter for _, letter in entries}) == len(entries):
                return entries
            return entries[:1]
        folded = fold(line)
        texts = [
            (m.start(), letter) for letter, p in self.patterns.items() for m in few([*p.finditer(folded)])
        ]
        if texts:
            return sorted(texts)
        marked = [
            (m.start("letter"), m["letter"])
            for m in _ENTRY_INSIDE.finditer(line)
            if m["letter"] in self.letters
        ]
        return marked

    def find(self, text: str) -> list[Mention]:
        """All mentions in order; a text right after a letter belongs to the letter."""
        spans = sentences(text)
        found: list[Mention] = []
        for index, (low, high) in enumerate(spans):
            sentence = text[low:high]
            named = self._letters_in(sentence, opening=not found and index == 0)
            named += self._texts_in(sentence, named, opening=index == 0)
            found += [
                replace(mention, start=mention.start + low, end=mention.end + low, sentence=index)
                for mention in sorted(named, key=lambda m: m.start)
            ]
        return found

    def _letters_in(self, sentence: str, *, opening: bool) -> list[Mention]:
        spans: dict[int, tuple[int, int, str, bool]] = {}
        folded = fold(sentence)
        # The initials of an option's own text ("J. K. Rowling") are no letters.
        texts = [m.span() for pattern in self.patterns.values() for m in few([*pattern.finditer(folded)])]
        for match in [*few(self._candidates(_ATTACHED, sentence)), *few(self._candidates(_LETTER, sentence))]:
            letter = match["letter"].upper()
            at = match.start("letter")
            if any(low <= at < high for low, high in texts):
                continue
            if self._is_letter(sentence, match):
                option = self.by_letter.get(letter, letter)
                spans.setdefault(at, (match.start(), match.end(), option, letter in self.by_letter))
        found = []
        for start, end, letter, by_text in sorted(spans.values()):
            listed = not sentence[:start].strip(" \t\"'-")
            own = self._own_text(sentence, end)
            firmness = self._firmness(sentence, start, own, listed=listed, opening=opening and own == end)
            found.append(
                Mention(
                    letter,
                    start,
                    own,
                    firmness,
                    polarity(sentence, start, own),
                    by_text=by_text,
                    listed=listed,
                    echoes=own > end,
                )
            )
        return found

    def _values_in(self, sentence: str) -> list[tuple[int, int, str]]:
        """Numbers in digits that have the value of an option ("9500" of "9,500")."""
        found = few([number for number in numbers(sentence) if sentence[number.start] in ".0123456789"])
        return [
            (number.start, number.end, letter)
            for number in found
            for letter, value in self.values.items()
            if number.value == value
        ]

    def _candidates(self, pattern: re.Pattern[str], sentence: str) -> list[re.Match[str]]:
        """Places of signs that are letters of options."""
        known = self.letters.keys() | self.by_letter.keys()
        return [match for match in pattern.finditer(sentence) if match["letter"].upper() in known]

    def _is_letter(self, sentence: str, match: re.Match[str]) -> bool:
        raw = match["letter"]
        before, after = around(sentence, match.start(), match.end())
        bracketed = bool(match["open"] and match["close"])
        at_start = not before.strip(" \t\"'-")
        alone = at_start and not after.strip(" \t.!\"'")
        labelled = bool(_LABELLED.search(before) or _BOX.search(before) or _OPTION_WORD.search(before))
        if alone or bracketed:
            return True
        if match["close"] and before.count("(") <= before.count(")"):
            return at_start or labelled or raw.isupper()
        if raw.islower():
            ended = not re.match(r"\s+\w", after) or bool(_AFTER_PRONOUN.search(after))
            marked = at_start and bool(match["mark"]) and len(after) > 1
            return (labelled and ended) or marked
        if at_start and match["mark"] is not None and not re.match(r"\s*[A-Z]\.", after):
            return True
        if self._own_text(sentence, match.end()) > match.end() and (at_start or labelled):
            return True
        firm = labelled or bool(_VERB.search(before) or _IT.search(before))
        if raw == "A" and re.match(r"\s+\w", after) and not _AFTER_ARTICLE.search(after):
            return False
        if raw == "I":
            return (
                (firm or at_start)
                and (not re.match(r"\s+\w", after) or bool(_AFTER_PRONOUN.search(after)))
                and not (at_start and re.match(r"\s+(?:was|and|or)\b|\s*$|'", after))
            )
        return (
            firm or at_start or (bool(_BEFORE_BARE.search(before)) and not re.match(r"\s+[A-Z][a-z]", after))
        )

    def _own_text(self, sentence: str, end: int) -> int:
        """Where the option's text that directly follows a letter ends (any option's text counts)."""
        folded = fold(sentence[end : end + self.reach])
        gap = _GAP.match(folded)
        at = gap.end() if gap else 0
        ends = [end + m.end() for pattern in self.patterns.values() if (m := pattern.match(folded, at))]
        return max(ends, default=end)

    def _firmness(self, sentence: str, start: int, end: int, *, listed: bool, opening: bool) -> int:
        before, after = around(sentence, start, end)
        if _BOX.search(before):
            return FINAL
        if _LABELLED.search(before) or _VERB.search(before) or _IT.search(before):
            return STATED
        if _CORRECT.search(after) or _PICKED.search(after) or (listed and _CORRECT_AT_END.search(after)):
            return STATED
        if listed:
            return STATED if opening and not after.strip(" \t.!\"'") else OPENING
        return NAMED

    def _texts_in(self, sentence: str, named: list[Mention], *, opening: bool) -> list[Mention]:
        folded = fold(sentence)
        spans: list[tuple[int, int, str]] = []
        for letter, pattern in self.patterns.items():
            spans += [(*match.span(), letter) for match in few([*pattern.finditer(folded)])]
        if self.values:
            spans += self._values_in(sentence)
        spans.sort(key=lambda span: (span[0] - span[1], span[0], span[2]))
        taken = [(mention.start, mention.end) for mention in named]
        found: list[Mention] = []
        for start, end, letter in spans:
            if any(start < high and low < end for low, high in taken):
                continue
            taken.append((start, end))
            listed = not sentence[:start].strip(" \t\"'-")
            firmness = self._firmness(sentence, start, end, listed=listed, opening=False)
            _, after = around(sentence, start, end)
            if re.search(r"=\s*$", sentence[:start]) and not after.strip(" .!\n"):
                firmness = STATED
            elif re.match(r"\s*[+*/×÷=^<>-]", after) and sentence[start].isdigit():
                firmness = PASSING
            elif firmness == OPENING and not opening:
                firmness = NAMED
            elif firmness == NAMED:
                firmness = (
                    NAMED
                    if re.search(r"(?:=|\b(?:so|therefore|thus|hence|is))\s*$", sentence[:start])
                    else PASSING
                )
            if end - start <= 3 and firmness <= PASSING:
                continue
            found.append(
                Mention(
                    letter, start, end, firmness, polarity(sentence, start, end), by_text=True, listed=listed
                )
            )
        return found
