#!/usr/bin/env python3
"""Links of the Markdown files: none is dead, and every code and type of docs/errors.md leads to docs/troubleshooting.md.

usage: tools/check_links.py [--root FOLDER] [--self-test] [--mend]

A relative link must lead to a file, and its #anchor to a heading or an id there. Addresses of the web are not asked. In
docs/errors.md the code of a table's row is a link to the anchor of its name; --mend makes those links in rows that lack
them. Standard library only.
"""
import argparse
import pathlib
import re
import sys
import tempfile

LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.M)
ID = re.compile(r'<a id="([^"]+)">')
FENCE = re.compile(r"^```.*?^```", re.M | re.S)
ROW = re.compile(r"^(\| (?:\d+ \| )?)(?:`(\w+)`|\[`(\w+)`\]\(([^)]*)\))( \|)", re.M)
SKIPPED = {".git", "build", "models", "data"}
ERRORS, REMEDIES = "docs/errors.md", "docs/troubleshooting.md"


def pages(root):
    for path in sorted(root.rglob("*.md")):
        if not SKIPPED.intersection(path.relative_to(root).parts[:-1]):
            yield path


def anchors(text):
    """As GitHub names headings, and ids that stand there."""
    text = FENCE.sub("", text)
    found = set(ID.findall(text))
    for heading in HEADING.findall(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"<[^>]*>", "", heading))
        found.add(re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-"))
    return found


def target_of(code):
    return f"{pathlib.PurePath(REMEDIES).name}#{code.lower()}"


def dead_links(root):
    for page in pages(root):
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        for link in LINK.findall(re.sub(r"(?<!\[)`[^`\n]*`", "", text)):
            if re.match(r"[a-z]+:", link):
                continue
            file, _, anchor = link.partition("#")
            where = (page.parent / file).resolve() if file else page
            name = page.relative_to(root)
            if not where.exists():
                yield f"{name}: {link}: no such file"
            elif anchor and where.suffix == ".md" and anchor not in anchors(where.read_text(encoding="utf-8")):
                yield f"{name}: {link}: no such heading or id there"


def codes_without_remedy(root):
    for row in ROW.finditer((root / ERRORS).read_text(encoding="utf-8")):
        code, link = row.group(2) or row.group(3), row.group(4)
        if link != target_of(code):
            yield f"{ERRORS}: {code} does not lead to {target_of(code)}; write its entry there, then tools/check_links.py --mend"


def check(root):
    return [*dead_links(root), *codes_without_remedy(root)]


def mend(root):
    path = root / ERRORS
    text = path.read_text(encoding="utf-8")

    def linked(row):
        code = row.group(2) or row.group(3)
        return f"{row.group(1)}[`{code}`]({target_of(code)}){row.group(5)}"

    path.write_text(ROW.sub(linked, text), encoding="utf-8")


GOOD = {
    "README.md": "# A b\n[here](#a-b) and [there](docs/errors.md#exit-codes), [web](https://example.org/x#y)\n`[no](link)`\n",
    ERRORS: "## Exit codes\n| 0 | [`ok`](troubleshooting.md#ok) | x |\n| [`OddError`](troubleshooting.md#odderror) | 1 |\n",
    REMEDIES: '# Help\n| <a id="ok"></a><a id="odderror"></a>`ok` |\n[`code`](errors.md)\n',
}
PLANTED = [  # file, text that replaces another, what the report must say
    ("README.md", "#a-b", "#a-c", "README.md: #a-c"),
    ("README.md", "docs/errors.md#exit-codes", "docs/error.md", "docs/error.md: no such file"),
    ("README.md", "#exit-codes", "#codes", "no such heading"),
    (REMEDIES, '<a id="ok"></a>', "", "troubleshooting.md#ok: no such heading"),
    (ERRORS, "[`ok`](troubleshooting.md#ok)", "`ok`", "ok does not lead"),
    (ERRORS, "troubleshooting.md#odderror", "troubleshooting.md#ok", "OddError does not lead"),
]


def run_on(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        found = check(root)
        mend(root)
        return found, list(codes_without_remedy(root))


def self_test():
    failures = [f"a fault in a sound tree: {fault}" for fault in run_on(GOOD)[0]]
    for name, old, new, wanted in PLANTED:
        found, left = run_on({**GOOD, name: GOOD[name].replace(old, new)})
        if len(found) != 1 or wanted not in found[0]:
            failures.append(f"planted {new!r} in {name}, wanted {wanted!r}, found {found}")
        failures += [f"--mend left: {fault}" for fault in left]
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--mend", action="store_true")
    arguments = parser.parse_args()
    if arguments.mend:
        mend(arguments.root)
    errors = self_test() if arguments.self_test else check(arguments.root.resolve())
    print("\n".join(errors) if errors else "links: all of them lead somewhere")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
