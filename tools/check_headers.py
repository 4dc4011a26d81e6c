#!/usr/bin/env python3
"""Compiles every header alone, so that no header leans on what its users happen to include before it.

usage: tools/check_headers.py BUILD_FOLDER [-j N] [--all] [HEADER...]

By default: the headers of src, kernels, jobs and tests, but for those that a source of the build includes before anything
else; the build has compiled these alone already. --all takes them too.

The flags are those of the nearest source file in BUILD_FOLDER/compile_commands.json. Nothing is written: the compiler only
checks the syntax (-fsyntax-only). Also requires `#pragma once`. Files `*-inl.hpp` are passed over: they are bodies that a
source includes once for each set of instructions, inside its attributes. Standard library only.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TREES = ("src", "kernels", "jobs", "tests")
WITH_ARGUMENT = ("-o", "-MF", "-MT", "-MQ")


def headers_of(root):
    return sorted(file for tree in TREES for file in (root / tree).rglob("*.hpp") if not file.name.endswith("-inl.hpp"))


def commands_of(build):
    """(source file, compiler and flags) of every source in the build."""
    result = []
    for entry in json.loads((build / "compile_commands.json").read_text(encoding="utf-8")):
        words, kept = iter(shlex.split(entry["command"])), []
        for word in words:
            if word in WITH_ARGUMENT:
                next(words, None)
            elif word not in ("-c", "-MD", "-MMD", entry["file"]):
                kept.append(word)
        result.append((pathlib.Path(entry["file"]), kept))
    return result


def included_first(commands, root):
    """The headers that are the first include of some source."""
    found = set()
    for source, _ in commands:
        match = re.search(r'^\s*#\s*include\s*["<]([^">]+)', source.read_text(encoding="utf-8"), re.M) if source.exists() else None
        if match:
            found |= {(folder / match.group(1)).resolve() for folder in (root / "src", root, source.parent)}
    return found


def shared_parts(one, other):
    return len(os.path.commonpath([one, other]).split(os.sep))


def check(header, commands):
    """None, or what is wrong with the header."""
    _, flags = max(commands, key=lambda command: shared_parts(header.parent, command[0].parent))
    # Read through a source file of one line: as the main file, a header would complain about its #pragma once.
    run = subprocess.run([*flags, "-fsyntax-only", "-x", "c++", "-"], input=f'#include "{header}"\n', text=True,
                         capture_output=True, check=False)
    return None if run.returncode == 0 else f"{header} does not compile alone:\n{run.stderr}"


def self_test():
    """A header that leans on another must be found, and one that stands alone must not."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        commands = [(root / "src" / "a.cpp", ["c++", "-std=c++20"])]
        cases = [("good.hpp", "#pragma once\n#include <string>\nstd::string f();\n", None),
                 ("leans.hpp", "#pragma once\nstd::string f();\n", "does not compile alone")]
        (root / "src").mkdir()
        for name, content, expected in cases:
            (root / "src" / name).write_text(content, encoding="utf-8")
            found = check(root / "src" / name, commands)
            if (found is None) != (expected is None) or (expected and expected not in found):
                return f"self-test: {name}: expected {expected}, found {found}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("headers", type=pathlib.Path, nargs="*")
    parser.add_argument("--all", action="store_true", help="also the headers that the build has compiled alone")
    parser.add_argument("-j", type=int, default=2, metavar="N", help="compilers at once")
    options = parser.parse_args()
    failed = self_test()
    if failed:
        print(failed)
        return 1
    root = pathlib.Path(__file__).resolve().parent.parent
    commands = [command for command in commands_of(options.build) if command[0].suffix == ".cpp"]
    proven = set() if options.all else included_first(commands, root)
    headers = [header.resolve() for header in options.headers] or headers_of(root)
    once = [f"{header}: has no #pragma once" for header in headers if "#pragma once" not in header.read_text(encoding="utf-8")]
    alone = [header for header in headers if options.headers or header not in proven]
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        wrong = once + [text for text in pool.map(lambda header: check(header, commands), alone) if text]
    print("\n".join(wrong) or f"headers: each of {len(headers)} compiles alone ({len(headers) - len(alone)} in the build itself)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
