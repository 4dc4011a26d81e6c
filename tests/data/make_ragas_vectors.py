#!/usr/bin/env python3
"""What ragas makes of a judge's verdicts: the vectors of tests/unit/score/ragas_test.cpp.

    python make_ragas_vectors.py --rules ragas-0.4 | ragas-0.4-legacy | ragas-0.1 [--out ragas] [--rows 20] [--seed 17]

Needs ragas from PyPI: 0.4.3 with langchain-community below 0.4 for the first two, 0.1.7 with langchain below 0.2 for the
last; one virtual environment each. The metrics are the packages' own, the language model and the embedder are scripted:
a row holds what the judge says and the score that the package computes from it, "nan", or "error" for an exception.
The same seed gives the same bytes.
"""
import argparse
import asyncio
import hashlib
import importlib.metadata
import json
import math
import pathlib
import random
import warnings

warnings.simplefilter("ignore")

METRICS = ["faithfulness", "answer_relevancy", "context_precision", "context_recall", "answer_correctness",
           "answer_similarity"]
WORDS = "amber birch cedar delta ember fjord grove heath inlet jetty knoll lagoon marsh north ocean pond".split()


# What the judge says -------------------------------------------------------------------------------------------------

def sentence(rng):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(2, 5))).capitalize() + "."


def statements(rng, most=5):
    return [sentence(rng) for _ in range(rng.randint(1, most))]


def verdicts(rng, texts, odd=False):
    return [[text, rng.choice([0, 1, 2, -1, 3] if odd else [0, 1])] for text in texts]


def plain_row(rng, metric):
    return {"metric": metric, "question": sentence(rng)[:-1] + "?", "answer": " ".join(statements(rng, 3)),
            "contexts": [" ".join(statements(rng, 4)) for _ in range(rng.randint(1, 6))], "reference": sentence(rng), "said": {}}


def random_row(rng, metric, odd):
    """odd: verdicts beyond 0 and 1."""
    row = plain_row(rng, metric)
    said = row["said"]
    if metric in ("faithfulness", "answer_correctness"):
        said["answer"] = statements(rng)
    if metric == "faithfulness":  # the judge may give fewer or more verdicts than it was sent statements
        said["support"] = verdicts(rng, said["answer"] + (statements(rng, 2) if rng.random() < 0.2 else []), odd)
    if metric == "answer_relevancy":
        said["made_up"] = [[sentence(rng)[:-1] + "?", int(rng.random() < 0.25)] for _ in range(3)]
    if metric == "context_precision":
        said["useful"] = [verdict for _, verdict in verdicts(rng, row["contexts"], odd)]
    if metric == "context_recall":
        said["attribution"] = verdicts(rng, statements(rng), odd)
    if metric == "answer_correctness":
        said["reference"] = statements(rng)
        said["classes"] = [rng.randint(0, 4), rng.randint(0, 3), rng.randint(0, 3)]
    return row


