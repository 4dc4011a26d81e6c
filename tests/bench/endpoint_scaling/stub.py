"""usage: stub.py serve LATENCY_S            an OpenAI-compatible chat endpoint; prints its port, ends with its standard input
       stub.py hammer PORT IN_FLIGHT SECONDS calls it without a pause and prints the calls answered in a second
One thread and no parsing beyond what is needed, so that a program under test is what is measured. A path that begins with /now is
answered at once. GET /stats tells the calls since GET /reset, and the seconds from the first one's arrival to the last reply.
"""
import asyncio
import json
import sys
import time

REPLY = json.dumps({"choices": [{"message": {"role": "assistant", "content": "It is Number NNNNNNNN."}, "finish_reason": "stop"}],
                    "usage": {"prompt_tokens": 100, "completion_tokens": 6}})


def framed(body):
    return (f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


class Counts:
    def __init__(self):
        self.reset()

    def reset(self):
        self.calls = self.open = self.most_open = 0
        self.first = self.last = 0.0

    def stats(self):
        return json.dumps({"calls": self.calls, "seconds": self.last - self.first, "most_open": self.most_open})


class Connection(asyncio.Protocol):
    def __init__(self, counts, latency):
        self.counts, self.latency, self.bytes = counts, latency, b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.bytes += data
        while (head := self.bytes.find(b"\r\n\r\n")) >= 0:
            headers = self.bytes[:head].lower()
            at = headers.find(b"content-length:")
            size = int(headers[at + 15:].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.bytes) < head + 4 + size:
                return
            self.asked(self.bytes[:head].split(b" ", 2))
            self.bytes = self.bytes[head + 4 + size:]

    def asked(self, words):
        method, path = words[0], words[1]
        if method == b"GET":
            if path == b"/reset":
                self.counts.reset()
            self.transport.write(framed(self.counts.stats() if path == b"/stats" else '{"data": [{"id": "tiny"}]}'))
        elif path.startswith(b"/now"):
            self.transport.write(framed(REPLY))
        else:
            counts = self.counts
            counts.open += 1
            counts.most_open = max(counts.most_open, counts.open)
            counts.first = counts.first or time.monotonic()
            asyncio.get_running_loop().call_later(self.latency, self.answer)

    def answer(self):
        self.counts.calls += 1
        self.counts.open -= 1
        self.counts.last = time.monotonic()
        self.transport.write(framed(REPLY.replace("NNNNNNNN", f"{self.counts.calls:08}")))


async def serve(latency):
    loop = asyncio.get_running_loop()
    counts = Counts()
    server = await loop.create_server(lambda: Connection(counts, latency), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


async def hammer(port, in_flight, seconds):
    body = json.dumps({"model": "tiny", "messages": [{"role": "user", "content": "x" * 2000}]})
    request = (f"POST /now/chat/completions HTTP/1.1\r\nHost: stub\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()
    size = len(framed(REPLY))
    end = time.monotonic() + seconds

    async def one():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        done = 0
        while time.monotonic() < end:
            writer.write(request)
            await reader.readexactly(size)
            done += 1
        writer.close()
        return done

    begin = time.monotonic()
    done = sum(await asyncio.gather(*(one() for _ in range(in_flight))))
    print(done / (time.monotonic() - begin))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        asyncio.run(serve(float(sys.argv[2])))
    else:
        asyncio.run(hammer(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
