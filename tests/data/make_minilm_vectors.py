#!/usr/bin/env python3
"""Writes tests/data/minilm/: what Hugging Face's tokenizers and sentence-transformers say about fixed texts.

  python tests/data/make_minilm_vectors.py MODEL_FOLDER

tokens.jsonl   a line per text: {"text", "ids", "offsets"}; offsets are bytes of the UTF-8; no special tokens
sweep.sha256   SHA-256 over the ids (int32, little-endian, a -1 after each text) of "a" + c + "b" for every character c
vectors.jsonl  a line per text, in the order of the rows of vectors.f32
vectors.f32    (texts, 384) float32, little-endian: the fp32 embeddings, L2-normalised

Needs the packages tokenizers and sentence-transformers. The texts are written below or drawn with a fixed seed.
"""
import hashlib
import json
import os
import random
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

SENTENCES = {
    "latin": ["The committee approved the budget for the new bridge after a long debate.",
              "Dzień dobry! Łódź leży w środkowej Polsce, a jej nazwa oznacza „łódka”.",
              "Die Straße führt über größere Brücken; ÄRGER gab es trotzdem nie.",
              "Où étaient l'élève et sa sœur à Noël, naïve et coöpérante?",
              "Việt Nam có nhiều dân tộc; tiếng Việt dùng nhiều dấu thanh.",
              "İstanbul'da ılık bir akşam, ISPARTA'nın gülleri DİYARBAKIR'a gitti.",
              "How many kilometres of railway were built between 1850 and 1900?",
              "Photosynthesis converts light energy into chemical energy stored in glucose."],
    "cyrillic": ["Москва является столицей России и крупнейшим городом страны.",
                 "Їжак їсть ґрунтових жуків; ёлка стоит во дворе, а йод в аптеке.",
                 "Сколько стоит билет на поезд до Санкт-Петербурга?",
                 "Българският език използва кирилица от девети век насам."],
    "greek": ["Η Αθήνα είναι η πρωτεύουσα της Ελλάδας και έχει μακρά ιστορία.",
              "Ὁ ἄνθρωπος φύσει πολιτικὸν ζῷον· τί δέ; ΣΟΦΟΣ ΟΔΥΣΣΕΥΣ",
              "Πόσα νησιά υπάρχουν στο Αιγαίο Πέλαγος;"],
    "arabic": ["القاهرة هي عاصمة جمهورية مصر العربية وأكبر مدنها.",
               "كَمْ عَدَدُ الطُّلَّابِ فِي المَدْرَسَةِ؟ ١٢٣ طالبًا، تقريبًا.",
               "تهران پایتخت ایران است و می‌خواهم آن را ببینم."],
    "devanagari": ["दिल्ली भारत की राजधानी है और यमुना नदी के किनारे बसी है।",
                   "विश्वविद्यालय में कितने छात्र पढ़ते हैं? क़िला और ज़मीन।",
                   "रेलवे का निर्माण उन्नीसवीं शताब्दी में हुआ।"],
    "han": ["北京是中华人民共和国的首都，也是全国的政治中心。",
            "光合作用把光能轉化為化學能，儲存在葡萄糖之中。",
            "一九五〇年到一九七〇年间修建了多少公里铁路？",
            "日本の首都は東京です。カタカナとひらがな、ガギグゲゴ、ﾊﾝｶｸ。"],
    "hangul": ["서울은 대한민국의 수도이자 최대 도시이다.",
               "광합성은 빛 에너지를 화학 에너지로 바꾸는 과정이다.",
               "1900년에는 철도가 몇 킬로미터였습니까?"],
    "thai": ["กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
             "การสังเคราะห์ด้วยแสงเปลี่ยนพลังงานแสงเป็นพลังงานเคมี",
             "มีนักเรียนกี่คนในโรงเรียนนี้?"],
    "other": ["ירושלים היא עיר הבירה של ישראל; בְּרֵאשִׁית בָּרָא אֱלֹהִים.",
              "தமிழ் மொழி மிகவும் பழமையானது.", "Երևանը Հայաստանի մայրաքաղաքն է։",
              "თბილისი საქართველოს დედაქალაქია.", "বাংলা ভাষা বাংলাদেশের রাষ্ট্রভাষা।"],
}
ODD = ["", " ", "\t\n\r ", "\u0000", "a\u0000b", "\ufffd", "a\ufffdb", "zero\u200bwidth\u200djoin\ufeffbom", "soft\u00adhyphen",
       "no\u00a0break\u3000wide\u2003em\u2028line\u0085next", "bell\u0007 esc\u001b[0m del\u007f", "\ue000private\U000f0000use",
       "e\u0301 n\u0303 A\u030a\u0301 o\u0323\u0302 o\u0302\u0323", "q\u0301\u0323\u0307 \u0301alone", "\u1e9b\u0323 \u212b \u2126",
       "\uac00\uac01 \u1100\u1161\u11a8", "\uf900\ufa10\U0002f800", "\u226e \u037e \u1fef", "\ufb01 \uff21\uff22 \u2460 \u00bd \u2122",
       "\U0001f600 \U0001f469\u200d\U0001f4bb \U0001f1e9\U0001f1ea \u2764\ufe0f 1\ufe0f\u20e3", "\U00020000\U0002a6df\U0002b740\U0002ceb0",
       "a" * 100, "a" * 101, "ab" * 300, "1" * 100, "-" * 120, "don't stop-me now!! (ok?) [x] {y} <z> a_b c/d e\\f $5 +1 ^2 `q` |p| ~r =s",
       "[CLS] and [SEP] inside", "[MASK][PAD][UNK]", "[cls] [SEP", "x[SEP]y", "##ing #tag ## a##b", "https://example.org/a?b=c&d=e#f",
       "user.name+tag@mail.example", "3.14159 1,000,000 1e-5 0xFF", "CamelCaseIdentifier snake_case_identifier kebab-case",
       "\u0130\u0131\u00df\u1e9e\u01c5 \u03a3\u03c2\u03c3 \u1f88 \u10a0\u1c90\u13a0", "\u302e\u302f \U0001d165\U0001d16d x\U0001d16d\U0001d165",
       "\u1734\u1885\ua9bd\u166d\U000111c9\U00011938", "pneumonoultramicroscopicsilicovolcanoconiosis antidisestablishmentarianism"]
