#!/usr/bin/env python3
"""What sacrebleu, rouge-score and SQuAD's script make of pairs of texts: the vectors of tests/unit/score/text_metrics_test.cpp.

    python make_text_metric_vectors.py [--out text_metrics/rows.json] [--rows 320] [--seed 17]

Needs sacrebleu and rouge-score from PyPI. exact_match and token_f1 follow the published evaluation of SQuAD 2.0, written
anew below. The same seed gives the same bytes.
"""
import argparse
import collections
import importlib.metadata
import json
import pathlib
import random
import re
import string

import sacrebleu
from rouge_score import rouge_scorer

SENTENCES = [
    "The Kestrel bridge opened in 1931, and a ferry crossed the Ner twice a day before.",
    "Net sales rose 12.5% to $1,234.56 million; costs fell (by 3.4%) in Q3-2022.",
    "A café in Zürich sells crème brûlée for CHF 9.50 - it isn't cheap!",
    "Он пришёл домой поздно, и ΟΔΟΣ ΣΟΦΟΣ стояло на стене.",
    "北京大学是中国的一所大学,成立于1898年。",
    "これは短い文です。とても短い。",
    "जल जीवन का आधार है, और नदी का पानी साफ है।",
    "تقع القاهرة على ضفاف نهر النيل، وهي عاصمة مصر.",
    "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
    "İstanbul ve IĞDIR büyük şehirlerdir; Kelvin is 273.15 K and Ångström is Å.",
    "Tom &amp; Jerry said &quot;no&quot; <skipped> & left -\nquickly , then - 5-4 .",
    "the the the the a an the A An THE theatre another a² aéroport",
    "tab\tand\u00a0no-break\u2009thin\u3000wide spaces\u001fand \r returns",
    "“Quotes” and ‘others’ — dashes… and emoji 👩‍🔬🚀 ok?",
    "...,,, !!! ??? ;;; ((( ))) [[[ ]]] {{{ }}} ~~~ ```",
    "3,14 3.14 .5 5. 1,2,3 a.b a,b ,x .x x, x. 1-2 a-1 1-a --",
    "ﬁne ﬂow Ⅻ ½ ① straße STRASSE ǅungla",
    "e\u0301 the\u0301 a\u0301n combining x\u200bzero\u200dwidth",
    "word", "Word.", "a", "the", "", " ", "\n", "!", "1", "x y",
]


def small_change(rng, text):
    words = text.split(" ")
    for _ in range(rng.randint(0, 3)):
        action, at = rng.randrange(5), rng.randrange(len(words))
        if action == 0:
            words.insert(at, rng.choice(words))
        elif action == 1 and len(words) > 1:
            del words[at]
        elif action == 2:
            words[at] = words[at].upper() if rng.random() < 0.5 else words[at].lower()
        elif action == 3:
            words[at] += rng.choice([".", ",", "!", "-", "'s", ""])
        else:
            other = rng.randrange(len(words))
            words[at], words[other] = words[other], words[at]
    return " ".join(words)


def pairs(rng, count):
    out = [(a, a) for a in SENTENCES] + [(a, b) for a in SENTENCES[-10:] for b in SENTENCES[-10:]]
    while len(out) < count:
        reference = " ".join(rng.sample(SENTENCES, rng.randint(1, 3)))
        kind = rng.random()
        if kind < 0.7:
            answer = small_change(rng, reference)
        elif kind < 0.85:
            answer = " ".join(rng.sample(SENTENCES, rng.randint(1, 2)))
        else:
            words = reference.split()
            answer = " ".join(rng.choice(words) for _ in range(rng.randint(1, 2 * len(words)))) if words else ""
        out.append((answer, reference))
    return out


# SQuAD 2.0 ------------------------------------------------------------------------------------------------------------

def squad_words(text):
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


def token_f1(answer, reference):
    said, wanted = squad_words(answer), squad_words(reference)
    if not said or not wanted:
        return float(said == wanted)
    same = sum((collections.Counter(said) & collections.Counter(wanted)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(said), same / len(wanted)
    return 2 * precision * recall / (precision + recall)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "text_metrics/rows.json")
    arguments.add_argument("--rows", type=int, default=320)
    arguments.add_argument("--seed", type=int, default=17)
    options = arguments.parse_args()
    rouge = rouge_scorer.RougeScorer(["rougeL"])
    rows = []
    for answer, reference in pairs(random.Random(options.seed), options.rows):
        rows.append({
            "answer": answer, "reference": reference,
            "exact_match": float(squad_words(answer) == squad_words(reference)),
            "token_f1": token_f1(answer, reference),
            "rouge_l": rouge.score(reference, answer)["rougeL"].fmeasure,
            "bleu": sacrebleu.sentence_bleu(answer, [reference]).score / 100,
            "chrf": sacrebleu.sentence_chrf(answer, [reference]).score / 100})
    versions = {name: importlib.metadata.version(name) for name in ("sacrebleu", "rouge-score")}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(row) for row in rows)
    options.out.write_text(f'{{"versions": {json.dumps(versions)}, "rows": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
