#!/usr/bin/env python3
"""Writes tests/fuzz/seeds/: small inputs, good and bad, from which fuzzing starts and which every test run reads.

  python3 tests/fuzz/make_seeds.py
"""
import base64
import json
import os
import struct

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seeds")


def write(target, name, data):
    os.makedirs(os.path.join(HERE, target), exist_ok=True)
    with open(os.path.join(HERE, target, name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def safetensors(tensors, data=b"", length=None):
    header = json.dumps(tensors).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def tensor(kind, shape, begin, end):
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def weights():
    write("safetensors", "all_types", safetensors(
        {"w": tensor("F32", [2, 3], 0, 24), "b": tensor("F16", [4], 24, 32), "h": tensor("BF16", [2, 2], 32, 40),
         "s": tensor("F32", [], 40, 44), "e": tensor("F32", [0, 5], 44, 44), "__metadata__": {"format": "pt"}}, bytes(44)))
    write("safetensors", "no_data", safetensors({"w": tensor("F32", [2, 3], 0, 24)}))
    write("safetensors", "overlap", safetensors({"w": tensor("F32", [2, 3], 0, 24), "b": tensor("F32", [4], 16, 32)}, bytes(32)))
    write("safetensors", "odd_begin", safetensors({"b": tensor("F32", [4], 1, 17)}, bytes(17)))
    write("safetensors", "nan", safetensors({"b": tensor("F32", [4], 0, 16)}, b"\xff" * 16))
    write("safetensors", "long_header", safetensors({}, length=1 << 63))
    write("safetensors", "huge_shape", safetensors({"w": tensor("F32", [1 << 62, 1 << 62], 0, 24)}, bytes(24)))
    write("safetensors", "empty", b"")


def texts():
    lines = ["", "The caf\u00e9's <mask> [SEP] 12345 naïve re\u0301sume\u0301", "\u4e2d\u6587 \u65e5\u672c \uac00\u1100\u1161\u11a8 \u0e01\u0e31",
             "\U0001f469\u200d\U0001f4bb \u00a9\u200d\u00ae \r\n\t  \n x  ", "\u2581\u2581a \u2581 I'LL they've \u017f", "a\u0323\u0307\u0301" * 4]
    for kind in range(8):
        for i, line in enumerate(lines):
            write("encode", f"{kind}_{i}", bytes([kind]) + line.encode())
        write("encode", f"{kind}_broken", bytes([kind]) + b"a\xff\xc3 \xe4\xb8\x00\xf0\x9f")


def golden():
    rows = ['question,reference,contexts\nQ,"R\n""1""",["a", "b"]\n', '\ufeffq;r\r\n"x\r\n";y\r\r\n', 'question,reference\nQ,"R" x\n"',
            'question,reference\n"never,closed\n', '{"question": "Q", "reference": "R"}\n\n{"question": 1}', '{"version": 1, "data": [{"paragraphs": 3}]}',
            "question\tground_truths\nQ\t\"['it', \"\"it's\"\"]\"\n", 'a"b,c"\r\n\r\n,\n', "\ufffe"]
    for i, text in enumerate(rows):
        write("golden_csv", f"{i}", bytes([i]) + text.encode())
    write("golden_csv", "utf16", bytes([2]) + "question,reference\nQ,R".encode("utf-16"))


def charsmap():
    """Maps U+00E9 to "e" and "a" to nothing: a trie of 256 units with two leaves, and their replacements."""
    units = [0] * 512
    units[0] = 256 << 10  # the children of the root begin at 256 ^ label
    units[256 ^ 0xC3] = (300 << 10) | 0xC3
    units[256 ^ 0xC3 ^ 300 ^ 0xA9] = (8 << 10) | 0xA9 | 1 << 8
    units[256 ^ 0xC3 ^ 300 ^ 0xA9 ^ 8] = 1 << 31
    units[256 ^ 0x61] = (16 << 10) | 0x61 | 1 << 8
    units[256 ^ 0x61 ^ 16] = 1 << 31 | 2
    return struct.pack("<I512I", 2048, *units) + b"e\0\0"


def tokenizer(model, normalizer=None, cut=None, processor=None, added=()):
    return json.dumps({"added_tokens": list(added), "normalizer": normalizer, "pre_tokenizer": cut,
                       "post_processor": processor, "model": model}, separators=(",", ":"))


def tokenizers():
    added = [{"id": 3, "content": "<mask>", "single_word": False, "lstrip": True, "rstrip": True, "normalized": False},
             {"id": 4, "content": "Caf", "single_word": True, "normalized": True}]
    template = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}],
                "pair": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}, {"Sequence": {"id": "B"}}],
                "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}
    roberta = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]}
    wordpiece = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9,
                 "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "caf": 4, "##e": 5, "e": 6, "##a": 7}}
    write("tokenizer_json", "bert", tokenizer(wordpiece, {"type": "BertNormalizer", "lowercase": True, "strip_accents": None},
                                              {"type": "BertPreTokenizer"}, None, added[:1]))
    write("tokenizer_json", "mpnet", tokenizer(wordpiece, {"type": "BertNormalizer"}, {"type": "BertPreTokenizer"}, template, added))
    steps = [{"type": kind} for kind in ("NFC", "NFD", "NFKC", "NFKD", "StripAccents", "Lowercase")]
    steps += [{"type": "Strip", "strip_left": True, "strip_right": True}, {"type": "Prepend", "prepend": "_"},
              {"type": "Replace", "pattern": {"String": "a"}, "content": "bb"},
              {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "\u2581"},
              {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap()).decode()}]
    unigram = {"type": "Unigram", "unk_id": 0, "byte_fallback": True,
               "vocab": [["<unk>", 0.0], ["\u2581", -1.5], ["a", -2], ["caf", -3.25], ["e", -2]] + [[f"<0x{b:02X}>", -9] for b in range(256)]}
    cuts = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "\u2581",
                                                                                "prepend_scheme": "first", "split": True}]}
    write("tokenizer_json", "unigram", tokenizer(unigram, {"type": "Sequence", "normalizers": steps}, cuts, template, added))
    bpe = {"type": "BPE", "unk_token": "a", "fuse_unk": True, "byte_fallback": False, "ignore_merges": False,
           "vocab": {"a": 0, "c": 1, "f": 2, "ca": 3, "caf": 4, "\u0120": 5}, "merges": ["c a", ["ca", "f"]]}
    write("tokenizer_json", "bpe", tokenizer(bpe, None, {"type": "ByteLevel", "add_prefix_space": True, "use_regex": True}, roberta))
    cl100k = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
    split = {"type": "Split", "pattern": {"Regex": cl100k}, "behav" "ior": "Isolated", "invert": False}
    write("tokenizer_json", "split", tokenizer(bpe, None, split, {"type": "BertProcessing", "sep": ["x", 2], "cls": ["y", 1]}))


