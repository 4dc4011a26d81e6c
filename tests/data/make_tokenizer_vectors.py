#!/usr/bin/env python3
"""Small tokenizers of every kind that we read, and what Hugging Face's tokenizers and tiktoken make of texts.

  python tests/data/make_tokenizer_vectors.py                   writes tests/data/tokenizers/, which the tests read
  python tests/data/make_tokenizer_vectors.py OUT LINES         the same comparison with many lines, into OUT

Each kind is a model's folder. Beside them OUT holds texts.bin and, in each kind, expected.bin: for each text the number
of its tokens, then id, begin and end (bytes) of each, all int32 little-endian. The small set has expected.txt instead: a
line for each text with the start of the SHA-256 of its ids; its texts are texts.json.

Needs the packages tokenizers and tiktoken, and for a new sentence-piece model (--train-sentencepiece) sentencepiece. Texts
and training are seeded or deterministic.
"""
import base64
import bisect
import hashlib
import json
import os
import random
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import tiktoken  # noqa: E402
from tokenizers import (AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors,  # noqa: E402
                        trainers)

from make_minilm_vectors import BLOCKS, ODD, SENTENCES  # noqa: E402

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokenizers")
CL100K = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
          r"\s+(?!\S)|\s+")
TIKTOKEN = (r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|"
            r"\s*[\r\n]|\s+(?!\S)|\s")
