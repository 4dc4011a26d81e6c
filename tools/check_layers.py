#!/usr/bin/env python3
"""Compares the arrows between modules with those that docs/architecture.md allows.

usage: tools/check_layers.py [--root FOLDER] [--unused] [--self-test]

The document holds one fenced block that begins with ```modules. A line of it is

    module: may, use, these          a module is a folder (or a pair of files) under src/, or kernels, or jobs

Arrows are read from `#include "..."` lines and from the links in dream_module(), dream_program() and
target_link_libraries() calls. An arrow that the block does not allow, a module that it does not name, a cycle, and an
include without a link are errors. A second block, ```outside, names headers of other libraries (by how they begin) and the only modules that may include them.
--unused also prints the allowed arrows that nothing uses. Standard library only.
"""
import argparse
import collections
import pathlib
import re
import sys
import tempfile

Arrow = collections.namedtuple("Arrow", "source target place")  # place: "file:line", for the message
Rules = collections.namedtuple("Rules", "modules outside")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
CALL = re.compile(r"\b(dream_module|dream_program|add_library|target_link_libraries)\s*\(([^)]*)\)", re.S)
TREES = ("src", "kernels", "jobs")
SOURCES = (".hpp", ".cpp", ".cu", ".cuh", ".h", ".c")


class Problem(Exception):
    pass


def blocks(document, name):
    """The lines of every fenced block called `name`."""
    for body in re.findall(r"^```" + name + r"\n(.*?)^```", document, re.S | re.M):
        for line in body.splitlines():
            line = line.split("#")[0].strip()
            if line:
                yield line


def read_rules(root):
    path = root / "docs" / "architecture.md"
    document = path.read_text(encoding="utf-8")
    modules = {}
    for line in blocks(document, "modules"):
        name, colon, uses = line.partition(":")
        if not colon or name.strip() in modules:
            raise Problem(f"{path}: in the block ```modules: cannot read, or named twice: {line}")
        modules[name.strip()] = {use.strip() for use in uses.split(",") if use.strip()}
    if not modules:
        raise Problem(f"{path}: has no block that begins with ```modules")
    for name, uses in modules.items():
        for use in uses - modules.keys():
            raise Problem(f"{path}: {name} may use {use}, which is no module of the block")
    outside = {}
    for line in blocks(document, "outside"):
        header, _, users = line.partition(":")
        outside[header.strip()] = {user.strip() for user in users.split(",") if user.strip()}
    return Rules(modules, outside)


def module_of(path, modules):
    """The module that a path without its tree (`stages/types.hpp`) belongs to: the longest name that fits, or None."""
    best = None
    for name in modules:
        fits = path == name or path.startswith((name + "/", name + "."))
        if fits and (best is None or len(name) > len(best)):
            best = name
    return best


def path_in_tree(file, root):
    """src/ is the include root, so its files lose the `src/`; those of kernels/ and jobs/ keep their folder."""
    relative = file.relative_to(root).as_posix()
    return relative[len("src/"):] if relative.startswith("src/") else relative


def files_of(root, wanted):
    for tree in TREES:
        for file in sorted((root / tree).rglob("*")):
            if file.is_file() and wanted(file):
                yield file


def read_includes(root, rules, errors):
    arrows = []
    for file in files_of(root, lambda f: f.suffix in SOURCES):
        here = path_in_tree(file, root)
        module = module_of(here, rules.modules)
        if module is None:
            errors.append(f"{file.relative_to(root)}: belongs to no module of docs/architecture.md; add a line for it")
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            place = f"{file.relative_to(root)}:{number}"
            for header, users in rules.outside.items():
                included = match.group(1) or match.group(2)
                if included.startswith(header) and module not in users:
                    errors.append(f"{place}: {module} may not include <{included}>; only {', '.join(sorted(users))} may")
            if match.group(1):
                target = target_of_include(match.group(1), file, root, rules.modules)
                if target not in (None, module):
                    arrows.append(Arrow(module, target, place))
    return arrows