def edge_rows(rng, metric):
    """Everything empty, refused or beyond the form that a row can hold. null: a reply that cannot be parsed."""
    def row(said, **change):
        made = random_row(rng, metric, odd=False)
        made["said"].update(said)
        made.update(change)
        if metric == "context_precision" and "useful" not in said:
            made["said"]["useful"] = [rng.choice([0, 1]) for _ in made["contexts"]]
        return made

    five = [sentence(rng) for _ in range(5)]
    rows = []
    if metric == "faithfulness":
        rows += [row({"answer": None}), row({"answer": []}), row({"support": None}), row({"support": []}),
                 row({"answer": [], "support": []}), row({"answer": [], "support": [["Amber.", 1]]}),
                 row({"answer": five[:1], "support": [[five[0], 0]]}), row({"answer": five[:1], "support": [[five[0], 1]]}),
                 row({}, answer=""), row({}, contexts=[]), row({}, contexts=[""])]
    if metric == "answer_relevancy":
        q = [sentence(rng)[:-1] + "?" for _ in range(3)]
        for flags in ([0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1], [2, 0, 0], [0, 0, 5]):
            rows.append(row({"made_up": [[q[i], flags[i]] for i in range(3)]}))
        rows += [row({"made_up": [[q[0], 0]] * 3}), row({"made_up": [["", 0], [q[1], 0], [q[2], 0]]}),
                 row({"made_up": [["", 0], ["", 0], [q[2], 1]]}), row({"made_up": [["", 1], [q[1], 0], ["", 1]]}),
                 row({"made_up": [["", 0], ["", 0], ["", 0]]}), row({"made_up": [["", 1], ["", 1], ["", 1]]}),
                 row({"made_up": [None, [q[1], 0], [q[2], 0]]}), row({"made_up": [[q[0], 0], [q[1], 0], None]}),
                 row({}, answer=""), row({}, contexts=[]), row({}, question="nothing?")]
    if metric == "context_precision":
        for useful in ([1], [0], [1, 1, 1], [0, 0, 0], [0, 1], [1, 0], [0, 0, 1, 1], [1, None, 1], [None]):
            rows.append(row({"useful": useful}, contexts=[sentence(rng) for _ in useful]))
        rows += [row({"useful": []}, contexts=[]), row({}, reference="")]
    if metric == "context_recall":
        rows += [row({"attribution": None}), row({"attribution": []}), row({"attribution": [[five[0], 1]]}),
                 row({"attribution": [[five[0], 0]]}), row({"attribution": [[five[0], 1]] * 4}),
                 row({}, reference=""), row({}, contexts=[]), row({}, contexts=[""])]
    if metric == "answer_correctness":
        for classes in ([0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 2, 3], [3, 0, 2], [3, 2, 0], None):
            rows.append(row({"classes": classes}))
        rows += [row({"answer": []}), row({"reference": []}), row({"answer": [], "reference": []}),
                 row({"answer": None}), row({"reference": None}), row({}, answer=""), row({}, reference=""),
                 row({"answer": [], "classes": [0, 0, 2]}), row({}, answer="nothing"),
                 row({"answer": [], "reference": []}, answer="")]
    if metric == "answer_similarity":
        rows += [row({}, answer=""), row({}, reference=""), row({}, answer="", reference=""), row({}, answer="nothing"),
                 row({}, reference="nothing"), row({}, answer="Amber birch.", reference="Amber birch.")]
    return rows


def vector(text):
    """A direction for every text; none for texts with the word `nothing`, and for the empty text."""
    if not text or text.startswith("nothing"):
        return [0.0] * 4
    return [float(byte) - 128 for byte in hashlib.sha256(text.encode()).digest()[:4]]


# The packages --------------------------------------------------------------------------------------------------------

def named(said, kind):
    """What the judge says to a request of this kind as the package's own JSON; None: rubbish."""
    if said is None:
        return None
    if kind == "statements":
        return {"statements": said}
    if kind == "support":
        return {"statements": [{"statement": s, "reason": "r", "verdict": v} for s, v in said]}
    if kind == "made_up":
        return {"question": said[0], "noncommittal": said[1]}
    if kind == "useful":
        return {"reason": "r", "verdict": said}
    if kind == "attribution":
        return {"classifications": [{"statement": s, "reason": "r", "attributed": v} for s, v in said]}
    names = [[f"{kind}{i}" for i in range(n)] for n in said]
    return {key: [{"statement": s, "reason": "r"} for s in list_] for key, list_ in zip(["TP", "FP", "FN"], names)}


def named_0_1(said, kind):
    """The same for 0.1.7, whose lists have no name."""
    form = named(said, kind)
    if form is None or kind in ("made_up", "useful"):
        return form
    if kind == "classes":
        return {key: [item["statement"] for item in list_] for key, list_ in form.items()}
    return next(iter(form.values()))


def script(row, rules):
    """The judge's replies in the order in which the package asks."""
    said, metric = row["said"], row["metric"]
    form = named_0_1 if rules == "ragas-0.1" else named
    if metric == "faithfulness":
        return [form(said["answer"], "statements"), form(said["support"], "support")]
    if metric == "answer_relevancy":
        return [form(one, "made_up") for one in said["made_up"]]
    if metric == "context_precision":
        return [form(one, "useful") for one in said["useful"]]
    if metric == "context_recall":
        return [form(said["attribution"], "attribution")]
    if metric == "answer_correctness":
        lists = [] if rules == "ragas-0.1" else [form(said["answer"], "statements"), form(said["reference"], "statements")]
        return lists + [form(said["classes"], "classes")]
    return []


