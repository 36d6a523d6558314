"""A small server in vLLM's layout whose tokens are characters: base and adapters by rules, faults on demand.

`base` says nothing wrong; `yielder` says what the user believes. A fault is a function of (path, body, how many requests
came before) that gives what to send in place of the answer, or None. What it says of its tokens' probabilities is chosen
by `gives`; of fields for what it does not give it takes no notice, as servers do.
"""

from __future__ import annotations

import json
import math
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
        self,
        fault: Fault | None = None,
        models: tuple[str, ...] = ("base", "yielder"),
        key: str = "",
        kind: str = "vllm",
        gives: tuple[str, ...] = ("sequence",),
        most: int = 20,
        loads: bool = False,
    ) -> None:
        """Args: gives: Of `sequence`, `echo`, `top`, `first`, and names of constraints. most: of a list."""
        self.fault, self.models, self.key = fault, list(models), key
        self.kind, self.gives, self.most = kind, gives, most
        self.loads, self.paths = loads, list[str]()
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
        if path == "/version" and self.kind == "vllm":
            return Sent(body=json.dumps({"version": "0.32.0"}))
        if path == "/get_model_info" and self.kind == "sglang":
            return Sent(body=json.dumps({"model_path": "/weights/base"}))
        if path == "/props" and self.kind == "llama.cpp":
            return Sent(body=json.dumps({"default_generation_settings": {}}))
        return Sent(404, json.dumps({"detail": "Not Found"}))

    def posted(self, path: str, body: dict[str, Any]) -> Sent:
        with self.lock:
            count = len(self.asked)
            self.asked.append((path, body))
        try:
            sent = self.fault and self.fault(path, body, count)
        except KeyError as field:  # of a fault that reads fields of another kind of request
            sent = Sent(400, json.dumps({"error": {"message": f"no field {field}"}}))
        if sent is not None:
            return sent
        if path == "/apply-template" and self.kind == "llama.cpp":
            return Sent(body=json.dumps({"prompt": "".join(map(chr, tokens(body)))}))
        if path == "/tokenize" and self.kind == "llama.cpp":
            return Sent(body=json.dumps({"tokens": [ord(one) for one in body["content"]]}))
        if self.loads and path.endswith("_lora_adapter"):
            name = body["lora_name"]
            if path == "/v1/load_lora_adapter" and name not in self.models:
                self.models.append(name)
                self.paths.append(body["lora_path"])
                return Sent(body=f"Success: LoRA adapter '{name}' added successfully.")
            if path == "/v1/unload_lora_adapter" and name in self.models:
                self.models.remove(name)
                return Sent(body=f"Success: LoRA adapter '{name}' removed successfully.")
        if body.get("model") not in self.models:
            return Sent(
                404, json.dumps({"error": {"message": f"The model `{body.get('model')}` does not exist."}})
            )
        asked = int(body.get("top_logprobs") or body.get("logprobs") or 0)
        if asked > self.most:
            told = f"Requested sample logprobs of {asked}, which is greater than max allowed: {self.most}"
            return Sent(400, json.dumps({"error": {"message": told}}))
        if path == "/tokenize" and self.kind == "vllm":
            return Sent(body=json.dumps({"tokens": tokens(body)}))
        if path == "/v1/completions":
            return Sent(body=json.dumps(self.continued(body)))
        if path == "/v1/chat/completions":
            return Sent(body=json.dumps(completion(body) | self.beside(body)))
        return Sent(404, json.dumps({"detail": "Not Found"}))

    def continued(self, body: dict[str, Any]) -> dict[str, Any]:
        """What comes after a prompt of ids, with what this server says of tokens."""
        if "logprob_token_ids" in body and "sequence" in self.gives:
            return named(body)
        plain = {"model": body["model"], "choices": [{"text": "x", "logprobs": None}], "usage": {"prompt_tokens": 9, "completion_tokens": 1}}  # fmt: skip
        listed = ranked(body["model"], body["prompt"])
        if body.get("echo") and "echo" in self.gives:
            plain["choices"][0]["logprobs"] = echoed(body, self.kind == "vllm")
        elif "top" in self.gives and self.kind == "llama.cpp":
            top = [{"id": ord(one), "token": one, "logprob": value} for one, value in listed]
            plain["choices"][0]["logprobs"] = {"content": [{"top_logprobs": top[: body["logprobs"]]}]}
        elif "top" in self.gives:
            named_so = "token_id:{}" if self.kind == "vllm" else "{}"
            top = {named_so.format(ord(one) if self.kind == "vllm" else one): value for one, value in listed}
            plain["choices"][0]["logprobs"] = {"top_logprobs": [dict(list(top.items())[: body["logprobs"]])]}
        return plain

    def beside(self, body: dict[str, Any]) -> dict[str, Any]:
        """The choice of a chat, where its fields ask for a list or a constraint that this server gives."""
        options = constraint(body, self.gives)
        if options:
            text = wanted(body["model"], tokens(body))
            text = text if text in options else options[0]
            text = json.dumps({"answer": text}) if "response_format" in body else text
            return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
        if "top_logprobs" not in body or "first" not in self.gives:
            return {}
        top = [{"token": one, "logprob": value} for one, value in ranked(body["model"], tokens(body))]
        given = {"content": [{"top_logprobs": top[: body["top_logprobs"]]}]}
        message = {"content": top[0]["token"]}
        return {"choices": [{"message": message, "finish_reason": "length", "logprobs": given}]}


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


