#!/usr/bin/env python3
"""sentence-transformers in fp32 on the same texts: peer.py MODEL_FOLDER FILE.jsonl [THREADS] [RUNS]"""
import json
import os
import resource
import statistics
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
threads = int(sys.argv[3]) if len(sys.argv) > 3 else 2
runs = int(sys.argv[4]) if len(sys.argv) > 4 else 3
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
import torch
from sentence_transformers import SentenceTransformer

torch.set_num_threads(threads)
texts = [json.loads(line) for line in open(sys.argv[2])]
model = SentenceTransformer(sys.argv[1], device="cpu")
wall, cpu = [], []
for _ in range(runs):
    before, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
    after = resource.getrusage(resource.RUSAGE_SELF)
    wall.append(time.perf_counter() - before)
    cpu.append(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime)
print(f"torch fp32, {threads} threads: {len(texts)} texts, {len(texts) / statistics.median(wall):.1f} texts/s by the clock, "
      f"{len(texts) / statistics.median(cpu):.1f} per CPU second")
