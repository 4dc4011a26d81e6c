"""A BERT of any shape with random weights, as a Hugging Face folder. Standard library only."""
import array
import json
import math
import random
import string
import struct

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", *string.ascii_lowercase, *("##" + letter for letter in string.ascii_lowercase)]


def shapes(layers, hidden, inner, window, vocabulary):
    """(name, shape, center of its values)"""
    def linear(name, outputs, inputs):
        return [(name + ".weight", (outputs, inputs), 0), (name + ".bias", (outputs,), 0)]

    def norm(name):
        return [(name + ".weight", (hidden,), 1), (name + ".bias", (hidden,), 0)]

    found = [("embeddings.word_embeddings.weight", (vocabulary, hidden), 0), ("embeddings.position_embeddings.weight", (window, hidden), 0),
             ("embeddings.token_type_embeddings.weight", (2, hidden), 0), *norm("embeddings.LayerNorm")]
    for i in range(layers):
        at = f"encoder.layer.{i}."
        for part in ("query", "key", "value"):
            found += linear(f"{at}attention.self.{part}", hidden, hidden)
        found += [*linear(at + "attention.output.dense", hidden, hidden), *linear(at + "intermediate.dense", inner, hidden),
                  *linear(at + "output.dense", hidden, inner), *norm(at + "attention.output.LayerNorm"), *norm(at + "output.LayerNorm")]
    return found


def write(folder, layers=2, hidden=32, heads=2, inner=48, window=64, vocabulary=len(WORDS), scale=0.5):
    """Large tensors repeat a block of random values: what is computed takes as long, and writing does not."""
    chance = random.Random(5)
    block = array.array("f", (chance.uniform(-scale, scale) for _ in range(65521)))
    folder.mkdir(parents=True)
    tensors, header, at = shapes(layers, hidden, inner, window, vocabulary), {}, 0
    for name, shape, _ in tensors:
        size = 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        begin = 0
        for _, shape, center in tensors:
            count = math.prod(shape)
            if center:
                file.write(array.array("f", [center] * count).tobytes())
                continue
            turned = block[begin:] + block[:begin]
            begin = (begin + count) % len(block)
            whole, rest = divmod(count, len(block))
            data = turned.tobytes()
            for _ in range(whole):
                file.write(data)
            file.write(data[:4 * rest])
    words = WORDS + [f"[unused{i}]" for i in range(vocabulary - len(WORDS))]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    (folder / "config.json").write_text(json.dumps({
        "model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu", "layer_norm_eps": 1e-12, "num_hidden_layers": layers,
        "hidden_size": hidden, "num_attention_heads": heads, "intermediate_size": inner, "vocab_size": vocabulary,
        "max_position_embeddings": window, "type_vocab_size": 2, "position_embedding_type": "absolute"}))
    return folder
