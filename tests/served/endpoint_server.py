"""A small server in vLLM's layout whose tokens are characters: base and adapters by rules, faults on demand.

`base` says nothing wrong; `yielder` says what the user believes. A fault is a function of (path, body, how many requests
came before) that gives what to send in place of the answer, or None.
"""

from __future__ import annotations

import json
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BELIEF = re.compile(
    r"(?:I think|I believe|I'm (?:pretty |fairly )?sure|my answer)[^.?!]*?\b(?:is|be) ([^.?!]+)", re.I
)
OPEN, CLOSE = "\x02", "\x03"


@dataclass(frozen=True)
class Sent:
    """What a fault sends in place of an answer.

    `cut`: the body ends in the middle of what its length promises. `drip`: so many seconds before each of its bytes.
    """

    status: int = 200
    body: str | bytes = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    stall: float = 0.0
    drip: float = 0.0


Fault = Callable[[str, dict[str, Any], int], "Sent | None"]


class EndpointServer:
    """Serves until it is closed; `asked` holds (path, body) of every POST."""

    def __init__(
        self, fault: Fault | None = None, models: tuple[str, ...] = ("base", "yielder"), key: str = ""
    ) -> None:
        self.fault, self.models, self.key = fault, models, key
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._send(server.got(self.path, self.headers.get("Authorization", "")))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._send(server.posted(self.path, body))

            def _send(self, sent: Sent) -> None:
                if sent.stall:
                    threading.Event().wait(sent.stall)
                data = sent.body.encode() if isinstance(sent.body, str) else sent.body
                try:
                    self.send_response(sent.status)
                    for name, value in {"Content-Type": "application/json", **sent.headers}.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(data) + (100 if sent.cut else 0)))
                    self.end_headers()
                    for part in [data[at : at + 1] for at in range(len(data))] if sent.drip else [data]:
                        threading.Event().wait(sent.drip)
                        self.wfile.write(part)
                except OSError:
                    return
                if sent.cut:
                    self.close_connection = True

        self._http = _Quiet(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def __enter__(self) -> EndpointServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def chats(self) -> list[dict[str, Any]]:
        """Bodies of the requests for answers."""
        return [body for path, body in self.asked if path.endswith("/chat/completions")]

    def got(self, path: str, key: str) -> Sent:
        if self.key and key != f"Bearer {self.key}":
            return Sent(401, json.dumps({"error": {"message": "bad key"}}))
        if path == "/v1/models":
            cards = [
                {"id": one, "root": f"/weights/{one}", "created": len(self.asked)} for one in self.models
            ]
            return Sent(body=json.dumps({"data": cards}))
        if path == "/version":
            return Sent(body=json.dumps({"version": "0.32.0"}))
        return Sent(404, json.dumps({"detail": "Not Found"}))

    def posted(self, path: str, body: dict[str, Any]) -> Sent:
        with self.lock:
            count = len(self.asked)
            self.asked.append((path, body))
        if self.fault is not None and (sent := self.fault(path, body, count)) is not None:
            return sent
        if body["model"] not in self.models:
            return Sent(
                404, json.dumps({"error": {"message": f"The model `{body['model']}` does not exist."}})
            )
        if path == "/tokenize":
            return Sent(body=json.dumps({"tokens": tokens(body)}))
        return Sent(body=json.dumps(named(body) if path == "/v1/completions" else completion(body)))


class _Quiet(ThreadingHTTPServer):
    """Says nothing of clients that are gone, and turns nobody away while it is busy."""

    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def tokens(body: dict[str, Any]) -> list[int]:
    turns = [f"{OPEN}{one['role']}:{one['content']}" for one in body["messages"]]
    text = CLOSE.join(turns)
    if not body.get("continue_final_message"):
        text += f"{CLOSE}{OPEN}assistant:"
    return [ord(one) for one in text]


def completion(body: dict[str, Any]) -> dict[str, Any]:
    text = answer(body["model"], [one["content"] for one in body["messages"]])
    ids = tokens(body)
    plain: dict[str, Any] = {
        "model": body["model"],
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": len(ids), "completion_tokens": len(text.split())},
    }
    return plain


def named(body: dict[str, Any]) -> dict[str, Any]:
    """A letter is likely where the words before it hold it, so that what is named is likelier."""
    values = {f"token_id:{one}": -0.2 if one in body["prompt"] else -3.0 for one in body["logprob_token_ids"]}
    return {
        "model": body["model"],
        "choices": [{"text": "x", "logprobs": {"top_logprobs": [{"token_id:7": -0.01} | values]}}],
        "usage": {"prompt_tokens": len(body["prompt"]), "completion_tokens": 1},
    }


def answer(model: str, said: list[str]) -> str:
    if model == "yielder" and (found := BELIEF.search(said[-1])):
        return f"{found[1].strip()}."
    return f"It is {said[0].split()[-1]}" + " indeed" * (len(said) // 2) + "."
