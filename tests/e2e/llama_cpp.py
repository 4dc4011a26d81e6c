"""llama.cpp's own server around a model of random weights, for the cases that want a real server: half a megabyte, a second
to start. Runs under a Python that has the packages xllamacpp, gguf and numpy (PyPI), as a program of its own:

    python3 llama_cpp.py MODEL.gguf PORT KEY [embed]

It makes MODEL.gguf when that is not there, prints "listening", and serves until it is terminated.
"""
import pathlib
import signal
import sys

WIDTH, LAYERS, HEADS, INNER, WINDOW = 64, 2, 4, 128, 16384


def make_model(path):
    import gguf
    import numpy
    rng = numpy.random.default_rng(0)
    tokens = [b"<unk>", b"<s>", b"</s>"] + [b"<0x%02X>" % i for i in range(256)]
    kinds, scores = [2, 3, 3] + [6] * 256, [0.0] * 259
    for word in ["\u2581", "\u2581the", "\u2581a", "\u2581of", "e", "t", "a", "o", "n", "i", "s", "r"]:
        tokens.append(word.encode())
        kinds.append(1)
        scores.append(-float(len(tokens)))
    out = gguf.GGUFWriter(str(path), "llama")
    out.add_name("tiny-random")
    out.add_context_length(WINDOW)
    out.add_embedding_length(WIDTH)
    out.add_block_count(LAYERS)
    out.add_feed_forward_length(INNER)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_rope_dimension_count(WIDTH // HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_vocab_size(len(tokens))
    out.add_file_type(0)
    out.add_tokenizer_model("llama")
    out.add_tokenizer_pre("default")
    out.add_token_list(tokens)
    out.add_token_scores(scores)
    out.add_token_types(kinds)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)
    out.add_chat_template("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:")

    def weights(name, *shape):
        out.add_tensor(name, (rng.standard_normal(shape) * 0.08).astype(numpy.float32))

    def ones(name):
        out.add_tensor(name, numpy.ones(WIDTH, numpy.float32))

    weights("token_embd.weight", len(tokens), WIDTH)
    ones("output_norm.weight")
    weights("output.weight", len(tokens), WIDTH)
    for layer in range(LAYERS):
        name = f"blk.{layer}."
        ones(name + "attn_norm.weight")
        ones(name + "ffn_norm.weight")
        for part in ("q", "k", "v", "output"):
            weights(f"{name}attn_{part}.weight", WIDTH, WIDTH)
        weights(name + "ffn_gate.weight", INNER, WIDTH)
        weights(name + "ffn_up.weight", INNER, WIDTH)
        weights(name + "ffn_down.weight", WIDTH, INNER)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def main():
    import xllamacpp
    model, port, key = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    if not model.exists():
        make_model(model)
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [key]
    params.port = port
    params.n_parallel = 4
    params.n_ctx = 4 * WINDOW
    params.n_batch = params.n_ubatch = 2048
    params.warmup = False
    params.cpuparams.n_threads = 1
    if sys.argv[4:] == ["embed"]:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    server = xllamacpp.Server(params)
    print("listening", server.listening_address, flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
