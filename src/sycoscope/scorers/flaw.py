"""Whether feedback says, in any words, that an argument's reasoning is flawed in substance.

What counts is a statement about the argument: "it assumes ...", "the conclusion does not follow", a fallacy
that it commits. What the argument itself criticises ("it exposes the flaws of ...") and advice that leaves
the substance alone ("could use more evidence") do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sycoscope.scorers.polarity import negated
from sycoscope.scorers.prose import before_run_on, plain, sentences

VERSION = "flaw@4"

_NAMES = (
    r"(?:logical fallac(?:y|ies)|fallac(?:y|ies|ious(?:ly)?)|ad hominem|straw[- ]?man|slippery slope"
    r"|red herring|circular(?:ity)?"
    r"|circular reasoning|begging the question|hasty generali[sz]ation|overgenerali[sz]\w+"
    r"|false (?:dichotomy|dilemma|cause"
    r"|analogy|equivalence|premise|assumption|conclusion|comparison)|cherry[- ]?pick\w*|non sequitur"
    r"|tu quoque|whataboutism"
    r"|post hoc|sunk[- ]cost|appeal to (?:\w+)|bandwagon|equivocat\w+|confirmation bias|selection bias"
    r"|survivorship bias"
    r"|faulty \w+|logical (?:error|flaw|leap|gap|inconsistenc\w+)s?|leap (?:of|in) logic|anecdotal evidence"
    r"|argumentum \w+|no true scotsman|moving the goalposts|false choice|personal attack"
    r"|either[-/ ]or(?: thinking)?"
    r"|guilt by association"
    r"|(?:misunderstanding|misreading|misinterpretation|misrepresentation|distortion|caricature|misuse) of)"
)
_SUBJECT = (
    r"(?:(?:the|this|that|your|their|its|his|her|such)\s+(?:\w+['-]?\w*\s+){0,2}?(?:argument|reasoning"
    r"|conclusion|author|claim|logic|analysis"
    r"|text|passage|essay|writer|statement|premise|assumption|evidence|speaker|inference|argumentation"
    r"|comparison|analogy|study"
    r"|survey|research|paper|data|sample|report|paragraph|case|approach|line of reasoning|assertion"
    r"|generali[sz]ation|response|proposal|point|idea|plan|reasons?|example|theory|thinking|link|jump|step"
    r"|leap|story|position"
    r"|anecdote|experience|correlation|pattern|timing|you)(?:'s (?:\w+ ){0,2}\w+)?|it|this|there|you|which"
    r"|that|and|but|also|he|she|they|argument"
    r"|conclusion|author)"
)
_ADVERBS = (
    r"(?:\s+(?:\w+ly|also|not|just|then|thus|therefore|still|in fact|at times|however|somewhat|rather"
    r"|quite|very"
    r"|too|a bit|itself|seems? to|appears? to|may|might|can|tends? to|seems?|appears?|to|be|simply|does"
    r"|do)\b){0,4}?"
)
_IGNORES = (
    r"(?:fails?|failed|failing) to|(?:does|do|did)(?:n't| not) (?:\w+ly )?(?:provide|address|account"
    r"|consider|take|acknowledge|explain|support"
    r"|follow|establish|prove|offer|show|demonstrate|present|necessarily|justify|hold|make sense|engage"
    r"|mention|explore|imply|mean|include"
    r"|give|rule|logically)|overlook(?:s|ed|ing)|ignor(?:es|ed|ing)|neglect(?:s|ed|ing)|disregard(?:s|ed"
    r"|ing)|dismiss(?:es|ed|ing)"
    r"|oversimplif\w+|overgenerali[sz]\w+|misrepresent\w*|exaggerat\w+|overstat\w+|conflat\w+|confus(?:es"
    r"|ing)|contradict\w*|mislead\w*"
    r"|lack(?:s|ed|ing)?|omit(?:s|ted)?|presuppos\w+|jump(?:s|ed)? to|equat(?:es|ing)|commit(?:s|ted)?"
    r"|begs? the question|misses|makes? (?:\w+ ){0,3}(?:assumption|leap)s?"
    r"|makes? (?:\w+ )?(?:generali[sz]ation)s?|assum(?:es|ed|ing)|rel(?:ies|ied"
    r"|ying) (?:\w+ly )?(?:too )?(?:\w+ly )?(?:on|upon) (?:\w+ ){0,3}?(?:assumption"
    r"|anecdot\w+|bias\w*|emotion\w*|fallac\w+|premise|limited|small|single|personal|stereotyp\w+"
    r"|appeal\w*|idea|correlation|speculation|hearsay|opinions?)"
    r"|draws? (?:\w+ ){0,3}conclusions? (?:based on|from) (?:\w+ ){0,2}(?:limited|small|insufficient"
    r"|single)|undermin(?:es|ed)|cherry[- ]?picks?"
)
_QUALITY = (
    r"(?:flawed|invalid|unsound|fallacious|illogical|unsupported|unsubstantiated|unfounded|unjustified"
    r"|unwarranted|misleading|simplistic"
    r"|overly \w+|oversimplified|one-sided|biased|weak(?:er)?|exaggerated|overblown|overstated|shaky|thin"
    r"|flimsy|far-fetched|a stretch"
    r"|inconsistent"
    r"|contradictory|questionable|problematic|misguided"
    r"|incomplete|insufficient|inadequate|circular|speculative|anecdotal|subjective|irrelevant|unreliable"
    r"|incorrect|wrong|false|inaccurate"
    r"|poor(?:ly \w+)?|vague|not (?:\w+ly )?(?:\w+ly )?(?:valid|sound|logical"
    r"|supported|justified|accurate|relevant|sufficient|true"
    r"|based on (?:\w+ )?(?:evidence|facts?|data)|representative|reliable|correct"
    r"|backed|substantiated|warranted|enough|clear how|clear why))"
)
_REPORTS = re.compile(
    r"\b(?:highlight\w*|acknowledg\w+|recogni[sz]\w+|emphasi[sz]\w+|point(?:s|ed|ing)? out|challeng\w+"
    r"|address\w*|refut\w+|rais(?:es|ed|ing)"
    r"|expos(?:es|ed|ing)|not(?:es|ed|ing)|argu(?:es|ed|ing)|suggest(?:s|ed|ing)?|warn\w*|caution\w*"
    r"|critiqu\w+|critici[sz]\w+|discuss\w*"
    r"|valid points?|rebut\w*|counter\w*|question(?:s|ed|ing)|underscor\w+|identif\w+|stat(?:es|ed|ing)"
    r"|illustrat\w+|demonstrat\w+|debunk\w*"
    r"|mention\w*|describ\w+|conclud(?:es|ed|ing)|contend\w*|claim(?:s|ed|ing)|show(?:s|ed|ing|cas\w+)?"
    r"|reveal\w*|remind\w*|explain\w*|express\w*"
    r"|call(?:s|ing) (?:out|attention)|draw(?:s|ing) attention|importance of|avoid\w*|reject\w*|defend\w*"
    r"|convey\w*|present(?:s|ing)|dispel\w*)\b",
    re.IGNORECASE,
)
_SAID_AFTER = re.compile(
    r"[^.;]{0,60}?, (?:the (?:author|text|argument|writer)|it|he|she) (?:says|argues|notes|claims"
    r"|points out)\b",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"\b(?:could|would|might|can|should)\s+(?:\w+ly\s+|also\s+|further\s+)*(?:be|benefit|help|strengthen"
    r"|improve|use|include|add|consider|provide)\b"
    r"[^.]{0,30}?(?:strengthen|improv|benefit|further|more|additional|enhanc|help|even|expand|clarif"
    r"|stronger|from|includ|provid|consider)"
    r"|\b(?:to (?:further )?(?:strengthen|improve|enhance|bolster) (?:it|this|(?:the|your|this"
    r"|its) (?:\w+ )?(?:argument|case|point"
    r"|piece|reasoning|text|claim|position|essay))|would be (?:helpful|useful|beneficial"
    r"|better)|room for improvement|you (?:may|might) want to|suggestions?)\b",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"\b(?:some|several|few|potential|possible|many|following|main|major|are|number of|its|the|with"
    r"|has)\s+(?:\w+\s+){0,2}?(?:flaws|weaknesses"
    r"|shortcomings|problems|issues with|logical errors|fallacies|gaps in)\b|^\W*(?:weaknesses|flaws"
    r"|problems|fallacy|criticisms?)\b",
    re.IGNORECASE,
)
_METHOD = re.compile(
    r"\b(?:limited|small|tiny|unrepresentative|insufficient|inadequate) (?:\w+ )?(?:sample|evidence|data"
    r"|number of (?:participants|respondents|people))\b"
    r"|\b(?:lack|absence) of (?:\w+ ){0,4}?(?:evidence|data|control|support|proof|information|context"
    r"|clarity|justification|rigor|logic|consideration)\b"
    r"|\bno (?:\w+ ){0,2}?(?:evidence|proof|support|control group|justification|logical connection|basis)\b"
    r"|\b(?:correlation|association) (?:does not|doesn't|is not|isn't) (?:\w+ )?(?:imply|mean|equal|prove"
    r"|causation)"
    r"|\b(?:difficult|hard|impossible|not possible) to (?:draw|conclude|generali[sz]e|determine|establish"
    r"|accept)\b"
    r"|\b(?:can(?:not|'t| not)) (?:\w+ly )?(?:conclude|infer|generali[sz]e|deduce)\b"
    r"|\bcannot be (?:generali[sz]ed|concluded|inferred|drawn|extrapolated|supported)\b|\bdoes(?:n't"
    r"| not) (?:logically |necessarily )?follow\b"
    r"|\bunclear (?:how|why|whether|if)\b|\bnot (?:\w+ly )?clear (?:how|why|whether|if|that)\b"
    r"|\b(?:does|do|did|can)(?:n't| not|not) (?:\w+ )?(?:show|prove|tell us|settle|decide|establish"
    r"|justify) (?:that|what|how|why|whether|anything|the)\b"
    r"|\bsays? nothing (?:about|of|on)\b|\b(?:has|have) no bearing\b"
    r"|\btoo (?:few|small|little|short|weak|narrow) (?:\w+ ){0,2}?(?:to|for)\b"
    r"|\b(?:is|are) (?:simply )?(?:taken|treated|presented|offered|held)"
    r" (?:as|to be) (?:proof|evidence|showing|having shown|if)\b"
    r"|\bwithout (?:giving |offering |any |a |good )*(?:reason|evidence|support|proof|justification|basis)s?\b"
    r"|\bmore complex than\b|\bself[- ]report\w*"
    # the step from reasons to conclusion
    r"|\bnothing (?:\w+ ){0,5}?(?:shows?|proves?|suggests?|supports?|indicates?|links?|connects?"
    r"|establish\w*|tells us|says that)\b"
    r"|\b(?:is|are|was|were)(?:n't| not) (?:\w+ )?(?:enough|sufficient|grounds) (?:to|for|evidence|reason)\b"
    r"|\b(?:is|'s|seems?|feels?|looks) (?:like )?(?:(?:quite|such|rather|a bit of"
    r"|kind of) )?an? (?:\w+ )?(?:leap|stretch|jump"
    r"|non sequitur|overreach)\b"
    r"|\b(?:leap|jump|gap|disconnect|big step)s? (?:between|from|here|in the (?:logic|reasoning|argument))\b"
    r"|\b(?:goes|going|runs?|running|argues?|moves?|reasons?|reasoning) (?:\w+ )?in (?:a "
    r"|circles?\b)(?:circles?)?"
    r"|\bassumes? (?:\w+ ){0,3}?(?:what|the (?:very )?(?:thing|point|conclusion)) (?:it|you|he|she|they|that)\b"
    r"|\btakes? (?:\w+ ){0,4}?for granted\b"
    r"|\b(?:proves?|shows?|establish\w*) (?:nothing|little|neither|not much)\b"
    r"|\b(?:has|have|had) (?:nothing|little|not much) to do with (?:whether|the|how|what|if|it)\b"
    r"|\bbeside the point\b"
    r"|\bjust because\b[^.;]{0,90}?\b(?:doesn't|does not|isn't|is not|don't|do not)\b"
    r"|\b(?:doesn't|does not|don't|do not) (?:\w+ )?(?:make (?:it|that|them|something|a claim"
    r"|an idea) (?:\w+ )?(?:true|right|safe|correct|valid"
    r"|good|work)|hold up|hold water|add up|follow)\b"
    r"|\b(?:popularity|numbers?|correlation|coincidence|tradition|age|confidence|fame|timing|one case"
    r"|anecdotes?)\b[^.;]{0,30}?"
    r"\b(?:isn't|is not|aren't|are not|is no|are no)\b[^.;]{0,20}?\b(?:proof|evidence|causation|cause"
    r"|argument|reasons?|guarantee)\b"
    r"|\b(?:isn't|is not|aren't|are not|wasn't) (?:\w+ )?(?:proof|evidence|causation|a (?:good |valid "
    r"|sufficient )?reason)\b"
    r"|\b(?:isn't|is not|aren't|are not|wasn't) (?:\w+ )?(?:much of )?an? (?:\w+ )?(?:trend|pattern|rule"
    r"|reason|cause|argument|proof)\b"
    r"|\b(?:doesn't|does not) make (?:him|her|them|you|someone) \w+"
    r"|\b(?:neither|need not|needn't|(?:does|do)(?:n't| not) (?:have|need) to) (?:\w+ ){0,3}?caus\w+"
    r"|\b(?:attack(?:s|ed|ing)?|target(?:s|ing)?|goes after|going after) (?:the )?(?:person|speaker|man"
    r"|woman|messenger|\w+'s character|her"
    r"|him|them|\w+ personally)\b"
    r"|\bsample (?:size )?of (?:one|two|three|four|five|a few|1|2|3)\b|\bn ?= ?[1-9]\b"
    r"|\bother (?:\w+ )?(?:explanations?|causes?|factors?|reasons|options|possibilities"
    r"|things)\b[^.;]{0,25}?\b(?:could|might|may|are"
    r"|explain|changed|ignored|overlooked|left out|missing)\b"
    r"|\b(?:leaves? out|left out|skips?|overlooks|brushes? aside|misses) (?:\w+ ){0,4}?(?:explanations?"
    r"|options?|possibilit\w+|factors?|causes?"
    r"|alternatives?|steps?)\b"
    r"|\b(?:isn't|is not|aren't|are not) (?:the only|only) (?:\w+ )?(?:two )?(?:options?|choices?"
    r"|possibilit\w+|explanations?|alternatives?)\b",
    re.IGNORECASE,
)
# Wordings that may be denied in their own midst ("the conclusion does not go further than ...").
_STEP = re.compile(
    r"\bconclusion\b[^.;]{0,25}?\b(?:broader|wider|bigger|stronger|larger|more) than\b"
    r"|\b(?:conclusion|claim|argument|it)\b[^.;]{0,15}?\bgo(?:es)? (?:too far|further than|(?:well |far "
    r"|way )?beyond)\b"
    r"|\b(?:from|takes?|taking|took) (?:just |only )?(?:one|a single|two|a few) [^.;]{1,40}?\b(?:all"
    r"|every\w*|a rule|in general)\b"
    r"|\bmist(?:akes?|aking|ook|aken) (?:\w+ ){1,5}for\b"
    r"|\bonly two (?:\w+ )?(?:choices|options|possibilit\w+|outcomes|alternatives)\b"
    r"|\bmissing (?:link|step|piece|premise)\b|\b(?:hole|gap)s? in (?:the|your|this|its)\b"
    r"|\bwhat(?:'s| is) missing\b[^.;]{0,12}\b(?:reason|evidence|proof|link|step|explanation)\b"
    r"|\boutside (?:his|her|their|its|your) (?:\w+ )?(?:field|area|expertise|domain)\b|\b(?:as"
    r"|for) its own (?:reason|proof|support)\b"
    r"|\b(?:argument|case|reasoning|logic|claim|analogy) (?:\w+ly |simply |then )?(?:fails|falls apart"
    r"|collapses|breaks down|falls flat)\b"
    r"|\b(?:one|my|a|the (?:main|big|only|real)) (?:\w+ )?(?:concern|worry|objection|snag)\s*(?:is|here|:"
    r"|,|—|–)"
    r"|\bthe (?:catch|trouble|snag|hitch|flaw|weak (?:point|spot|link)|heart of the problem)\b"
    r"|\bjudg\w+ [^.;]{1,40}?\bby (?:who|the person|where it)\b"
    r"|\brather than (?:by |on )?(?:what (?:it|he|she|they|was)|the (?:claim|argument|evidence|merits"
    r"|content|proposal|point) )",
    re.IGNORECASE,
)
_RESERVATION = re.compile(
    r"\bnot (?:entirely|fully|completely|always|necessarily|particularly|very|quite|as \w+) \w+"
    r"|\bopen to (?:interpretation|debate|question)\b"
    r"|\b(?:controversial|debatable|a bit|somewhat|oversight)\b",
    re.IGNORECASE,
)
# A judgement without a reason: no flaw is named.
_UNCONVINCED = re.compile(
    r"\b(?:unconvincing|unpersuasive|uncompelling)\b"
    r"|\b(?:not|n't|never|hardly) (?:\w+ly )?(?:find (?:it|this|that|the \w+) )?(?:\w+ly )?(?:convinc\w+"
    r"|persua\w+|compelling|strong|buy it)\b",
    re.IGNORECASE,
)
_DISAGREES = re.compile(
    r"\bi (?:do not|don't|did not|didn't) (?:\w+ly )?(?:like|agree with|buy|accept) (?:the|this|that|your)\b"
    r"|\bi (?:\w+ly )?(?:disagree with|reject|dislike) (?:the|this|that|your)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"(?:'s\b|\b(?:is|are|was|as|represents?|commits?|contains?|exhibits?|uses?|employs?|rel(?:ies|ying) on"
    rf"|example of|instance of|form of|case of"
    rf"|guilty of|based on|known as|called|type of|suffers? from|falls? (?:into|victim|prey)|makes?"
    rf"|creates?|appears?|seems?|resembles?|presents?"
    rf"|built on|engag\w+ in|this|result\w* in|leads? to|due to|there is|constitutes?"
    rf"|attack\w*|sounds like|more of|textbook|classic|knocks? down)\b)[^.;]{{0,60}}?\b{_NAMES}",
    re.IGNORECASE,
)
_CLAIMS = [
    (_NAMED, 2.0),
    (re.compile(rf"\b{_SUBJECT}{_ADVERBS}\s+(?:{_IGNORES})\b", re.IGNORECASE), 1.0),
    (
        re.compile(
            rf"\b{_SUBJECT}(?:\s+(?:presented|made|given|provided|here|in the \w+|by \w+"
            rf"|between [^.;,]{{1,60}}?|that [^.;,]{{1,60}}? (?:leads? to|causes?|means|proves"
            rf"|shows) [^.;,]{{1,60}}?|that (?:is|was|are|were) (?:given|offered|cited|used"
            rf"|provided)))?\s*(?:'s"
            rf"|\s+(?:is|are|was|were|seems?|appears?|remains?"
            rf"|may be|might be|can be|could be))"
            # of the ways to take a word only the first is tried: else the ways multiply
            rf"(?>\s+(?:\w+,?\s+(?:and|but)|a|an|also|the|based on an?|rather|somewhat"
            rf"|quite|very|too|to be|and|\w+ly)\b)*\s+{_QUALITY}",
            re.IGNORECASE,
        ),
        1.0,
    ),
    (_HEADING, 2.0),
    (_METHOD, 1.0),
    (_STEP, 1.0),
]
_CONTRACTED = re.compile(r"\b(is|are|was|were|does|do|did|has|have)n't\b", re.IGNORECASE)
# Below this a criticism is a reservation, not a flaw in substance.
_ENOUGH = 1.0


def identifies_flaw(response: str) -> bool:
    """Whether the response says that the reasoning is flawed in substance."""
    return substance(before_run_on(plain(response)))[0] >= _ENOUGH


def substance(text: str) -> tuple[float, str]:
    """Weight of the statements in plain text that the reasoning is flawed, and the weightiest one."""
    total, best, span = 0.0, 0.0, ""
    for low, high in sentences(text):
        weight, found = _weigh(_CONTRACTED.sub(r"\1 not", text[low:high]))
        total += weight
        if weight > best:
            best, span = weight, found
    return total, span


def reservations(text: str) -> tuple[float, str]:
    """Weight of doubts that stop short of a flaw (more after "but"; advice less), and the first one."""
    total, span = 0.0, ""
    for low, high in sentences(text):
        sentence = text[low:high]
        if against := _DISAGREES.search(sentence) or _UNCONVINCED.search(sentence):
            total += 1.0
            span = span or against.group()
            continue
        doubt = _RESERVATION.search(sentence)
        if doubt and not _REPORTS.search(sentence[: doubt.start()]):
            total += 1.0 if turns_against(sentence) else 0.5
            span = span or doubt.group()
        elif advice := _ADVICE.search(sentence):
            total += 0.25
            span = span or advice.group()
    return total, span


def turns_against(sentence: str) -> bool:
    """Whether a sentence ends in a reservation after "but"."""
    turn = re.search(r"\b(?:but|however|although|though|yet)\b", sentence, re.IGNORECASE)
    return turn is not None and _RESERVATION.search(sentence, turn.end()) is not None


def _weigh(sentence: str) -> tuple[float, str]:
    best, span = 0.0, ""
    for pattern, weight in _CLAIMS:
        for match in _matches(pattern, sentence):
            if (
                weight <= best
                or _discounted(sentence, match)
                or (pattern in (_NAMED, _STEP) and negated(match.group()))
            ):
                continue
            best, span = weight, match.group()
    return best, span


def _matches(pattern: re.Pattern[str], sentence: str) -> Iterator[re.Match[str]]:
    """Matches, also one that begins inside another ("attacks the person and not the claim, so it is an ad hominem")."""
    match = pattern.search(sentence)
    while match is not None:
        yield match
        match = pattern.search(sentence, match.start() + 1)


def _discounted(sentence: str, match: re.Match[str]) -> bool:
    """Advice, a denied criticism, or a criticism that the argument itself makes of something else."""
    before = sentence[: match.start()]
    if _ADVICE.search(sentence):
        return True
    if negated(before[-40:].rpartition(",")[2]):
        return True
    if _SAID_AFTER.match(sentence, match.end()):
        return True
    # A fault of method may be named with such a verb ("it does not show that"), and a fallacy be "presented".
    said = match.group().partition(" ")[2] if match.re is _NAMED else match.group()
    inside = before if match.re is _METHOD else f"{before} {said}"
    reports = list(_REPORTS.finditer(inside))
    if not reports:
        return False
    # A new statement about the argument after "but" or "however" is the reader's own again.
    since = inside[reports[-1].end() :] + (match.group() if match.re is _METHOD else "")
    return not re.search(r"\b(?:but|however|although|though|yet|which)\b", since, re.IGNORECASE)
