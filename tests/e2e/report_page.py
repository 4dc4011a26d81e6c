"""report.html of a small sweep in a real browser: no console error, and sorting, brushing and drill-down do what they say,
also on a phone and in the dark. DREAM_SCREENSHOTS=FOLDER keeps pictures of it.
"""
import json
import os
import pathlib
import re

import browser
import harness
import judge

HOSTILE = ('</script><script>document.title = "taken"</script><img src=x onerror="document.title = \'taken\'"> '
           '"quoted" =HYPERLINK("http://example.org","click") & &lt;b&gt;')


def block(page):
    """The data of a page."""
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S).group(1))


class ReportPage(harness.Case):
    def setUp(self):
        browser.find()
        super().setUp()
        self.corpus, self.golden = corpus, golden = harness.make_corpus(self.folder, documents=24, questions=10)
        for file in corpus.iterdir():
            file.write_text(file.read_text().replace("The largest town", HOSTILE + " The largest town"))
        (corpus / "odd <b>name & \"quotes\".docx").write_bytes(b"PK\x03\x04")
        self.config = harness.write_config(self.folder, corpus, golden)
        self.assert_ok(harness.sweep(2, self.config))
        self.page_file = self.folder / "results" / "report.html"

    def open(self, **how):
        page = browser.Page(self.page_file.as_uri(), **how)
        page.run("ready.then(() => 0)")  # its texts are unpacked
        return page

    def keep(self, page, name):
        folder = os.environ.get("DREAM_SCREENSHOTS")
        if folder:
            page.screenshot(pathlib.Path(folder) / f"{name}.png")

    def column(self, page, name):
        """What the table shows in a column, from the top."""
        return page.run(f"""(() => {{
            const heads = [...document.querySelectorAll('#trial-table th')];
            const at = heads.findIndex((head) => head.textContent === {json.dumps(name)});
            return [...document.querySelectorAll('#trial-table tbody tr')].map((row) => row.cells[at].firstChild.textContent);
        }})()""")

    def click(self, page, script):
        """A real click on an element that a script finds."""
        x, y = page.run(f"""(() => {{
            const found = {script};
            found.scrollIntoView({{block: 'center', inline: 'center'}});
            const box = found.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        page.drag(x, y, x, y)

    def head(self, page, name):
        self.click(page, f"[...document.querySelectorAll('#trial-table th button')].find((b) => b.textContent === '{name}')")

    def brush(self, page, axis, low, high):
        """Drags over a share of an axis, from the bottom."""
        x, top, height = page.run(f"""(() => {{
            const hit = document.querySelector('.hit[data-axis="{axis}"]');
            hit.scrollIntoView({{block: 'center', inline: 'center'}});
            const box = hit.getBoundingClientRect();
            return [box.x + box.width / 2, box.y, box.height];
        }})()""")
        page.drag(x, top + height * (1 - low), x, top + height * (1 - high))

    def test_a_reader_sorts_brushes_and_opens_answers(self):
        with self.open() as page:
            self.assertEqual(page.run("document.title"), "e2e: dream_sweep report")
            verdict = json.loads((self.folder / "results/manifest.json").read_text())["verdict"]
            self.assertEqual(page.run("document.getElementById('sentence').textContent"), verdict)
            self.assertTrue(page.run("document.querySelector('h1').textContent").startswith("Trial "))
            self.assertGreaterEqual(page.run("document.querySelectorAll('#next-steps li').length"), 2)
            self.assertIn("cost nothing", page.run("document.getElementById('cost').textContent"))
            stages = page.run("[...document.querySelectorAll('#stage-graph .stage-name')].map((name) => name.textContent)")
            self.assertEqual(stages, ["read", "gold", "chunk", "embed", "query", "index", "search", "select", "score"])
            self.assertRegex(page.run("document.querySelector('#trial-table tbody tr').textContent"), r"\(0\.\d+ to 0\.\d+\) · 100 %")
            self.keep(page, "desktop-light")

            self.assertEqual(len(self.column(page, "trial")), 12)
            self.head(page, "answer correctness")
            falling = [float(text) for text in self.column(page, "answer correctness")]
            self.assertEqual(falling, sorted(falling, reverse=True))
            self.head(page, "answer correctness")
            self.assertEqual([float(text) for text in self.column(page, "answer correctness")], falling[::-1])
            self.assertGreater(len(set(falling)), 1, "equal scores prove no sorting")
            # The keyboard does it too.
            page.run("[...document.querySelectorAll('#trial-table th button')].find((b) => b.textContent === 'top k').focus()")
            page.press("Enter", 13)
            self.assertEqual(self.column(page, "top k"), ["2"] * 6 + ["4"] * 6)

            self.brush(page, "top_k", 0.01, 0.5)
            self.assertEqual(self.column(page, "top k"), ["2"] * 6)
            self.assertEqual(page.run("document.querySelectorAll('.line:not(.out)').length"), 6)
            self.brush(page, "embedder", 0.5, 1.05)
            self.assertEqual(self.column(page, "embedder"), ["wide"] * 3)
            self.keep(page, "desktop-brushed")
            self.click(page, "document.getElementById('clear-brushes')")
            self.assertEqual(len(self.column(page, "trial")), 12)

            opened = page.run("document.querySelectorAll('#trial-table tbody button')[5].textContent")
            self.click(page, "document.querySelectorAll('#trial-table tbody button')[5]")
            heads = page.run("[...document.querySelectorAll('.pair h3')].map((head) => head.textContent)")
            self.assertTrue(heads[0].startswith(f"trial {opened}:"), heads)
            before = page.run("document.querySelector('#detail h3').textContent")
            self.click(page, "document.getElementById('next')")
            self.assertNotEqual(page.run("document.querySelector('#detail h3').textContent"), before)
            self.click(page, "document.querySelector('.pair details summary')")
            passage = page.run("document.querySelector('.pair details[open] .text').textContent")
            self.assertGreater(len(passage), 20)
            self.keep(page, "desktop-answers")
            self.assertEqual(page.problems, [])

    def test_a_hostile_document_shows_as_text(self):
        with self.open() as page:
            shown = page.run("""data.questions.some((_, i) => {
                document.getElementById('question').selectedIndex = i;
                show_question();
                return document.getElementById('detail').textContent.includes('<script>document.title = "taken"</script>');
            })""")
            self.assertTrue(shown, "the hostile passage is nowhere, so nothing is proved")
            self.assertEqual(page.run("document.title"), "e2e: dream_sweep report")
            self.assertEqual(page.run("document.querySelectorAll('script').length"), 3)
            self.assertEqual(page.run("document.querySelectorAll('img, b').length"), 0)
            self.assertIn('odd <b>name & "quotes".docx', page.run("document.getElementById('failures').textContent"))
            self.assertEqual(page.problems, [])

    def test_the_judge_s_verdicts_stand_beside_each_answer(self):
        endpoint = judge.Judge()
        self.addCleanup(endpoint.close)
        more = f'[models.judge]\nkind = "openai"\nbase_url = "{endpoint.url}"\nmodel = "judge"\n[judge]\nllm = "judge"\njson_schema = false\n'
        judged = harness.write_config(self.folder / "judged", self.corpus, self.golden, buckets=8, more=more, embedders='["small"]',
                                      methods='{ name = "sentence_window", window = 1 }')
        self.assert_ok(harness.sweep(2, judged))
        self.page_file = self.folder / "judged/results/report.html"
        with self.open() as page:
            heads = page.run("[...document.querySelectorAll('.pair > div:first-child .remarks h4')].map((head) => head.textContent)")
            self.assertEqual(sorted(heads), ["answer correctness", "answer relevancy", "context precision", "context recall", "faithfulness"])
            said = page.run("document.querySelector('.remarks li small').parentElement.textContent")
            self.assertRegex(said, r"(?s)^[✓✗] (not )?(supported|useful|in the contexts) .*words$")
            self.assertEqual(page.run("document.querySelectorAll('.remarks').length"), 2, "side by side")
            self.assertEqual(page.run("document.querySelector('#calls tbody td').textContent"), "judge")
            self.keep(page, "desktop-judged")
            self.assertEqual(page.problems, [])

    def test_only_what_was_measured_depends_on_the_ranks(self):
        again = harness.write_config(self.folder / "again", self.corpus, self.golden)
        self.assert_ok(harness.sweep(3, again))
        one, other = block(self.page_file.read_text()), block((self.folder / "again/results/report.html").read_text())
        self.assertNotEqual(one.pop("measured"), other.pop("measured"))
        self.assertEqual(one, other)

    def test_a_phone_in_the_dark_scrolls_only_downwards(self):
        with self.open(width=390, height=844, phone=True) as page:
            self.assertLessEqual(page.run("document.documentElement.scrollWidth"), 390)
            self.keep(page, "phone-light")
            light = page.run("getComputedStyle(document.body).backgroundColor")
        with self.open(width=390, height=844, phone=True, dark=True) as page:
            self.assertNotEqual(page.run("getComputedStyle(document.body).backgroundColor"), light)
            self.keep(page, "phone-dark")
            self.assertEqual(page.problems, [])
        with self.open(dark=True) as page:
            self.keep(page, "desktop-dark")

    def test_a_script_that_is_not_the_page_s_own_does_not_run(self):
        page_text = self.page_file.read_text()
        self.page_file.write_text(page_text.replace("<header>", "<script>document.title = 'taken'</script><header>"))
        with self.open() as page:
            self.assertEqual(page.run("document.title"), "e2e: dream_sweep report")
            self.assertIn("Content Security Policy", "".join(page.problems))


if __name__ == "__main__":
    harness.main()
