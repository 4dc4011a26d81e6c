#!/usr/bin/env python3
"""Writes cases of random encoders of every family with the vectors that PyTorch computes for them.

  python tests/data/make_encoder_vectors.py            tests/data/encoders: small, their weights made by the test itself
  python tests/data/make_encoder_vectors.py --large TO  as wide as real ones, with weights: fp32, fp16, bf16, in several files

A case is a folder that sentence-transformers could have written (WordPiece: "w17" is token 17), and
ids.json       {"texts": [[id, ...], ...], "prompt": n} with special tokens; of a cross-encoder {"pairs": [[text, text], ...]}
               (cross_sentences: texts as people write them, scored by sentence-transformers' own CrossEncoder)
vectors.f32    (texts, outputs) float32, little-endian: the vectors, L2-normalised; of a cross-encoder the scores
tensors.json   where there are no weights: {name: shape}. Value i of the tensors, in the order of their names, is
               center + (u[i] / 2^31 - 1) * scale, with u out of the Mersenne Twister of seed 1; see `values()`

Needs numpy, torch, transformers and sentence-transformers. Every random choice has a fixed seed.
"""
import json
import os
import random
import shutil
import sys
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
import numpy as np
import torch
from safetensors.torch import save_file
from sentence_transformers import CrossEncoder
from sentence_transformers.sentence_transformer.modules import Dense, Pooling
from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, BertTokenizerFast

SPECIAL = ["[CLS]", "[PAD]", "[SEP]", "[UNK]"]  # RoBERTa's ids; its padding token decides the places of the others


def sentence(model_type, hidden, heads, window, pooling, act="gelu", dense=None, prompt=0, save="F32", **sizes):
    return {"model_type": model_type, "hidden": hidden, "heads": heads, "window": window, "pooling": pooling, "act": act,
            "dense": dense, "prompt": prompt, "save": save, "labels": 0, **sizes}


def cross(model_type, hidden, heads, window, labels, **sizes):
    return {**sentence(model_type, hidden, heads, window, [], **sizes), "labels": labels}


SMALL = {
    "bert": sentence("bert", 48, 3, 40, ["mean"]),
    "bert_dense": sentence("bert", 32, 1, 40, ["cls", "max"], act="gelu_new", dense=[(64, 20, "Tanh"), (20, 24, "Identity")]),
    "roberta": sentence("roberta", 80, 5, 40, ["weightedmean"]),
    "xlm_roberta": sentence("xlm-roberta", 48, 1, 40, ["mean_sqrt_len_tokens"], act="relu"),
    "camembert": sentence("camembert", 32, 2, 40, ["lasttoken"], act="gelu_pytorch_tanh"),
    "mpnet": sentence("mpnet", 48, 3, 300, ["mean"]),
    "mpnet_prompt": sentence("mpnet", 32, 2, 40, ["mean"], prompt=4),
    "roberta_prompt": sentence("roberta", 32, 2, 40, ["weightedmean"], prompt=4),
    "cross_bert": cross("bert", 48, 3, 40, 1),
    "cross_xlm_roberta": cross("xlm-roberta", 32, 2, 40, 1),
    "cross_mpnet": cross("mpnet", 32, 2, 40, 3),
    "cross_sentences": cross("bert", 48, 3, 96, 1, sentences=200),
}
LARGE = {
    "bert": sentence("bert", 384, 12, 512, ["mean"], layers=6, inner=1536, texts=200),
    "bert_f16": sentence("bert", 384, 12, 512, ["cls"], layers=3, inner=1536, texts=200, save="F16"),
    "roberta": sentence("roberta", 336, 7, 512, ["mean"], layers=6, inner=1344, texts=200, save="shards"),
    "xlm_roberta_bf16": sentence("xlm-roberta", 768, 12, 512, ["cls"], layers=2, inner=3072, texts=200, save="BF16"),
    "mpnet": sentence("mpnet", 768, 12, 512, ["mean"], layers=3, inner=3072, texts=200,
                      dense=[(768, 512, "Tanh")]),
    "cross_bert": cross("bert", 384, 12, 512, 1, layers=3, inner=1536, texts=200),
    "cross_mpnet": cross("mpnet", 384, 6, 512, 2, layers=3, inner=1536, texts=200, save="shards"),
}