def protobuf(*fields):
    out = b""
    for number, value in fields:
        if isinstance(value, bytes):
            out += bytes([number << 3 | 2]) + varint(len(value)) + value
        elif isinstance(value, float):
            out += bytes([number << 3 | 5]) + struct.pack("<f", value)
        else:
            out += varint(number << 3) + varint(value)
    return out


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def lists():
    write("token_lists", "vocab", b"\0[UNK]\n[CLS]\n[SEP]\na\n##e\ncaf\n")
    write("token_lists", "mpnet", b"\0<s>\r\n<pad>\n</s>\n[UNK]\n<mask>\na\n")
    pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3), ("\u2581", -1.0, 1), ("a", -2.0, 1), ("\u2581a", -2.5, 1), ("caf", -3.0, 4)]
    for form, algorithm in ((1, 1), (2, 1), (2, 2)):
        message = protobuf(*[(1, protobuf((1, p.encode()), (2, s), (3, k))) for p, s, k in pieces],
                           (2, protobuf((3, algorithm), (35, 1), (40, 0))), (3, protobuf((2, charsmap()))))
        write("token_lists", f"sentencepiece_{form}_{algorithm}", bytes([form]) + message)
    ranks = "".join(f"{base64.b64encode(t).decode()} {i}\n" for i, t in enumerate([b"a", b"c", b"f", b" ", b"ca", b"caf", b"\xff"]))
    write("token_lists", "tiktoken", b"\3" + ranks.encode())
    vocabulary = {"<s>": 0, "</s>": 1, "a": 2, "c": 3, "ca": 4, "<mask>": 5}
    write("token_lists", "roberta", b"\4" + json.dumps(vocabulary).encode() + b"\0#version: 0.2\nc a\n")


def folder(name, *files):
    """config.json, modules.json, pooling, dense, sentence_bert_config, config_sentence_transformers, tokenizer_config, index."""
    write("model_folder", name, "\0".join("" if file is None else json.dumps(file) for file in files))


def folders():
    bert = {"model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu", "num_hidden_layers": 1, "hidden_size": 32,
            "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 4, "max_position_embeddings": 16,
            "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0}
    module = lambda i, kind, path: {"idx": i, "name": str(i), "path": path, "type": "sentence_transformers.models." + kind}
    transformer, pooling, normalise = module(0, "Transformer", ""), module(1, "Pooling", "1_Pooling"), module(2, "Normalize", "3_Normalize")
    dense = module(2, "Dense", "2_Dense")
    mean = {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False, "include_prompt": False}
    both = {"word_embedding_dimension": 32, "pooling_mode_max_tokens": True, "pooling_mode_weightedmean_tokens": True}
    layer = {"in_features": 32, "out_features": 16, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"}
    folder("bert", bert, [transformer, pooling, normalise], mean, None, {"max_seq_length": 12, "do_lower_case": False},
           {"prompts": {"query": "query: ", "passage": "passage: "}, "default_prompt_name": "query"}, {"do_lower_case": True})
    folder("dense", bert, [transformer, pooling, dense], both, layer)
    folder("alone", bert)
    folder("roberta", {**bert, "model_type": "roberta", "pad_token_id": 1, "type_vocab_size": 1}, [transformer, pooling], mean)
    folder("xlm", {**bert, "model_type": "xlm-roberta", "pad_token_id": 1}, [transformer, pooling], mean)
    folder("mpnet", {**bert, "model_type": "mpnet", "relative_attention_num_buckets": 32}, [transformer, pooling, normalise], mean)
    folder("index", bert, None, None, None, None, None, None, {"weight_map": {"w": "model.safetensors"}})


def main():
    weights()
    texts()
    golden()
    tokenizers()
    lists()
    folders()


main()
