#!/usr/bin/env python3
"""Small things that a reviewer should not have to say.

usage: tools/check_text.py [--self-test] [FILE...]       (all text of the repository by default)

Trailing blanks, tabs, CRLF, a missing last newline, leftovers of a merge, a TODO without an issue (`TODO(#12)`), paths of
somebody's machine, and the words of tools/words.txt. Standard library only.
"""
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUFFIXES = {".cpp", ".hpp", ".cu", ".cuh", ".py", ".sh", ".cmake", ".md", ".txt", ".toml", ".yaml", ".yml", ".json"}
NAMES = {"Containerfile", "CMakeLists.txt", "NOTICE", "check", "format"}
# Data keep the bytes that they came with; these two files hold what they look for.
SKIPPED = {".git", "build", "models", "results", "state", "tests/data", "inputs", "LICENSE", "tools/words.txt",
           "tools/check_text.py"}

PATTERNS = [
    (re.compile(r"[ \t]+$"), "trailing blanks"),
    (re.compile(r"\t"), "a tab; indent with spaces"),
    (re.compile(r"\r"), "CRLF"),
    (re.compile(r"^(<{7} |={7}$|>{7} )"), "a leftover of a merge"),
    (re.compile(r"\b(TODO|FIXME)\b(?!\(#\d+\))"), "a TODO without its issue: TODO(#12)"),
    (re.compile(r"(?<![\w.$}/*:-])/(home|work|Users)/\w"), "a path of somebody's machine"),
]


def words():
    for line in (ROOT / "tools" / "words.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            wrong, _, right = line.partition(" ")
            yield re.compile(rf"\b{wrong}\b", re.I), f'"{wrong}"; write "{right}"'


def faults(text, patterns):
    """(line number, what is wrong) of everything found."""
    for number, line in enumerate(text.split("\n"), 1):
        for pattern, what in patterns:
            if pattern.search(line):
                yield number, what
    if text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end of the file"


def texts():
    for folder, folders, files in os.walk(ROOT):
        place = pathlib.Path(folder).relative_to(ROOT)
        folders[:] = sorted(name for name in folders if (place / name).as_posix() not in SKIPPED)
        for name in sorted(files):
            path = place / name
            if (path.suffix in SUFFIXES or name in NAMES) and path.as_posix() not in SKIPPED:
                yield ROOT / path


def self_test(patterns):
    planted = ["int a; ", "\tint a;", "int a;\r", "<<<<<<< HEAD", "// TODO: later", 'open("/home/me/x")', "to rec" "ieve"]
    missed = [line for line in planted if not list(faults(line + "\n", patterns))]
    if not list(faults("int a;", patterns)):
        missed.append("no newline at the end")
    good = "int a;  // TODO(#12): see https://example.org/home/page and $HOME/x\n"
    missed += [f"{good.strip()} is fine, but: {what}" for _, what in faults(good, patterns)]
    return missed


def main():
    patterns = PATTERNS + list(words())
    if sys.argv[1:] == ["--self-test"]:
        missed = self_test(patterns)
        print("\n".join(f"self-test: {line!r}" for line in missed) or "self-test: all planted faults were found")
        return 1 if missed else 0
    wrong, count = [], 0
    for file in [pathlib.Path(name).resolve() for name in sys.argv[1:]] or texts():
        count += 1
        text = file.read_bytes().decode("utf-8")
        wrong += [f"{file.relative_to(ROOT)}:{number}: {what}" for number, what in faults(text, patterns)]
    print("\n".join(wrong) or f"text: {count} files are clean")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