SPECIAL = ["<s>", "</s>", "<mask>", "<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "Word", "ÉTÉ", "tail", " <mask>  "]
MORE = ["I'll they've it's we're I'm he'd don't", "I'LL THEY'VE IT'S 'S 's 'ſ x'ſ '", "  two  spaces   three\n\n lines \r\n\t tab ",
        "trailing   ", "\n \n ", "   ", "\u2581marked\u2581text \u2581", "1234567 12 3٣٤٥ ½²", "a\u0300e\u0301\u200d\u0308", "©\u200d® ❤\ufe0f",
        "\r\n\r\n", "ﬁﬂ ①② ㎏ ＡＢＣ ｶﾞ", "<s>a</s>", "a<mask>b", "a <mask> b", "a\u3000<mask>\u2003 b", "Word word WORDs aWord",
        "<0x41><0x0A>", "\u1100\u1161\u0300\u11a8", "\u0600a\u0301", "hé<unk>hé", "ÉTÉ été e\u0301te\u0301"]
LONG = ["a" * 100000, " " * 100000, "ab " * 33333, "\uac00" * 100000, "e\u0301" * 50000, "x\u0323\u0307" * 33000, "1" * 100000,
        "\n" * 100000, "!?" * 50000, "\u2581" * 50000, "abc" * 33333]


def texts_of(rng, lines):
    sentences = [s for group in SENTENCES.values() for s in group]
    words = [w for s in sentences for w in s.split()]
    texts = list(ODD) + list(MORE) + sentences

    def word():
        kind = rng.random()
        if kind < 0.7:
            return rng.choice(words)
        if kind < 0.78:
            return rng.choice(SPECIAL)
        if kind < 0.9:
            return "".join(chr(rng.randint(*rng.choice(BLOCKS))) for _ in range(rng.randint(1, 5)))
        return "".join(rng.choice("abcXYZ019 '.,\n\t\r\u00a0\u0301\u200d\u0000\u001f\U0001f600") for _ in range(rng.randint(1, 6)))

    while len(texts) < lines:
        gap = rng.choice([" ", " ", " ", "", "  "])
        texts.append(gap.join(word() for _ in range(rng.randint(1, 14))))
    return [t.encode() for t in texts if all(not 0xD800 <= ord(c) <= 0xDFFF for c in t)]


def broken(rng, texts):
    """The same bytes with some overwritten, dropped or doubled: mostly no UTF-8 any more."""
    out = []
    for text in texts:
        data = bytearray(text)
        for _ in range(rng.randint(1, 4)):
            if data:
                data[rng.randrange(len(data))] = rng.randint(0, 255)
        out.append(bytes(data[:max(1, len(data) - rng.randint(0, 2))]))
    return out


def corpus():
    return [s for group in SENTENCES.values() for s in group] * 3


def special(content, **flags):
    return AddedToken(content, special=True, **{"normalized": False, **flags})


def roberta_template(t):
    ids = [("<s>", t.token_to_id("<s>")), ("</s>", t.token_to_id("</s>"))]
    return processors.TemplateProcessing(single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ids)


def bert():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(corpus(), trainers.WordPieceTrainer(
        vocab_size=500, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
    t.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", t.token_to_id("[CLS]")), ("[SEP]", t.token_to_id("[SEP]"))])
    t.add_special_tokens([special("[MASK]", lstrip=True), special("<mask>", rstrip=True)])
    t.add_tokens([AddedToken("tail", single_word=True, normalized=False)])
    return t


def mpnet():
    t = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer()
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.train_from_iterator(corpus(), trainers.WordPieceTrainer(
        vocab_size=400, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], show_progress=False))
    t.add_special_tokens([AddedToken("[UNK]", special=True, normalized=True), special("<mask>", lstrip=True)])
    t.add_tokens([AddedToken("Word", single_word=True), AddedToken("ÉTÉ", normalized=True, rstrip=True)])
    t.post_processor = roberta_template(t)
    vocab = json.loads(t.to_str())  # [UNK] belongs into the vocabulary, too
    vocab["model"]["vocab"]["[UNK]"] = t.token_to_id("[UNK]")
    return Tokenizer.from_str(json.dumps(vocab))


def byte_level(normaliser=None, cut=None, prefix=False, ignore_merges=False, size=600):
    t = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normaliser:
        t.normalizer = normaliser
    t.pre_tokenizer = cut or pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    t.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=size, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    t.add_special_tokens([special("<mask>", lstrip=True)])
    ids = [t.token_to_id("</s>"), t.token_to_id("<s>")]
    t.post_processor = processors.RobertaProcessing(("</s>", ids[0]), ("<s>", ids[1]), False, prefix)
    return t


def unigram(normaliser, cut, specials=True, byte_fallback=False):
    t = Tokenizer(models.Unigram())
    t.normalizer = normaliser
    t.pre_tokenizer = cut
    first = ["<s>", "<pad>", "</s>", "<unk>"] + ([f"<0x{b:02X}>" for b in range(256)] if byte_fallback else [])
    t.train_from_iterator(corpus(), trainers.UnigramTrainer(
        vocab_size=500 + len(first), special_tokens=first, unk_token="<unk>", show_progress=False))
    if byte_fallback:
        data = json.loads(t.to_str())
        data["model"]["byte_fallback"] = True
        data["added_tokens"] = data["added_tokens"][:4]
        t = Tokenizer.from_str(json.dumps(data))
    if specials:
        t.add_special_tokens([special("<mask>", lstrip=True)])
        t.post_processor = roberta_template(t)
    return t


def llama():
    """Byte fallback, no pre-tokenizer: a whole text is one piece."""
    t = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    t.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    first = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]
    trained.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=700, special_tokens=first, show_progress=False,
                                                              limit_alphabet=200))
    data, source = json.loads(t.to_str()), json.loads(trained.to_str())
    data["model"]["vocab"], data["model"]["merges"] = source["model"]["vocab"], source["model"]["merges"]
    data["added_tokens"] = [entry for entry in source["added_tokens"] if entry["id"] < 3]
    t = Tokenizer.from_str(json.dumps(data))
    t.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return t


