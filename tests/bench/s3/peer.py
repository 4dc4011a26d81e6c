"""Reading a folder of objects: s3_bench beside boto3's transfer manager with its defaults, in turn, from the Swift of
tests/e2e/object_store.py. Needs boto3.

usage: tests/bench/s3/peer.py [PROGRAMS] [--rounds N]
"""
import argparse
import io
import pathlib
import re
import statistics
import subprocess
import sys
import time

import boto3
import botocore.config
from s3transfer.manager import TransferManager

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
import object_store

SHAPES = {"200 objects of 200 KB": (200, 200_000), "12 objects of 16 MB": (12, 16_000_000)}


def ours(program, url, env):
    text = subprocess.run([program, url], env=env, capture_output=True, text=True, check=True).stdout
    objects, size, seconds = re.match(r"(\d+) objects (\d+) bytes ([\d.]+) seconds", text).groups()
    return int(objects), int(size), float(seconds)


def theirs(client, bucket, prefix):
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page["Contents"]]
    sinks = [io.BytesIO() for _ in keys]
    begin = time.perf_counter()
    with TransferManager(client) as manager:
        for future in [manager.download(bucket, key, sink) for key, sink in zip(keys, sinks)]:
            future.result()
    return len(keys), sum(len(sink.getvalue()) for sink in sinks), time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", nargs="?", default="build/release/bin")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    swift = object_store.Swift()
    try:
        plain = object_store.Client(swift.port)
        plain.make_bucket("bench")
        url = f"http://127.0.0.1:{swift.port}"
        keys = {"aws_access_key_id": object_store.ACCESS, "aws_secret_access_key": object_store.SECRET}
        client = boto3.client("s3", endpoint_url=url, region_name=object_store.REGION, **keys,
                              config=botocore.config.Config(s3={"addressing_style": "path"}, max_pool_connections=10))
        env = {"AWS_ENDPOINT_URL_S3": url, "AWS_ACCESS_KEY_ID": object_store.ACCESS,
               "AWS_SECRET_ACCESS_KEY": object_store.SECRET}
        for number, (name, (count, size)) in enumerate(SHAPES.items()):
            for i in range(count):
                plain.put("bench", f"{number}/{i:04}.pdf", bytes([i % 251]) * size)
            times = ([], [])
            for _ in range(arguments.rounds):
                one = ours(f"{arguments.programs}/s3_bench", f"s3://bench/{number}", env)
                other = theirs(client, "bench", f"{number}/")
                assert one[:2] == other[:2] == (count, count * size), (one, other)
                times[0].append(one[2])
                times[1].append(other[2])
            ratios = sorted(b / a for a, b in zip(*times))
            print(f"{name}: ours {statistics.median(times[0]):.3f} s, boto3 {statistics.median(times[1]):.3f} s (medians of "
                  f"{arguments.rounds}); boto3 / ours: median {statistics.median(ratios):.2f}, {ratios[0]:.2f} to {ratios[-1]:.2f}",
                  flush=True)
    finally:
        swift.close()


if __name__ == "__main__":
    main()
