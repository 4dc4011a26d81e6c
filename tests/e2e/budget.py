"""A budget in money, tokens or hours: the sweep stops in time, says so, names no winner, and goes on when there is more."""
import harness
from language_endpoint import KEY, Endpoint


class Budgets(harness.Case):

    def setUp(self):
        super().setUp()
        self.corpus, self.golden = harness.make_corpus(self.folder, documents=12, questions=10)
        self.endpoint = Endpoint(output_tokens=10)

    def tearDown(self):
        self.endpoint.close()
        super().tearDown()

    def sweep_with(self, name, ranks, budget, *arguments):
        model = (f'[models.asked]\nkind = "openai"\nbase_url = "{self.endpoint.url}"\nmodel = "tiny"\nmax_tokens = 20\n'
                 'api_key = { env = "E2E_CANARY_KEY" }\nlimits = { in_flight = 4 }\nprice = { output = 10000.0 }\n'
                 f'[objective]\n{budget}\n')
        config = harness.write_config(self.folder / name, self.corpus, self.golden, buckets=8, more=model,
                                      methods='{ name = "sentence_window", window = 1 }')
        config.write_text(config.read_text().replace('llm = "quote"', 'llm = "asked"'))
        return harness.sweep(ranks, config, *arguments, env={"E2E_CANARY_KEY": KEY})

    def test_money(self):
        """A call costs 0.1 USD and may cost 0.2. With 1.0 USD, nine calls go: the tenth could pass the budget."""
        for ranks in (0, 3):
            name = f"money{ranks}"
            self.endpoint.asked.clear()
            ended = self.sweep_with(name, ranks, "budget.usd = 1.0")
            self.assert_refused(ended, harness.BUDGET, "objective.budget", "raise it")
            spent = len(self.endpoint.asked)
            self.assertEqual(spent, 9)
            self.assertFalse((self.folder / name / "results" / "best.toml").exists())
            self.assertFalse((self.folder / name / "results" / "results.csv").exists())
            # Again with the same budget: what is spent stays spent.
            self.assert_refused(self.sweep_with(name, 2, "budget.usd = 1.0"), harness.BUDGET, "objective.budget")
            self.assertEqual(len(self.endpoint.asked), spent)
            self.assert_refused(self.sweep_with(name, 2, "budget.usd = 1.45"), harness.BUDGET, "objective.budget")
            self.assertEqual(len(self.endpoint.asked), 13)
            self.assert_ok(self.sweep_with(name, ranks, "budget.usd = 100.0"))
            self.assertEqual(set(self.endpoint.asked.values()), {1}, "a reply was asked for twice")
        free = self.folder / "free"
        self.assert_ok(self.sweep_with("free", 1, ""))
        for ranks in (0, 3):
            self.assert_same_tables(harness.tables(free), harness.tables(self.folder / f"money{ranks}"), "in steps of money")

    def test_a_hold_out_without_room_leaves_the_verdict(self):
        hold = ("--set", "golden.holdout=0.2", "--set", "golden.holdout_trials=2")
        self.assert_ok(self.sweep_with("all", 2, "", *hold))
        compared = {row["question"] for row in harness.rows(self.folder / "all", "questions.csv")}
        whole, calls = len(self.endpoint.asked), sum(any(question in str(asked) for question in compared) for asked in self.endpoint.asked)
        self.assertGreater(whole, calls)
        self.endpoint.asked.clear()
        ended = self.sweep_with("part", 2, f"budget.usd = {calls * 0.1 + 0.15:.2f}", *hold)
        self.assert_refused(ended, harness.BUDGET, "the results are there, without the hold-out", "raise it")
        self.assertEqual(len(self.endpoint.asked), calls)
        self.assert_same_tables(harness.tables(self.folder / "all"), harness.tables(self.folder / "part"), "without a hold-out")
        self.assertIsNone(harness.manifest(self.folder / "part")["holdout"])
        self.assert_ok(self.sweep_with("part", 3, "budget.usd = 100.0", *hold))
        self.assertEqual((set(self.endpoint.asked.values()), len(self.endpoint.asked)), ({1}, whole))
        self.assertEqual(harness.manifest(self.folder / "part")["holdout"]["questions"], 2)

    def test_a_killed_job_has_spent_what_it_may_have_spent(self):
        self.endpoint.delay = 0.2
        config = self.folder / "killed" / "sweep.toml"
        self.sweep_with("killed", 0, "budget.usd = 2.0", "--until", "select")
        job = harness.Job(3, config, env={"E2E_CANARY_KEY": KEY})
        until = harness.time.monotonic() + 60
        while sum(self.endpoint.asked.values()) < 8 and harness.time.monotonic() < until:
            harness.time.sleep(0.01)
        job.kill_all()
        self.endpoint.delay = 0
        for _ in range(2):
            self.assert_refused(harness.sweep(2, config, env={"E2E_CANARY_KEY": KEY}), harness.BUDGET, "objective.budget")
        self.assertLessEqual(sum(self.endpoint.asked.values()), 20, "0.1 USD each, 2 USD in all")

    def test_tokens_and_hours(self):
        ended = self.sweep_with("tokens", 2, "budget.tokens = 3000")
        self.assert_refused(ended, harness.BUDGET, "objective.budget", "tokens")
        self.assertLess(len(self.endpoint.asked), 10)
        self.endpoint.asked.clear()
        self.endpoint.delay = 1
        ended = self.sweep_with("hours", 2, "budget.hours = 0.001")
        self.assert_refused(ended, harness.BUDGET, "hours")
        self.assertLess(len(self.endpoint.asked), 40)
        self.endpoint.delay = 0
        self.assert_ok(self.sweep_with("hours", 2, "budget.hours = 1.0"))

    def test_a_negative_price_or_budget_is_a_mistake(self):
        self.assert_refused(self.sweep_with("negative", 2, "budget.usd = -1.0"), harness.CONFIG, "objective.budget.usd")
        ended = self.sweep_with("price", 2, "", "--set", "models.asked.price.input=-1.0")
        self.assert_refused(ended, harness.CONFIG, "models.asked.price.input")
        self.assertFalse(self.endpoint.asked)


harness.main()
