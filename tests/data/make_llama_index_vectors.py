#!/usr/bin/env python3
"""What llama-index-core makes of generated documents: the vectors of tests/unit/chunk and tests/unit/auto_merge.

    python make_llama_index_vectors.py [--out llama_index] [--seed 17] [--documents 30] [--retrievals 500]

Needs llama-index-core 0.14.25 and nltk 3.10.4 from PyPI; the same seed gives the same bytes. Nothing is copied from
a corpus: all words are generated. Another seed and more documents make a fuzz test of the same C++ code
(DREAM_LLAMA_INDEX_VECTORS=folder test_chunk).
"""
import argparse
import contextlib
import hashlib
import io
import json
import math
import pathlib
import random
import re
import string

from llama_index.core import Document, QueryBundle, StorageContext
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.node_parser import HierarchicalNodeParser, SentenceSplitter, SentenceWindowNodeParser
from llama_index.core.node_parser.relational.hierarchical import get_leaf_nodes
from llama_index.core.retrievers import AutoMergingRetriever
from llama_index.core.schema import NodeRelationship, NodeWithScore

# The tokenizers that both sides can have exactly: tests/unit/chunk/tokenizers.hpp has their twins.
TOKENIZERS = {
    "alnum": lambda text: re.findall(r"[A-Za-z0-9]+|[^ \t\n\r\f\vA-Za-z0-9]", text),
    "four_bytes": lambda text: [0] * math.ceil(len(text.encode()) / 4),  # counts do not add up over pieces
}

OVERLAP = [("alnum", 512, 64), ("alnum", 128, 20), ("alnum", 64, 16), ("alnum", 40, 0), ("alnum", 25, 24),
           ("alnum", 10, 5), ("alnum", 3, 1), ("four_bytes", 30, 10)]
WINDOW = [1, 3]
HIERARCHY = [("alnum", [2048, 512, 128], 20), ("alnum", [256, 64, 16], 4), ("four_bytes", [120, 30], 5),
             ("alnum", [24, 60, 150], 4)]  # the last one ascends, as DREAM's did


# Documents ------------------------------------------------------------------------------------------------------------

ABBREVIATIONS = ["Dr.", "Prof.", "e.g.", "i.e.", "U.S.A.", "No.", "Fig.", "vs.", "a.m.", "Ph.D.", "et al.", "Inc."]
ODD = ["...", "..", ". . .", "--", "---", "?!", "!!!", ".,", ";;", ",,", "(", ")", "[1]", "*", "`x`", "#", "@a", "&", "-",
       "\u2026", "\u00abo\u00bb", "{", "}", "''", "\"", ":", "x:y", "a,b", "a.b", "3.14", "-5", ".5", "1,000.", "7.", "12.",
       "A.", "b.", "\u00c9.", "_.", "\u0398.", "\u4e2d.", "4\u0664.", "?\"", ".\"", ".)", ".]", "!')", ".\u201d", "?\u2019",
       ".\u00bb", "\u00a0", "\u200b", "\u2028", "\x1c", "e\u0301.", "\u01c5.", "\u00aa", "$", "100%", ".--", ".\"--", ".-"]


def word(rng):
    letters = "".join(rng.choice(string.ascii_lowercase) for _ in range(rng.choice([1, 2, 3, 4, 5, 6, 7, 8, 11])))
    return letters.capitalize() if rng.random() < 0.12 else letters


def sentence(rng, odd):
    words = [word(rng) for _ in range(rng.randint(2, 22))]
    words[0] = words[0].capitalize() if rng.random() < 0.9 else words[0]
    for i in range(len(words)):
        draw = rng.random()
        if draw < odd:
            words[i] = rng.choice(ODD)
        elif draw < 1.5 * odd:
            words[i] = rng.choice(ABBREVIATIONS)
        elif draw < 2 * odd:
            words[i] += rng.choice(ODD)
        elif draw < 2 * odd + 0.06:
            words[i] += rng.choice(",;:,")
    text = " ".join(words) + rng.choice([".", ".", ".", ".", "?", "!", "...", ".\"", "?)"])
    if rng.random() < odd:
        text = rng.choice("(\"[\u201c'\u00ab") + text
    return text


def prose(rng, sentences, odd=0.0, gap=("  ", "\n", "\n\n", "\n\n\n", "\n\n\n\n", "\t", "\r\n", " \n \n", "")):
    out = []
    for _ in range(sentences):
        out += [sentence(rng, odd), rng.choice(gap) if rng.random() < 0.15 else " "]
    return "".join(out)


def cjk(rng, count):
    marks = "\u3002\uff1f\uff01\uff0c"
    return "".join(rng.choice(marks) if rng.random() < 0.05 else chr(rng.randint(0x4e00, 0x4e60)) for _ in range(count))


