#!/usr/bin/env python3
"""The peers of encoder_bench, which starts this and reads its lines of JSON: peer.py MODEL_FOLDER SETS_FOLDER THREADS RUNS
[--memory]. Needs sentence-transformers; onnxruntime, onnx and numpy where they are there."""
import json
import os
import resource
import sys
import tempfile
import threading
import time

model_folder, sets_folder, threads, runs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(threads)
os.environ["RAYON_NUM_THREADS"] = "1"  # one core's rate of tokenizing; encoding is bound elsewhere

import torch
from sentence_transformers import SentenceTransformer

torch.set_num_threads(threads)
sets = {name: [json.loads(line) for line in open(os.path.join(sets_folder, name + ".jsonl"))]
        for name in ("chunks", "short", "mixed")}


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def pss():
    for line in open("/proc/self/smaps_rollup"):
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0


def say(**row):
    print(json.dumps(row), flush=True)


def measure(what, precision, encode):
    for name, texts in sets.items():
        encode(texts[:32])
        wall, used = [], []
        for _ in range(runs):
            before, c = time.perf_counter(), cpu()
            encode(texts)
            wall.append(time.perf_counter() - before)
            used.append(cpu() - c)
        say(what=what, precision=precision, set=name, wall=wall, cpu=used)


def st(model, batch):
    return lambda texts: model.encode(texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False)


def st_tensor(model, batch):
    return lambda texts: model.encode(texts, batch_size=batch, normalize_embeddings=True, show_progress_bar=False,
                                      convert_to_tensor=True)


def memory():
    most = [0.0]
    done = threading.Event()

    def watch():
        while not done.wait(0.05):
            most[0] = max(most[0], pss())

    watcher = threading.Thread(target=watch)
    watcher.start()
    st(SentenceTransformer(model_folder, device="cpu"), 32)(sets["chunks"])
    done.set()
    watcher.join()
    say(pss=most[0])


def torch_peak(hidden, inner):
    torch.set_num_threads(1)
    rows = 6400
    for precision, kind in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        seconds = flops = 0
        for k, n in ((hidden, 3 * hidden), (hidden, hidden), (hidden, inner), (inner, hidden)):
            x, w = torch.randn(rows, k).to(kind), torch.randn(n, k).to(kind)
            best = 1e9
            for _ in range(6):
                before = time.process_time()
                torch.nn.functional.linear(x, w)
                best = min(best, time.process_time() - before)
            seconds += best
            flops += 2 * rows * k * n
        say(peak="torch", precision=precision, gflops=flops / seconds / 1e9)
    torch.set_num_threads(threads)


def openblas_peak(hidden, inner):
    import numpy
    from threadpoolctl import threadpool_limits
    seconds = flops = 0
    with threadpool_limits(1):
        for k, n in ((hidden, 3 * hidden), (hidden, hidden), (hidden, inner), (inner, hidden)):
            x = numpy.random.rand(6400, k).astype("float32")
            w = numpy.random.rand(k, n).astype("float32")
            best = 1e9
            for _ in range(6):
                before = time.process_time()
                x @ w
                best = min(best, time.process_time() - before)
            seconds += best
            flops += 2 * 6400 * k * n
    say(peak="OpenBLAS (numpy)", precision="fp32", gflops=flops / seconds / 1e9)


def tokenizer_rate():
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(os.path.join(model_folder, "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    texts = sets["chunks"] + sets["short"] + sets["mixed"]
    size = sum(len(text.encode()) for text in texts)
    best = 1e9
    for _ in range(max(runs, 3)):
        before = cpu()
        tokenizer.encode_batch_fast(texts) if hasattr(tokenizer, "encode_batch_fast") else tokenizer.encode_batch(texts)
        best = min(best, cpu() - before)
    say(tokenizer="HF tokenizers", mb_per_s=size / best / 1e6)


def onnx():
    import numpy
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from tokenizers import Tokenizer
    from transformers import AutoModel
    core = AutoModel.from_pretrained(model_folder, attn_implementation="eager").eval().float()

    class Pooled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.core = core

        def forward(self, input_ids, attention_mask):
            rows = self.core(input_ids=input_ids, attention_mask=attention_mask,
                             token_type_ids=torch.zeros_like(input_ids)).last_hidden_state
            weights = attention_mask.unsqueeze(-1).to(rows.dtype)
            return torch.nn.functional.normalize((rows * weights).sum(1) / weights.sum(1).clamp(min=1e-9), dim=1)

    path = os.path.join(tempfile.mkdtemp(), "model.onnx")
    example = (torch.ones(2, 8, dtype=torch.long), torch.ones(2, 8, dtype=torch.long))
    axes = ({0: torch.export.Dim("b", min=1, max=4096), 1: torch.export.Dim("s", min=2, max=512)},) * 2
    torch.onnx.export(Pooled().eval(), example, path, input_names=["input_ids", "attention_mask"],
                      output_names=["vector"], dynamic_shapes=axes, dynamo=True, external_data=False)
    quantize_dynamic(path, path + ".int8", weight_type=QuantType.QInt8)
    tokenizer = Tokenizer.from_file(os.path.join(model_folder, "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
    for precision, file in (("fp32", path), ("int8", path + ".int8")):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

        def encode(texts):
            order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
            for i in range(0, len(order), 32):
                part = tokenizer.encode_batch([texts[j] for j in order[i:i + 32]])
                session.run(None, {"input_ids": numpy.array([e.ids for e in part], numpy.int64),
                                   "attention_mask": numpy.array([e.attention_mask for e in part], numpy.int64)})

        measure("ONNX Runtime", precision, encode)


if "--memory" in sys.argv:
    memory()
    sys.exit()
config = json.load(open(os.path.join(model_folder, "config.json")))
model = SentenceTransformer(model_folder, device="cpu")
for batch in (32, 10, 128):
    measure(f"sentence-transformers, batch {batch}", "fp32", st(model, batch))
del model
model = SentenceTransformer(model_folder, device="cpu", model_kwargs={"dtype": torch.bfloat16})
for batch in (32, 128):
    measure(f"sentence-transformers, bf16 weights, batch {batch}", "bf16", st_tensor(model, batch))
del model
torch_peak(config["hidden_size"], config["intermediate_size"])
for step in (tokenizer_rate, lambda: openblas_peak(config["hidden_size"], config["intermediate_size"]), onnx):
    try:
        step()
    except Exception as error:  # a peer that is not installed is left out, and said
        print(f"left out: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