def values(shapes):
    """Deterministic weights: those of norms near 1, embeddings and biases of attention wide, others by their inputs."""
    twister = np.random.MT19937()
    twister._legacy_seeding(1)  # as std::mt19937(1)
    tensors = {}
    for name in sorted(shapes):
        raw = twister.random_raw(int(np.prod(shapes[name]))).astype(np.uint32).astype(np.float32)
        is_norm = name.endswith("LayerNorm.weight")
        scale = 0.5 if "embeddings" in name or "bias" in name or is_norm else 2.0 / float(np.sqrt(shapes[name][-1]))
        unit = raw / np.float32(2147483648.0) - np.float32(1)
        tensors[name] = torch.from_numpy((unit * np.float32(scale) + np.float32(is_norm)).reshape(shapes[name]))
    return tensors


def make_model(case, vocabulary):
    # RoBERTa and MPNet leave the places up to that of the padding token free.
    free = 0 if case["model_type"] == "bert" else 2
    sizes = {"hidden_size": case["hidden"], "num_attention_heads": case["heads"], "hidden_act": case["act"],
             "num_hidden_layers": case.get("layers", 2), "intermediate_size": case.get("inner", 64), "vocab_size": vocabulary,
             "max_position_embeddings": case["window"] + free, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2,
             "layer_norm_eps": 1e-5, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    if case["model_type"] in ("roberta", "xlm-roberta", "camembert"):
        sizes["type_vocab_size"] = 1
    if case["labels"]:
        sizes["num_labels"] = case["labels"]
    config = AutoConfig.for_model(case["model_type"], **sizes)
    model = (AutoModelForSequenceClassification if case["labels"] else AutoModel).from_config(config, attn_implementation="eager")
    tensors = values({name: list(t.shape) for name, t in model.state_dict().items()})
    if case["save"] in ("F16", "BF16"):  # what the file holds is what both compute with
        kind = torch.float16 if case["save"] == "F16" else torch.bfloat16
        tensors = {name: t.to(kind).float() for name, t in tensors.items()}
    model.load_state_dict(tensors)
    return model.float().eval(), tensors


def make_dense(case):
    layers = [Dense(i, o, activation_function=getattr(torch.nn, a)()) for i, o, a in case["dense"] or []]
    for layer in layers:
        layer.load_state_dict(values({name: list(t.shape) for name, t in layer.state_dict().items()}))
    return layers


def put_json(path, value):
    with open(path, "w") as file:
        json.dump(value, file, separators=(",", ":"))


def save_weights(folder, case, tensors, large):
    if not large:
        return put_json(os.path.join(folder, "tensors.json"), {name: list(t.shape) for name, t in tensors.items()})
    if case["save"] != "shards":
        kind = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}[case["save"]]
        return save_file({name: t.to(kind).contiguous() for name, t in tensors.items()}, os.path.join(folder, "model.safetensors"))
    names, where = sorted(tensors), {}
    for i in range(3):
        part = f"model-{i + 1:05}-of-00003.safetensors"
        where.update({name: part for name in names[i::3]})
        save_file({name: tensors[name] for name in names[i::3]}, os.path.join(folder, part))
    put_json(os.path.join(folder, "model.safetensors.index.json"), {"metadata": {}, "weight_map": where})


def save_modules(folder, case, layers, large):
    kinds = ["Transformer", "Pooling"] + ["Dense"] * len(layers) + ["Normalize"]
    put_json(os.path.join(folder, "modules.json"),
             [{"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": f"sentence_transformers.models.{kind}"}
              for i, kind in enumerate(kinds)])
    os.makedirs(os.path.join(folder, "1_Pooling"))
    put_json(os.path.join(folder, "1_Pooling", "config.json"),
             {"embedding_dimension": case["hidden"], "pooling_mode": case["pooling"], "include_prompt": case["prompt"] == 0})
    for i, layer in enumerate(layers):
        part = os.path.join(folder, f"{i + 2}_Dense")
        os.makedirs(part)
        put_json(os.path.join(part, "config.json"),
                 {"in_features": layer.in_features, "out_features": layer.out_features, "bias": True,
                  "activation_function": f"torch.nn.modules.{'activation.Tanh' if case['dense'][i][2] == 'Tanh' else 'linear.Identity'}"})
        save_weights(part, {"save": "F32"}, dict(layer.state_dict()), large)


def lengths(rng, case):
    """Mixed, from the shortest to those that fill the window."""
    count, window = case.get("texts", 60), case["window"]
    edge = [2, 3, window, window - 1, 31, 32, 33]
    return [min(n, window) for n in edge] + [min(window, 2 + int(rng.expovariate(1 / (window / 6)))) for _ in range(count - len(edge))]