def code(rng, lines):
    return "".join("  " * rng.randint(0, 4) + f"{word(rng)}.{word(rng)}({word(rng)}, {rng.randint(0, 99)});"
                   + rng.choice(["\n", "\n", "\n\n", " // " + word(rng) + "\n"]) for _ in range(lines))


def table(rng, lines):
    return "".join("|".join(f" {rng.random() * 1000:.2f} " for _ in range(6)) + "|\n" for _ in range(lines))


def noise(rng, count):
    alphabet = ".?!,;:'\")]}([{ \n-" + "aB1\u00e9\u4e2d\u201d\u2028" + " ab." * 4
    return "".join(rng.choice(alphabet) for _ in range(count))


def documents(rng, count):
    """Edge cases first, then prose of rising oddity; every seventh is long enough for all levels."""
    fixed = ["Short.", "   \n\n  ", "No full stop at all", "x" * 700, "word " * 300, "." * 60 + " " + "!" * 40 + " End. A",
             "\n\n\n\n\nLed by line feeds. Then one sentence.\n\n\nA paragraph.\n\n\n\n\n\nThe last one.   \n",
             " ".join(["J. S. Bach met Dr. Who at 5 p.m. on the 3. of May. 7. He left."] * 12)]
    makers = [lambda: prose(rng, 40), lambda: prose(rng, 30, 0.05), lambda: prose(rng, 30, 0.3), lambda: cjk(rng, 900),
              lambda: code(rng, 60), lambda: table(rng, 25), lambda: noise(rng, 1500),
              lambda: prose(rng, 320, 0.03), lambda: prose(rng, 8) + "y" * 400 + cjk(rng, 100) + code(rng, 9),
              lambda: prose(rng, 25, 0.02, ("\n\n",)), lambda: noise(rng, 300) + prose(rng, 20, 0.1)]
    return (fixed + [makers[i % len(makers)]() for i in range(max(0, count - len(fixed)))])[:count]


# Nodes ----------------------------------------------------------------------------------------------------------------

def quietly(function, *arguments):
    with contextlib.redirect_stdout(io.StringIO()):  # it prints advice on small chunks
        return function(*arguments)


def place_of(text, node_text):
    """[begin, size] in bytes of some occurrence of the node's text; that there is one is part of what is checked."""
    at = text.index(node_text)
    return [len(text[:at].encode()), len(node_text.encode())]


def link(nodes_by_id, related):
    return -1 if related is None else nodes_by_id[related.node_id]


def rows(text, nodes):
    """[begin, size, parent, prev, next] of each node; the links are positions in the list, -1: none."""
    by_id = {node.node_id: i for i, node in enumerate(nodes)}
    return [place_of(text, node.text) + [link(by_id, node.parent_node), link(by_id, node.prev_node),
                                         link(by_id, node.next_node)] for node in nodes]


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def hierarchy_nodes(text, tokenizer, sizes, overlap):
    ids = [str(i) for i in range(len(sizes))]
    splitters = {i: SentenceSplitter(chunk_size=s, chunk_overlap=overlap, tokenizer=TOKENIZERS[tokenizer])
                 for i, s in zip(ids, sizes)}
    parser = HierarchicalNodeParser.from_defaults(node_parser_ids=ids, node_parser_map=splitters)
    return quietly(parser.get_nodes_from_documents, [Document(text=text)])


def make_nodes(texts):
    out = {"overlap": [], "sentence_window": [], "hierarchical": []}
    for tokenizer, size, overlap in OVERLAP:
        splitter = SentenceSplitter(chunk_size=size, chunk_overlap=overlap, tokenizer=TOKENIZERS[tokenizer])
        out["overlap"].append({"tokenizer": tokenizer, "size": size, "overlap": overlap, "documents": [
            rows(t, quietly(splitter.get_nodes_from_documents, [Document(text=t)])) if fits(t, tokenizer, size) else None
            for t in texts]})
    for window in WINDOW:
        parser = SentenceWindowNodeParser.from_defaults(window_size=window)
        parsed = [parser.get_nodes_from_documents([Document(text=t)]) for t in texts]
        out["sentence_window"].append({"window": window, "documents": [
            [row + [digest(n.metadata["window"])] for row, n in zip(rows(t, nodes), nodes)]
            for t, nodes in zip(texts, parsed)]})
    for tokenizer, sizes, overlap in HIERARCHY:
        out["hierarchical"].append({"tokenizer": tokenizer, "sizes": sizes, "overlap": overlap, "documents": [
            rows(t, hierarchy_nodes(t, tokenizer, sizes, overlap)) for t in texts]})
    return out


def fits(text, tokenizer, size):
    """LlamaIndex refuses a document with a character of more tokens than a chunk may have; ours makes it a chunk."""
    return all(len(TOKENIZERS[tokenizer](c)) <= size for c in set(text))


