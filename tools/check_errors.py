#!/usr/bin/env python3
"""Compares docs/errors.md with the code: exit codes, types of error, reason codes, in both directions.

usage: tools/check_errors.py [--root FOLDER] [--self-test]

In the document a code or a type is the first or second cell of a table's row, in backquotes. In the code it is read
from the places where codes are born (PATTERNS). Standard library only.
"""
import argparse
import pathlib
import re
import sys
import tempfile

WORD = '"([a-z_]+)"'
PATTERNS = [  # folder or file under src/, what gives a code
    ("", re.compile(r"\breason = " + WORD)),
    ("corpus/read_result.hpp", re.compile(r"string_view \w+ =\s*" + WORD)),
    ("testset/reasons.hpp", re.compile(r"string_view \w+ =\s*" + WORD)),
    ("calls", re.compile(r"failure\(Verdict::\w+,\s*" + WORD)),
    ("calls", re.compile(r'\? failure\(Verdict::\w+, "[a-z_]+"\) : failure\(Verdict::\w+, ' + WORD)),
    ("calls", re.compile(r"\.missing = " + WORD)),
    ("stages/score", re.compile(r"\bmissing\(" + WORD)),
    ("stages/score", re.compile(r"Score\{0, " + WORD)),
    ("stages/score", re.compile(r"\{0,\s*" + WORD + r"\}")),
    ("stages/score/overlap_judge.cpp", re.compile(r"return (?:[^;\"]*\? )?" + WORD + "[^;]*;")),
]
ERROR_TYPE = re.compile(r"^struct (\w+) : (?:\w+::)*(\w*Error|InvalidConfig)\b", re.M)
EXIT_CODE = re.compile(r"^\s+(\w+) = (\d+),?\s*(?:///<.*)?$", re.M)


def sources(root, where):
    path = root / "src" / where
    files = [path] if path.is_file() else sorted(path.rglob("*.[hc]pp"))
    return [file.read_text(encoding="utf-8") for file in files]


def in_code(root):
    reasons = {code for where, pattern in PATTERNS for text in sources(root, where) for code in pattern.findall(text)}
    types = {name for text in sources(root, "") for name, _ in ERROR_TYPE.findall(text)}
    header = (root / "src/base/errors.hpp").read_text(encoding="utf-8")
    enum = re.search(r"enum class ExitCode[^{]*\{(.*?)\};", header, re.S)
    exits = {f"{number} {name}" for name, number in EXIT_CODE.findall(enum.group(1))}
    return {"reason code": reasons, "type of error": types, "exit code": exits}


def in_document(root):
    found = {"reason code": set(), "type of error": set(), "exit code": set()}
    for line in (root / "docs/errors.md").read_text(encoding="utf-8").splitlines():
        row = re.match(r"\| (?:(\d+) \| )?\[?`(\w+)`(?:\]\([^)]*\))? \|", line)
        if not row:
            continue
        number, name = row.groups()
        if number:
            found["exit code"].add(f"{number} {name}")
        else:
            found["type of error" if name[0].isupper() else "reason code"].add(name)
    return found


def check(root):
    code, document = in_code(root), in_document(root)
    errors = []
    for kind in code:
        errors += [f"docs/errors.md: lacks the {kind} {name}" for name in sorted(code[kind] - document[kind])]
        errors += [f"docs/errors.md: explains the {kind} {name}, which the code does not have"
                   for name in sorted(document[kind] - code[kind])]
    return errors


GOOD = {
    "src/base/errors.hpp": "enum class ExitCode : int {\n  ok = 0,\n  bug = 1  ///< ours\n};\nstruct OddError : Error {\n};\n",
    "src/corpus/read_result.hpp": 'inline constexpr std::string_view empty =\n    "empty";\n',
    "src/stages/score/overlap_judge.cpp": 'return missing("no_words");\nreturn a ? "no_text" : "";\n',
    "src/calls/chat.cpp": 'return failure(Verdict::row, "http");\nreply.reason = "cut";\n',
    "docs/errors.md": "| 0 | `ok` |\n| 1 | `bug` |\n| `OddError` | 1 |\n| `empty` | x |\n| `no_words` | x |\n"
                      "| `no_text` | x |\n| `http` | x |\n| `cut` | x |\n",
}
PLANTED = [  # file, text appended, what the report must say
    ("src/calls/chat.cpp", 'reply.reason = "new_code";\n', "lacks the reason code new_code"),
    ("src/calls/chat.cpp", 'return failure(Verdict::row, "late");\n', "lacks the reason code late"),
    ("src/stages/score/overlap_judge.cpp", 'return missing("no_luck");\n', "lacks the reason code no_luck"),
    ("src/base/errors.hpp", "struct NewError : Error {};\n", "lacks the type of error NewError"),
    ("docs/errors.md", "| `gone` | x |\n", "explains the reason code gone"),
    ("docs/errors.md", "| 9 | `gone` |\n", "explains the exit code 9 gone"),
]


def run_on(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        return check(root)


def self_test():
    failures = [f"the good tree: {error}" for error in run_on(GOOD)]
    for name, text, wanted in PLANTED:
        found = run_on({**GOOD, name: GOOD[name] + text})
        if len(found) != 1 or wanted not in found[0]:
            failures.append(f"planted {text.strip()!r} in {name}, wanted {wanted!r}, found {found}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    errors = self_test() if arguments.self_test else check(arguments.root)
    print("\n".join(errors) if errors else "errors: the document and the code agree")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