def fields(message):
    """(number, value) of a protocol-buffers message."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            value = varint()
        else:
            size = {1: 8, 5: 4}.get(kind) or varint()
            value = message[at:at + size]
            at += size
        yield key >> 3, value


def parse_model(path):
    pieces, trainer, charsmap = [], {}, b""
    with open(path, "rb") as file:
        for number, value in fields(file.read()):
            if number == 1:
                piece = dict(fields(value))
                pieces.append((piece[1].decode(), struct.unpack("<f", piece.get(2, b"\0\0\0\0"))[0], piece.get(3, 1)))
            elif number == 2:
                trainer = dict(fields(value))
            elif number == 3:
                charsmap = dict(fields(value)).get(2, b"")
    return pieces, trainer, charsmap


def xlm_roberta_of(path):
    """As transformers converts a sentence-piece file of XLM-R."""
    pieces, _, charsmap = parse_model(path)
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocabulary += [(p, s) for p, s, _ in pieces[3:]] + [("<mask>", 0.0)]
    t = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    t.normalizer = normalizers.Precompiled(charsmap)
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    t.add_special_tokens([special("<s>"), special("<pad>"), special("</s>"), special("<unk>"), special("<mask>", lstrip=True)])
    t.post_processor = roberta_template(t)
    return t


def plain_of(path):
    """As transformers converts any other sentence-piece file."""
    pieces, trainer, charsmap = parse_model(path)
    fallback = bool(trainer.get(35, 0))
    if trainer.get(3, 1) == 1:
        model = models.Unigram([(p, s) for p, s, _ in pieces], unk_id=trainer.get(40, 0), byte_fallback=fallback)
    else:
        ids = {p: i for i, (p, _, _) in enumerate(pieces)}
        merges = []
        for piece, rank in ids.items():
            for cut in range(1, len(piece)):
                if piece[:cut] in ids and piece[cut:] in ids:
                    merges.append((rank, cut, piece[:cut], piece[cut:]))
        model = models.BPE(ids, [m[2:] for m in sorted(merges)], unk_token="<unk>", fuse_unk=True, byte_fallback=fallback)
    t = Tokenizer(model)
    steps = [normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "\u2581")]
    t.normalizer = normalizers.Sequence(([normalizers.Precompiled(charsmap)] if charsmap else []) + steps)
    t.pre_tokenizer = pre_tokenizers.Metaspace()
    t.add_tokens([AddedToken(p, normalized=False, special=k == 3) for p, _, k in pieces if k in (3, 4)])
    return t


def train_sentencepiece():
    import sentencepiece
    for kind, folder, name, rules, fallback in (("unigram", "xlm_roberta_model", "sentencepiece.bpe.model", "nmt_nfkc", False),
                                                ("bpe", "sentencepiece_bpe", "tokenizer.model", "identity", True)):
        os.makedirs(os.path.join(HERE, folder), exist_ok=True)
        with open(os.path.join(HERE, folder, name), "wb") as out:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(corpus()), model_writer=out, vocab_size=1100 if fallback else 700, model_type=kind, byte_fallback=fallback,
                normalization_rule_name=rules, character_coverage=0.98, hard_vocab_limit=False, num_threads=1,
                user_defined_symbols=["tail"] if fallback else [])


def tiktoken_ranks():
    """The tokens of a byte-level BPE in the order of their making: that is what a rank file is."""
    vocabulary = json.loads(byte_level(cut=pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(CL100K), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)])).to_str())["model"]["vocab"]
    printable = [b for b in range(256) if 0x21 <= b <= 0x7E or 0xA1 <= b <= 0xAC or b >= 0xAE]
    others = [b for b in range(256) if b not in printable]
    byte = {chr(b): b for b in printable} | {chr(256 + i): b for i, b in enumerate(others)}
    tokens = [bytes(byte[c] for c in t) for t, _ in sorted(vocabulary.items(), key=lambda x: x[1]) if t[0] != "<" or len(t) < 3]
    return {t: i for i, t in enumerate(dict.fromkeys(tokens))}


class Tiktoken:
    def __init__(self, ranks):
        self.encoding = tiktoken.Encoding("small", pat_str=TIKTOKEN, mergeable_ranks=ranks, special_tokens={})

    def tokens(self, text):
        """Places of whole characters, as the others have it."""
        data, at, out = text.encode(), 0, []
        starts = [i for i, byte in enumerate(data) if byte & 0xC0 != 0x80] + [len(data)]
        for i in self.encoding.encode_ordinary(text):
            end = at + len(self.encoding.decode_single_token_bytes(i))
            out.append((i, starts[bisect.bisect_right(starts, at) - 1], starts[bisect.bisect_left(starts, end)]))
            at = end
        return out


class HuggingFace:
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    def tokens(self, text):
        e = self.tokenizer.encode(text, add_special_tokens=False)
        at = [0]
        for c in text:
            at.append(at[-1] + len(c.encode()))
        return [(i, at[b], at[e]) for i, (b, e) in zip(e.ids, e.offsets)]


def kinds(out, large):
    """Writes the folders and yields (name, what the peer says)."""
    def folder(name):
        os.makedirs(os.path.join(out, name), exist_ok=True)
        return os.path.join(out, name)

    def saved(name, tokenizer):
        with open(os.path.join(folder(name), "tokenizer.json"), "w") as file:
            json.dump(json.loads(tokenizer.to_str()), file, ensure_ascii=False, separators=(",", ":"))
        return name, HuggingFace(tokenizer)

    yield saved("bert", bert())
    yield saved("mpnet", mpnet())
    yield saved("roberta", byte_level())
    nfkc = [normalizers.NFKC(), normalizers.Strip(left=False), normalizers.Replace(Regex(" {2,}"), " ")]
    yield saved("e5", unigram(normalizers.Sequence(nfkc), pre_tokenizers.Metaspace(prepend_scheme="first")))
    yield saved("llama", llama())
    cl100k = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(CL100K), "isolated"),
                                      pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    if large:
        yield saved("cl100k_json", byte_level(normalizers.NFC(), cl100k, ignore_merges=True))
        yield saved("prefix", byte_level(normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase()]),
                                         prefix=True))
        yield saved("fallback", unigram(normalizers.NFKD(), pre_tokenizers.Metaspace(prepend_scheme="never"), byte_fallback=True))
        yield saved("whole", unigram(normalizers.NFC(), pre_tokenizers.Metaspace(split=False)))
    source = byte_level()
    source.model.save(folder("roberta_files"))
    yield "roberta_files", HuggingFace(source)
    ranks = tiktoken_ranks()
    with open(os.path.join(folder("tiktoken"), "cl100k_base.tiktoken"), "w") as file:
        for token, rank in ranks.items():
            file.write(f"{base64.b64encode(token).decode()} {rank}\n")
    yield "tiktoken", Tiktoken(ranks)
    for name, model, convert in (("xlm_roberta_model", "sentencepiece.bpe.model", xlm_roberta_of),
                                 ("sentencepiece_bpe", "tokenizer.model", plain_of)):
        path = os.path.join(HERE, name, model)
        if os.path.abspath(out) != HERE:
            with open(path, "rb") as read, open(os.path.join(folder(name), model), "wb") as write:
                write.write(read.read())
        tokenizer = convert(path)
        if name == "xlm_roberta_model":
            with open(os.path.join(folder(name), "tokenizer_config.json"), "w") as file:
                json.dump({"tokenizer_class": "XLMRobertaTokenizer"}, file)
            if large:
                yield saved("xlm_roberta", tokenizer)
        yield name, HuggingFace(tokenizer)


def packed(tokens):
    return struct.pack(f"<{1 + 3 * len(tokens)}i", len(tokens), *(n for token in tokens for n in token))


def digest(tokens):
    return hashlib.sha256(struct.pack(f"<{len(tokens)}i", *(token[0] for token in tokens))).hexdigest()[:8]


def main():
    if "--train-sentencepiece" in sys.argv:
        return train_sentencepiece()
    large = len(sys.argv) > 2
    out, lines = (sys.argv[1], int(sys.argv[2])) if large else (HERE, 260)
    rng = random.Random(23)
    texts = texts_of(rng, lines)
    os.makedirs(out, exist_ok=True)
    if large:
        texts += broken(rng, texts[:lines // 10]) + [t.encode() for t in LONG]
        with open(os.path.join(out, "texts.bin"), "wb") as file:
            for text in texts:
                file.write(struct.pack("<i", len(text)) + text)
    else:
        with open(os.path.join(out, "texts.json"), "w") as file:
            json.dump([t.decode() for t in texts], file, ensure_ascii=False, indent=0)
    for name, peer in kinds(out, large):
        expected = [peer.tokens(text.decode("utf-8", "replace")) for text in texts]
        with open(os.path.join(out, name, "expected.bin" if large else "expected.txt"), "wb" if large else "w") as file:
            for tokens in expected:
                file.write(packed(tokens) if large else digest(tokens) + "\n")


if __name__ == "__main__":
    main()