def target_of_include(included, file, root, modules):
    beside = file.parent / included
    if "/" not in included and beside.exists():
        return module_of(path_in_tree(beside, root), modules)
    return module_of(included[len("src/"):] if included.startswith("src/") else included, modules)


def module_of_target(folder, name, words, modules):
    """A target belongs where its name says (`types` in stages/), else where its first source lies."""
    module = module_of(f"{folder}/{name}".strip("/"), modules)
    if module is None and "SOURCES" in words[:-1]:
        module = module_of(f"{folder}/{words[words.index('SOURCES') + 1]}".strip("/"), modules)
    return module


def read_links(root, rules, errors):
    """The arrows of the CMake files, and the modules that are made there."""
    calls = []
    made = {}
    for file in files_of(root, lambda f: f.name == "CMakeLists.txt"):
        folder = path_in_tree(file.parent, root) if file.parent != root / "src" else ""
        text = re.sub(r"#.*", "", file.read_text(encoding="utf-8"))
        for match in CALL.finditer(text):
            words = match.group(2).split()
            if not words or words[0].startswith("dream::"):  # add_library(dream::kernels ALIAS ...)
                continue
            name = re.sub(r"^dream_", "", words[0])
            module = module_of_target(folder, name, words, rules.modules)
            line = text.count("\n", 0, match.start()) + 1
            place = f"{file.relative_to(root)}:{line}"
            if module is None:
                errors.append(f"{place}: {words[0]} belongs to no module of docs/architecture.md; add a line for it")
                continue
            if match.group(1) in ("dream_module", "add_library"):
                made[name] = module
            calls.append((module, words[1:], place))
    arrows = []
    for module, words, place in calls:
        for word in words:
            target = made.get(word[len("dream::"):]) if word.startswith("dream::") else None
            if target not in (None, module):
                arrows.append(Arrow(module, target, place))
    return arrows, set(made.values())


def check_allowed(arrows, rules, errors):
    for arrow in arrows:
        if arrow.target not in rules.modules[arrow.source]:
            errors.append(f"{arrow.place}: {arrow.source} may not use {arrow.target} (docs/architecture.md)")


def check_linked(includes, links, made, errors):
    """A module that includes another also links it, itself or through what it links."""
    graph = collections.defaultdict(set)
    for arrow in links:
        graph[arrow.source].add(arrow.target)
    for arrow in includes:
        if arrow.target in made and arrow.source in made and arrow.target not in reach(graph, arrow.source):
            errors.append(f"{arrow.place}: {arrow.source} includes {arrow.target} but does not link it")


def reach(graph, start):
    seen, todo = set(), [start]
    while todo:
        for target in graph.get(todo.pop(), ()):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def check_cycles(graph, what, errors):
    in_cycle = sorted(name for name in graph if name in reach(graph, name))
    if in_cycle:
        errors.append(f"{what}: a cycle through {', '.join(in_cycle)}")


def check(root):
    """Returns (errors, arrows, rules)."""
    errors = []
    rules = read_rules(root)
    includes = read_includes(root, rules, errors)
    links, made = read_links(root, rules, errors)
    check_allowed(includes + links, rules, errors)
    check_linked(includes, links, made, errors)
    check_cycles(rules.modules, "docs/architecture.md", errors)
    used = collections.defaultdict(set)
    for arrow in includes + links:
        used[arrow.source].add(arrow.target)
    check_cycles(used, "the code", errors)
    return errors, includes + links, rules


# --- self-test: small trees with one thing wrong, each of which must be found -------------------------------------