BLOCKS = [(0x20, 0x7E), (0xA0, 0x24F), (0x250, 0x36F), (0x370, 0x52F), (0x530, 0x8FF), (0x900, 0xDFF), (0xE00, 0x10FF),
          (0x1100, 0x1FFF), (0x2000, 0x2BFF), (0x2E80, 0x33FF), (0x4E00, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7A3),
          (0xF900, 0xFFFF), (0x10000, 0x11FFF), (0x1D000, 0x1D1FF), (0x1F300, 0x1FAFF), (0x20000, 0x2FA1F)]


def token_texts(rng):
    texts = list(ODD) + [s for group in SENTENCES.values() for s in group]
    words = [w for group in SENTENCES.values() for s in group for w in s.split()]
    for _ in range(60):
        texts.append(" ".join(rng.choice(words) for _ in range(rng.randint(1, 12))))
    for block in BLOCKS:
        for _ in range(6):
            texts.append("".join(" " if rng.random() < 0.15 else chr(rng.randint(*block)) for _ in range(24)))
    for _ in range(60):
        texts.append("".join(rng.choice(["x", " ", chr(rng.randint(*rng.choice(BLOCKS)))]) for _ in range(24)))
    return texts


def vector_texts(rng):
    texts = []
    for group in list(SENTENCES.values())[:8]:
        texts += group[:4]
        for length in (3, 9, 40):  # the last is longer than the model's window
            texts.append(" ".join(rng.choice(group) for _ in range(length)))
    return texts + ["", "a", "?", "\U0001f600", "word " * 300, " \n"]


def bytes_of(text, offsets):
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [[at[b], at[e]] for b, e in offsets]


def main():
    folder, out = sys.argv[1], os.path.join(os.path.dirname(os.path.abspath(__file__)), "minilm")
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False)
    os.makedirs(out, exist_ok=True)
    rng = random.Random(17)
    with open(os.path.join(out, "tokens.jsonl"), "w") as file:
        for text in token_texts(rng):
            e = encode(text)
            file.write(json.dumps({"text": text, "ids": e.ids, "offsets": bytes_of(text, e.offsets)}, separators=(",", ":")) + "\n")
    sweep = hashlib.sha256()
    for c in range(0x110000):
        if not 0xD800 <= c <= 0xDFFF:
            for i in encode("a" + chr(c) + "b").ids + [-1]:
                sweep.update(i.to_bytes(4, "little", signed=True))
    with open(os.path.join(out, "sweep.sha256"), "w") as file:
        file.write(sweep.hexdigest() + "\n")
    texts = vector_texts(rng)
    model = SentenceTransformer(folder, device="cpu")
    vectors = model.encode(texts, batch_size=1, normalize_embeddings=True, show_progress_bar=False).astype("<f4")
    with open(os.path.join(out, "vectors.jsonl"), "w") as file:
        for text in texts:
            file.write(json.dumps(text) + "\n")
    vectors.tofile(os.path.join(out, "vectors.f32"))


if __name__ == "__main__":
    main()
