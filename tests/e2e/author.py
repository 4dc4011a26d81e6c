"""A language model that writes questions for dream_golden, without a model: an endpoint whose replies are a function of the
request alone. It takes a sentence of a passage, asks what follows its first words, and answers by looking for them.
"""
import collections
import json
import pathlib
import re
import threading
import tomllib
import zlib

import local_server

PROMPTS = pathlib.Path(__file__).resolve().parents[2] / "inputs" / "prompts"
LEAD = 4  # words of a sentence that a question names


def instructions():
    """{the instruction of a prompt: its name}"""
    return {tomllib.loads(path.read_text())["instruction"]: path.stem.removeprefix("testset_")
            for path in PROMPTS.glob("testset_*.toml")}


def sentences(text):
    return [part.split() for part in re.split(r"(?<=[.!?])\s+", text)]


def fact(passage, salt):
    """(first words, the rest) of a sentence that is long enough, or None."""
    long = [s for s in sentences(passage) if len(s) >= LEAD + 3 and not any(c in " ".join(s) for c in '"\\')]
    if not long:
        return None
    chosen = long[zlib.crc32(f"{salt}{passage}".encode()) % len(long)]
    return " ".join(chosen[:LEAD]), " ".join(chosen[LEAD:])


def draft(kind, said, seed):
    facts = [fact(passage, seed) for passage in said["passages"]]
    if None in facts:
        return {"question": "", "answer": ""}
    if kind == "unanswerable":
        return {"question": f'What follows "{facts[0][0]} {zlib.crc32(facts[0][1].encode()):x}"?', "answer": "The documents do not say."}
    question = " and what follows ".join(f'"{lead}"' for lead, _ in facts)
    return {"question": f"What follows {question}?", "answer": "; ".join(rest for _, rest in facts)}


def blind(said):
    """Finds what the question names in the passages, and nothing else."""
    if "duplicate" in said["question"]:
        return {"answerable": 1, "answer": "That is so."}
    text = " ".join(" ".join(passage.split()) for passage in said["passages"])
    found = []
    for lead in re.findall(r'"([^"]*)"', said["question"]):
        at = text.find(lead + " ")
        if at < 0:
            return {"answerable": 0, "answer": ""}
        found.append(re.split(r"(?<=[.!?])\s", text[at + len(lead) + 1:])[0])
    return {"answerable": int(bool(found)), "answer": "It is: " + "; ".join(found)}


def reply(step, said, seed):
    """The reply to a request, as an object."""
    if step == "critique":
        return {"reason": "words", "self_contained": int("this quarter" not in said["question"]),
                "gives_answer_away": int("sesame" in said["question"])}
    if step == "blind":
        return blind(said)
    if step == "compare":
        return {"reason": "words", "same": int(said["reference"].rstrip(".") in said["answer"])}
    return draft(step, said, seed)


class Author(local_server.Server):
    """`spoil(step, said, reply)` may make another reply of it: an object, a text, or None for a refusal. `stop_at`: the number of
    the request at which `stop` is called."""

    def __init__(self, spoil=lambda step, said, reply: reply, stop_at=0, stop=lambda: None):
        outer = self
        self.asked = collections.Counter()  # body -> times
        self.steps = collections.Counter()
        self.requests = 0
        self.lock = threading.Lock()
        names = instructions()

        class Handler(local_server.Handler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = json.loads(body)
                messages = request["messages"]
                step = names[messages[0]["content"].split("\n\nJSON schema of the reply:")[0]]
                inputs = [m["content"] for m in messages if m["role"] == "user" and m["content"].startswith("Input:\n")]
                said = json.loads(inputs[-1][len("Input:\n"):])
                with outer.lock:
                    outer.requests += 1
                    outer.asked[body] += 1
                    outer.steps[step] += 1
                    if outer.requests == stop_at:
                        stop()
                content = spoil(step, said, reply(step, said, request.get("seed")))
                message = {"role": "assistant", "content": content if isinstance(content, str) else json.dumps(content)}
                if content is None:
                    message = {"role": "assistant", "content": None, "refusal": "I would rather not."}
                self.reply(200, {"choices": [{"message": message, "finish_reason": "stop"}],
                                 "usage": {"prompt_tokens": len(body) // 4, "completion_tokens": 20}})

            def do_GET(self):
                self.reply(200, {"data": [{"id": "author-1"}]})

        super().__init__(Handler)