# Retrievals -----------------------------------------------------------------------------------------------------------

class Scripted(BaseRetriever):
    """Returns what it was given, in place of a vector search."""

    def __init__(self, hits):
        super().__init__()
        self.hits = hits

    def _retrieve(self, query_bundle: QueryBundle):
        return self.hits


def with_next_links(nodes):
    """Mirrors `previous` as `next`: llama-index-core 0.14 loses `next` below the first level (0.10 had it)."""
    by_id = {n.node_id: n for n in nodes}
    for node in nodes:
        if node.prev_node is not None:
            before = by_id[node.prev_node.node_id]
            before.relationships[NodeRelationship.NEXT] = node.as_related_node_info()
    for node in nodes:  # infos hold a hash of their node: make both sides of a gap from the same state
        for relation in (NodeRelationship.PREVIOUS, NodeRelationship.NEXT):
            if relation in node.relationships:
                related = by_id[node.relationships[relation].node_id]
                node.relationships[relation] = related.as_related_node_info()
    return nodes


def retrieve(storage, hits):
    scored = [NodeWithScore(node=node, score=score) for node, score in hits]
    return AutoMergingRetriever(Scripted(scored), storage).retrieve("?")


def along_the_text(nodes):
    """All levels, each node followed by its children: equal texts stand together, as a search would find them."""
    by_id = {n.node_id: n for n in nodes}

    def family(node):
        return [node] + [m for child in node.child_nodes or [] for m in family(by_id[child.node_id])]

    return [m for node in nodes if node.parent_node is None for m in family(node)]


def pick_hits(rng, families):
    """Clustered hits in one to three documents, best first; scores are multiples of 2^-16, so floats hold them."""
    picked = {}
    for _ in range(rng.randint(1, 3)):
        nodes = rng.choice(families)
        start = rng.randrange(len(nodes))
        for i in range(start, min(len(nodes), start + rng.randint(1, 14))):
            if rng.random() < 0.6:
                picked[nodes[i].node_id] = nodes[i]
    chosen = list(picked.values())
    if rng.random() < 0.5:
        rng.shuffle(chosen)
    scores = sorted((rng.randint(1, 60000) for _ in chosen), reverse=True)
    if rng.random() < 0.1:  # many equal scores
        scores = sorted((rng.choice([5000, 9000]) for _ in chosen), reverse=True)
    return [(node, score / 65536) for node, score in zip(chosen, scores)]


def make_retrievals(rng, texts, count):
    groups = []
    for config, share in ((1, 0.7), (3, 0.3)):  # leaves of a descending hierarchy; all levels of an ascending one
        tokenizer, sizes, overlap = HIERARCHY[config]
        stock = [hierarchy_nodes(t, tokenizer, sizes, overlap) for t in texts]
        linked = [with_next_links(hierarchy_nodes(t, tokenizer, sizes, overlap)) for t in texts]
        place = {n.node_id: [d, i] for nodes in (stock, linked) for d, ns in enumerate(nodes) for i, n in enumerate(ns)}
        stores = []
        for nodes in (stock, linked):
            stores.append(StorageContext.from_defaults())
            stores[-1].docstore.add_documents([n for ns in nodes for n in ns])
        ascending = sizes[0] < sizes[-1]
        families = [along_the_text(ns) if ascending else get_leaf_nodes(ns) for ns in linked]
        families = [ns for ns in families if len(ns) > 3]
        questions = []
        while len(questions) < round(count * share):
            hits = pick_hits(rng, families)
            if not hits:
                continue
            twins = [(stock[place[n.node_id][0]][place[n.node_id][1]], s) for n, s in hits]
            results = [[place[r.node.node_id] + [r.score] for r in retrieve(store, h)]
                       for store, h in zip(stores, (twins, hits))]
            questions.append({"hits": [place[n.node_id] + [round(s * 65536)] for n, s in hits],
                              "stock": results[0], "linked": results[1]})
        groups.append({"hierarchical": config, "questions": questions})
    return groups


def write(path, value):
    # One line per inner row would be many lines, one line for all is unreadable: break at documents and questions.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    path.write_text(re.sub(r'(\]\],|null,|\{"hits)', lambda m: m[0] + "\n" if m[0][0] != "{" else "\n" + m[0], text) + "\n",
                    encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "llama_index")
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--documents", type=int, default=30)
    parser.add_argument("--retrievals", type=int, default=500)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    texts = documents(rng, options.documents)
    (options.out / "documents.json").write_text(json.dumps(texts, ensure_ascii=True, indent=0) + "\n")
    write(options.out / "nodes.json", make_nodes(texts))
    write(options.out / "auto_merge.json", make_retrievals(rng, texts, options.retrievals))


if __name__ == "__main__":
    main()
