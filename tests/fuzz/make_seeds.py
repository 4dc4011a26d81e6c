#!/usr/bin/env python3
"""Writes tests/fuzz/seeds/: small inputs, good and bad, from which fuzzing starts and which every test run reads.

  python3 tests/fuzz/make_seeds.py
"""
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


def main():
    weights()


main()