def sentence_vectors(case, model, layers, vocabulary, rng):
    texts = [[0] + [rng.randrange(len(SPECIAL), vocabulary) for _ in range(n - 2)] + [2] for n in lengths(rng, case)]
    texts = [t for t in texts if len(t) > case["prompt"]]
    pooling = Pooling(case["hidden"], pooling_mode=case["pooling"], include_prompt=case["prompt"] == 0)
    rows = []
    for ids in texts:
        ids = torch.tensor([ids])
        mask = torch.ones_like(ids)
        features = {"token_embeddings": model(input_ids=ids, attention_mask=mask).last_hidden_state, "attention_mask": mask,
                    "prompt_length": case["prompt"]}
        for module in [pooling] + layers:
            features = module(features)
        rows.append(torch.nn.functional.normalize(features["sentence_embedding"], dim=1)[0].numpy())
    return {"texts": texts, "prompt": case["prompt"]}, rows


def pair_scores(case, model, vocabulary, rng, vocab_file):
    tokenizer = BertTokenizerFast(vocab=vocab_file, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", unk_token="[UNK]")
    words = lambda n: " ".join(f"w{rng.randrange(len(SPECIAL), vocabulary)}" for _ in range(n))
    pairs, rows = [], []
    for n in lengths(rng, case):
        for a in ([n // 3, n] if len(pairs) % 5 == 0 else [n // 3]):
            pairs.append([words(a), words(n)])
    for a, b in pairs:
        encoded = tokenizer(a, b, truncation="longest_first", max_length=case["window"], return_tensors="pt")
        if case["model_type"] != "bert":
            encoded.pop("token_type_ids")
        logits = model(**encoded).logits[0]
        rows.append((torch.sigmoid(logits) if case["labels"] == 1 else logits).numpy())
    return {"pairs": pairs}, rows


def written(rng, words):
    """Invented words with what real texts have: capitals, digits, marks, accents, other scripts, odd blanks."""
    odd = ["\u00c9t\u00e9", "42.7%", "na\u00efve", "\u6771\u4eac", "\U0001f600", "don't", "A-1", "(b)", "\t", "\n\n", "\u00a0", "?"]
    text = " ".join(rng.choice(odd) if rng.random() < 0.1 else "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(1, 7)))
                    for _ in range(words))
    return rng.choice(["", "", "", " ", "\n"]) + text.capitalize() + rng.choice(["", ".", " ", "\n"])


def sentence_scores(case, model, rng, vocab_file):
    tokenizer = BertTokenizerFast(vocab=vocab_file, cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", unk_token="[UNK]")
    lengths = [(0, 0), (0, 5), (5, 0), (1, 1), (30, 2), (2, 30), (30, 30)]
    lengths += [(rng.randint(1, 8), rng.randint(1, 30)) for _ in range(case["sentences"] - len(lengths))]
    pairs = [[written(rng, a), written(rng, b)] for a, b in lengths]
    with tempfile.TemporaryDirectory() as saved:
        model.save_pretrained(saved)
        tokenizer.save_pretrained(saved)
        scores = CrossEncoder(saved, device="cpu").predict(pairs, batch_size=16, show_progress_bar=False)
    return {"pairs": pairs}, [np.array([score]) for score in scores]


def make_case(folder, case, large):
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [*letters, *("##" + letter for letter in letters), *"0123456789.,?-'()%"] if case.get("sentences") else None
    vocabulary = 3000 if large else len(SPECIAL) + len(words) if words else 60
    os.makedirs(folder)
    vocab_file = os.path.join(folder, "vocab.txt")
    with open(vocab_file, "w") as file:
        file.write("".join(w + "\n" for w in SPECIAL + (words or [f"w{i}" for i in range(len(SPECIAL), vocabulary)])))
    model, tensors = make_model(case, vocabulary)
    model.config.to_json_file(os.path.join(folder, "config.json"))
    save_weights(folder, case, tensors, large)
    rng = random.Random(3)
    with torch.inference_mode():
        if case.get("sentences"):
            inputs, rows = sentence_scores(case, model, rng, vocab_file)
        elif case["labels"]:
            inputs, rows = pair_scores(case, model, vocabulary, rng, vocab_file)
        else:
            layers = make_dense(case)
            save_modules(folder, case, layers, large)
            inputs, rows = sentence_vectors(case, model, layers, vocabulary, rng)
    put_json(os.path.join(folder, "ids.json"), inputs)
    np.stack(rows).astype("<f4").tofile(os.path.join(folder, "vectors.f32"))


def main():
    large = sys.argv[1:2] == ["--large"]
    out = sys.argv[2] if large else os.path.join(os.path.dirname(os.path.abspath(__file__)), "encoders")
    for name, case in (LARGE if large else SMALL).items():
        shutil.rmtree(os.path.join(out, name), ignore_errors=True)
        make_case(os.path.join(out, name), case, large)
        print(name, flush=True)


main()