class Script:
    """Gives one reply after the other; rubbish is given again to every attempt to repair it."""

    def __init__(self, replies):
        self.replies, self.stuck = list(replies), False

    def next(self):
        if self.stuck:
            return "this is no JSON"
        reply = self.replies.pop(0)
        self.stuck = reply is None
        return "this is no JSON" if reply is None else json.dumps(reply)


class CollectionsOf04:
    """The collections classes of 0.4.3."""

    def __init__(self):
        from ragas.embeddings.base import BaseRagasEmbedding
        from ragas.llms.base import InstructorBaseRagasLLM
        from ragas.metrics import collections

        class Model(InstructorBaseRagasLLM):
            def generate(self, prompt, response_model):
                return response_model.model_validate_json(self.script.next())

            async def agenerate(self, prompt, response_model):
                return self.generate(prompt, response_model)

        class Embedding(BaseRagasEmbedding):
            def embed_text(self, text, **_):
                return vector(text)

            async def aembed_text(self, text, **_):
                return vector(text)

        self.model, embedding = Model(), Embedding()
        self.metrics = {
            "faithfulness": collections.Faithfulness(llm=self.model),
            "answer_relevancy": collections.AnswerRelevancy(llm=self.model, embeddings=embedding),
            "context_precision": collections.ContextPrecision(llm=self.model),
            "context_recall": collections.ContextRecall(llm=self.model),
            "answer_correctness": collections.AnswerCorrectness(llm=self.model, embeddings=embedding),
            "answer_similarity": collections.SemanticSimilarity(embeddings=embedding)}

    FIELDS = {"faithfulness": "user_input response retrieved_contexts", "answer_relevancy": "user_input response",
              "context_precision": "user_input reference retrieved_contexts",
              "context_recall": "user_input retrieved_contexts reference",
              "answer_correctness": "user_input response reference", "answer_similarity": "reference response"}

    async def score(self, row, replies):
        self.model.script = replies
        all_fields = {"user_input": row["question"], "response": row["answer"], "retrieved_contexts": row["contexts"],
                      "reference": row["reference"]}
        wanted = {name: all_fields[name] for name in self.FIELDS[row["metric"]].split()}
        return (await self.metrics[row["metric"]].ascore(**wanted)).value


def langchain_model(base, result):
    """A model for the older classes: `base` is the package's BaseRagasLLM."""
    class Model(base):
        def generate_text(self, prompt, n=1, temperature=0.01, stop=None, callbacks=None):
            return result([self.script.next() for _ in range(n)])

        async def agenerate_text(self, prompt, n=1, temperature=0.01, stop=None, callbacks=None):
            return self.generate_text(prompt, n)

        def is_finished(self, response):
            return True

    return Model


def langchain_embedding(base):
    class Embedding(base):
        def embed_query(self, text):
            return vector(text)

        def embed_documents(self, texts):
            return [vector(text) for text in texts]

        async def aembed_query(self, text):
            return vector(text)

        async def aembed_documents(self, texts):
            return [vector(text) for text in texts]

    return Embedding


def llm_result(texts):
    from langchain_core.outputs import Generation, LLMResult
    return LLMResult(generations=[[Generation(text=text) for text in texts]])


class OlderClasses:
    """The classes that 0.4.3 calls legacy, and those of 0.1.7."""

    def __init__(self, names):
        from ragas import metrics
        from ragas.embeddings.base import BaseRagasEmbeddings
        from ragas.llms.base import BaseRagasLLM
        from ragas.run_config import RunConfig
        config = RunConfig(max_retries=1, max_wait=1)
        model = langchain_model(BaseRagasLLM, llm_result)
        try:
            self.model = model(run_config=config)
        except TypeError:
            self.model = model(config)
        embedding = langchain_embedding(BaseRagasEmbeddings)()
        embedding.set_run_config(config)
        self.names = names
        self.metrics = {}
        for name, path in names.items():
            metric = getattr(metrics, path)()
            for key, value in (("llm", self.model), ("embeddings", embedding)):
                if hasattr(metric, key):
                    setattr(metric, key, value)
            metric.init(config)
            self.metrics[name] = metric