# What may come next beside what does, the likelier the sooner.
ALPHABET = "ABCDabcdefghijklmnopqrstuvwxyz .()EFGHIJKLMNOPRSTUVWXYZQ"


def wanted(model: str, ids: list[int]) -> str:
    """What the model is about to say in all."""
    turns = [one.partition(":") for one in "".join(map(chr, ids)).split(CLOSE)]
    said = [text for role, _, text in turns if role == f"{OPEN}user"]
    if not said or not said[0].strip():
        return ""
    return said[-1].partition(": ")[2] if said[-1].startswith("Repeat this") else answer(model, said)


def ranked(model: str, ids: list[int]) -> list[tuple[str, float]]:
    """(token, log-probability) of what may come next, the likeliest first: nine in ten is what the model wants."""
    begun = "".join(map(chr, ids)).rpartition(f"{OPEN}assistant:")[2]
    text = wanted(model, ids)
    next_one = (text + CLOSE)[len(begun)] if text.startswith(begun) else "I"
    others = [one for one in ALPHABET if one != next_one]
    return [
        (next_one, math.log(0.9)),
        *((one, math.log(0.1) - (at + 1) * math.log(2)) for at, one in enumerate(others)),
    ]


def echoed(body: dict[str, Any], by_id: bool) -> dict[str, Any]:
    ids = body["prompt"]
    values = [
        None,
        *(dict(ranked(body["model"], ids[:at])).get(chr(ids[at]), -40.0) for at in range(1, len(ids))),
    ]
    tokens_ = [f"token_id:{one}" if by_id else chr(one) for one in ids]
    return {"tokens": tokens_, "token_logprobs": values}


def constraint(body: dict[str, Any], gives: tuple[str, ...]) -> list[str]:
    """The options that a request confines the answer to, where that is given."""
    if "structured_outputs" in body and "structured_outputs" in gives:
        return list(body["structured_outputs"]["choice"])
    if "guided_choice" in body and "guided_choice" in gives:
        return list(body["guided_choice"])
    if "grammar" in body and "grammar" in gives:
        return [json.loads(one) for one in body["grammar"].removeprefix("root ::= ").split(" | ")]
    if "response_format" in body and "response_format" in gives:
        return list(body["response_format"]["json_schema"]["schema"]["properties"]["answer"]["enum"])
    return []


def answer(model: str, said: list[str]) -> str:
    if model != "base" and (found := BELIEF.search(said[-1])):
        return f"{found[1].strip()}."
    return f"It is {said[0].split()[-1]}" + " indeed" * (len(said) // 2) + "."