GOOD = {
    "docs/architecture.md": "x\n```modules\nbase:\ntext: base\nstages/types: base\nstages/chunk: base, text, stages/types\n"
                            "jobs: base, text\n```\n```outside\nmpi.h: base\n```\n",
    "src/base/a.hpp": "#include <mpi.h>\n",
    "src/base/CMakeLists.txt": "dream_module(base SOURCES a.cpp)",
    "src/text/t.hpp": '#include "base/a.hpp"\n#include "u.hpp"\n',
    "src/text/u.hpp": "",
    "src/text/CMakeLists.txt": "dream_module(text SOURCES t.cpp PUBLIC dream::base)",
    "src/stages/types.hpp": '#include "base/a.hpp"\n',
    "src/stages/CMakeLists.txt": "dream_module(types SOURCES types.cpp PUBLIC dream::base)\n"
                                 "dream_module(cuts SOURCES chunk/cuts.cpp PUBLIC dream::types)",
    "src/stages/chunk/c.cpp": '#include "stages/types.hpp"\n#include "text/t.hpp"\n',
    "src/stages/chunk/CMakeLists.txt": "dream_module(chunk SOURCES c.cpp PUBLIC dream::types PRIVATE dream::text)",
    "jobs/main.cpp": '#include "text/t.hpp"\n',
    "jobs/CMakeLists.txt": "dream_program(main SOURCES main.cpp LINK dream::text)",
}

PLANTED = [  # file, its new content, what the report must say
    ("src/base/a.hpp", '#include "text/t.hpp"\n', "src/base/a.hpp:1: base may not use text"),
    ("src/text/u.hpp", '\n#include "stages/chunk/c.hpp"\n', "src/text/u.hpp:2: text may not use stages/chunk"),
    ("src/text/u.hpp", '#include "../jobs/main.hpp"\n#include "jobs/main.hpp"\n', "text may not use jobs"),
    ("src/text/u.hpp", "#include <mpi.h>\n", "src/text/u.hpp:1: text may not include <mpi.h>; only base may"),
    ("src/new/n.cpp", "", "src/new/n.cpp: belongs to no module"),
    ("src/text/CMakeLists.txt", "dream_module(text SOURCES t.cpp PUBLIC dream::types)", "text may not use stages/types"),
    ("src/text/CMakeLists.txt", "dream_module(text SOURCES t.cpp)", "text includes base but does not link it"),
    ("src/stages/chunk/CMakeLists.txt", "dream_module(chunk SOURCES c.cpp)\n"
     "target_link_libraries(dream_chunk PUBLIC dream::types)", "includes text but does not link it"),
    ("docs/architecture.md", "```modules\nbase: text\ntext: base\nstages/types: base\nstages/chunk: base, text, stages/types\n"
     "jobs: base, text\n```\n", "docs/architecture.md: a cycle through base, text"),
]


def errors_of(tree):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, content in tree.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content, encoding="utf-8")
        return check(root)[0]


def self_test():
    wrong = [f"the good tree: {error}" for error in errors_of(GOOD)]
    for name, content, expected in PLANTED:
        errors = errors_of({**GOOD, name: content})
        if not any(expected in error for error in errors):
            wrong.append(f'planted in {name}: "{expected}" was not reported; reported: {errors}')
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--unused", action="store_true", help="also print allowed arrows that nothing uses")
    parser.add_argument("--self-test", action="store_true", help="check the checker on small planted trees")
    options = parser.parse_args()
    if options.self_test:
        wrong = self_test()
        print("\n".join(wrong) or f"self-test: all {len(PLANTED)} planted faults were found")
        return 1 if wrong else 0
    try:
        errors, arrows, rules = check(options.root)
    except (Problem, OSError) as problem:
        print(problem)
        return 1
    if options.unused:
        used = {(arrow.source, arrow.target) for arrow in arrows}
        for name, uses in rules.modules.items():
            for use in sorted(uses):
                if (name, use) not in used:
                    print(f"allowed, unused: {name} -> {use}")
    print("\n".join(sorted(errors)) or f"layers: {len({(a.source, a.target) for a in arrows})} arrows, all allowed")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