class LegacyOf04(OlderClasses):
    def __init__(self):
        super().__init__({"faithfulness": "Faithfulness", "answer_relevancy": "ResponseRelevancy",
                          "context_precision": "LLMContextPrecisionWithReference", "context_recall": "LLMContextRecall",
                          "answer_correctness": "AnswerCorrectness", "answer_similarity": "SemanticSimilarity"})
        self.model.multiple_completion_supported = True

    async def score(self, row, replies):
        from ragas.dataset_schema import SingleTurnSample
        self.model.script = replies
        sample = SingleTurnSample(user_input=row["question"], response=row["answer"], retrieved_contexts=row["contexts"],
                                  reference=row["reference"])
        return await self.metrics[row["metric"]]._single_turn_ascore(sample, callbacks=[])


class Of01(OlderClasses):
    def __init__(self):
        super().__init__({"faithfulness": "Faithfulness", "answer_relevancy": "AnswerRelevancy",
                          "context_precision": "ContextPrecision", "context_recall": "ContextRecall",
                          "answer_correctness": "AnswerCorrectness", "answer_similarity": "AnswerSimilarity"})

    async def score(self, row, replies):
        self.model.script = replies
        fields = {"question": row["question"], "answer": row["answer"], "contexts": row["contexts"],
                  "ground_truth": row["reference"]}
        return await self.metrics[row["metric"]]._ascore(fields, callbacks=[], is_async=True)


PEERS = {"ragas-0.4": (CollectionsOf04, "0.4.3"), "ragas-0.4-legacy": (LegacyOf04, "0.4.3"), "ragas-0.1": (Of01, "0.1.7")}


# Rows ----------------------------------------------------------------------------------------------------------------

async def expected(peer, row, rules):
    try:
        value = float(await peer.score(row, Script(script(row, rules))))
    except IndexError:
        raise  # the script ran dry: a mistake of this file
    except Exception as error:  # whatever the package throws is its answer
        row["error"] = type(error).__name__
        return "error"
    return "nan" if math.isnan(value) else value


async def make(rules, rows, seed):
    rng = random.Random(f"{rules} {seed}")
    peer, version = PEERS[rules]
    found = importlib.metadata.version("ragas")
    if found != version:
        raise SystemExit(f"{rules} is ragas {version}; this environment has {found}")
    peer = peer()
    out = []
    for metric in METRICS:
        made = edge_rows(rng, metric) + [random_row(rng, metric, odd=i % 4 == 3) for i in range(rows)]
        for row in made:
            row["expected"] = await expected(peer, row, rules)
            texts = [row["question"], row["answer"], row["reference"], "", " "]
            texts += [one[0] for one in row["said"].get("made_up", []) if one]
            row["vectors"] = {text: vector(text) for text in texts}
            out.append(row)
    return {"rules": rules, "ragas": found, "rows": out}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rules", choices=PEERS, required=True)
    parser.add_argument("--out", default=pathlib.Path(__file__).parent / "ragas", type=pathlib.Path)
    parser.add_argument("--rows", default=20, type=int, help="random rows for each metric, beside the edge cases")
    parser.add_argument("--seed", default=17, type=int)
    options = parser.parse_args()
    made = asyncio.run(make(options.rules, options.rows, options.seed))
    options.out.mkdir(parents=True, exist_ok=True)
    rows = ",\n".join(json.dumps(row) for row in made.pop("rows"))
    path = options.out / f"{options.rules}.json"
    path.write_text(json.dumps(made)[:-1] + ', "rows": [\n' + rows + "\n]}\n")
    print(f"{path}: {rows.count(chr(10)) + 1} rows")


if __name__ == "__main__":
    main()
