#!/usr/bin/env python3
"""MB/s of Hugging Face's tokenizers on one core: peer.py FILE.jsonl FOLDER (with a tokenizer.json), best of three.

Batches of 100 texts, as its own users feed it, with its parallelism off; a model's special tokens are left out.
"""
import json
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer  # noqa: E402


def main():
    with open(sys.argv[1]) as file:
        texts = [json.loads(line) for line in file]
    tokenizer = Tokenizer.from_file(os.path.join(sys.argv[2], "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    best = 0.0
    for _ in range(3):
        begin = time.perf_counter()
        for i in range(0, len(texts), 100):
            tokenizer.encode_batch_fast(texts[i:i + 100], add_special_tokens=False)
        best = max(best, sum(len(t.encode()) for t in texts) / 1e6 / (time.perf_counter() - begin))
    print(best)


main()
