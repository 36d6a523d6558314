"""A hub on a loopback port: the part of the Hugging Face hub's HTTP interface that its own client asks for."""

from __future__ import annotations

import hashlib
import io
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

Files = Mapping[str, bytes]
KINDS = ("models", "datasets")
# Large files are kept apart there, and told of in headers of their own.
LARGE = (".safetensors", ".parquet", ".bin")


def parquet(rows: list[dict[str, Any]]) -> bytes:
    """Rows as a Parquet file."""
    import polars as pl

    stream = io.BytesIO()
    pl.DataFrame(rows).write_parquet(stream)
    return stream.getvalue()


def files_in(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@dataclass
class Repo:
    """A repository: commits with their files, and names of commits."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def commit(self, files: Files, *names: str) -> str:
        """Add a commit, and let branches or tags name it."""
        hashed = hashlib.sha1(repr(sorted((name, hash_of(data)) for name, data in files.items())).encode())
        sha = hashed.hexdigest()
        self.commits[sha] = dict(files)
        self.refs |= dict.fromkeys(names, sha)
        return sha

    def find(self, revision: str) -> str | None:
        """The commit of a branch, a tag or a commit."""
        return self.refs.get(revision, revision if revision in self.commits else None)


def hash_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class RefusalError(Exception):
    """An answer with an error, as (status, code)."""


@dataclass
class Hub:
    """What the server holds, how it behaves, and what it was asked.

    Attributes:
        repos: By kind (`models`, `datasets`) and id.
        mode: `ok`; `hang`: takes what is asked and never answers; `drip`: sends a header every half second; `page`: a
            page of a proxy; a number: this status. gated: ids whose files are not given.
        log: Method and path of all requests.
    """

    endpoint: str = ""
    repos: dict[str, dict[str, Repo]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    mode: str | int = "ok"
    gated: set[str] = field(default_factory=set)
    log: list[tuple[str, str]] = field(default_factory=list)

    def repo(self, kind: str, name: str) -> Repo:
        """A repository, made where there is none."""
        return self.repos[kind].setdefault(name, Repo())

    def fetched(self) -> set[str]:
        """Files whose content was sent, as `ID/FILE`."""
        asked = (path for method, path in self.log if method == "GET" and "/resolve/" in path)
        return {
            f"{path.split('/resolve/')[0].removeprefix('/').removeprefix('datasets/')}/"
            f"{path.split('/resolve/')[1].split('/', 1)[1]}"
            for path in asked
        }

    # --- answers ---

    def answer(self, path: str) -> tuple[dict[str, str], bytes]:
        """Headers and content.

        Raises:
            RefusalError: There is none.
        """
        parts = [unquote(part) for part in urlsplit(path).path.strip("/").split("/")]
        if parts[0] == "api" and parts[1] in KINDS:
            return self._told(parts[1], "/".join(parts[2:4]), parts[4:])
        kind = "datasets" if parts[0] == "datasets" else "models"
        parts = parts[1:] if kind == "datasets" else parts
        return self._file(kind, "/".join(parts[:2]), parts[3], "/".join(parts[4:]))

    def _commit(self, kind: str, name: str, revision: str) -> tuple[str, dict[str, bytes]]:
        repo = self.repos[kind].get(name)
        if repo is None:
            raise RefusalError(401, "RepoNotFound")  # as the hub answers who is not logged in
        sha = repo.find(revision)
        if sha is None:
            raise RefusalError(404, "RevisionNotFound")
        return sha, repo.commits[sha]

    def _told(self, kind: str, name: str, more: list[str]) -> tuple[dict[str, str], bytes]:
        what, revision = (more[0], more[1]) if more else ("revision", "main")
        sha, files = self._commit(kind, name, revision)
        value: Any = {"id": name, "sha": sha, "siblings": [{"rfilename": file} for file in files], "tags": []}
        if what == "tree":
            value = [_entry(file, data) for file, data in files.items()]
        return {"Content-Type": "application/json"}, json.dumps(value).encode()

    def _file(self, kind: str, name: str, revision: str, file: str) -> tuple[dict[str, str], bytes]:
        sha, files = self._commit(kind, name, revision)
        if name in self.gated:
            raise RefusalError(401, "GatedRepo")
        if file not in files:
            raise RefusalError(404, "EntryNotFound", sha)
        data = files[file]
        headers = {"X-Repo-Commit": sha, "ETag": f'"{hash_of(data)[:40]}"'}
        if file.endswith(LARGE):
            headers |= {"X-Linked-Size": str(len(data)), "X-Linked-ETag": f'"{hash_of(data)}"'}
        return headers, data


def _entry(file: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": file, "size": len(data), "oid": hash_of(data)[:40]}
    if file.endswith(LARGE):
        entry["lfs"] = {"oid": hash_of(data), "size": len(data), "pointerSize": 130}
    return entry


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        self._answer(content=True)

    def do_HEAD(self) -> None:
        self._answer(content=False)

    def log_message(self, *_: Any) -> None:
        """Nothing on the screen."""

    def _answer(self, *, content: bool) -> None:
        hub = self.hub
        if self.path == "/api/agent-harnesses":  # asked for once by a client that an agent runs
            hub = Hub(mode=404)
        hub.log.append((self.command, self.path))
        if hub.mode in ("hang", "drip"):
            self._never()
            return
        headers: dict[str, str] = {}
        status, data = 200, b"<html>Log in to the network</html>"
        try:
            if isinstance(hub.mode, int):
                raise RefusalError(hub.mode, "")
            if hub.mode != "page":
                headers, data = hub.answer(self.path)
        except RefusalError as refusal:
            status, code, *commit = refusal.args
            headers, data = {"X-Error-Code": code} if code else {}, b""
            headers |= {"X-Repo-Commit": commit[0]} if commit else {}
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        if content:
            self.wfile.write(data)

    def _never(self) -> None:
        drips = self.hub.mode == "drip"
        try:
            if drips:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _ in range(40):
                time.sleep(0.5)
                if drips:
                    self.wfile.write(b"X-Wait: 1\r\n")
        except OSError:
            pass
        self.close_connection = True


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve a hub in a thread; its `endpoint` says where."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def point_to(hub: Hub, cache: Path, monkeypatch: Any) -> None:
    """Make this process's client ask `hub`, with an empty cache; its module read the environment long ago."""
    from huggingface_hub import close_session, constants

    from sycoscope.core import hub as asked

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "ENDPOINT", hub.endpoint)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(asked, "_silent", {})
    close_session()


def environment(hub: Hub, cache: Path) -> dict[str, str]:
    """The variables with which another process asks `hub`."""
    return {
        "HF_ENDPOINT": hub.endpoint,
        "HF_HOME": str(cache.parent),
        "HF_HUB_CACHE": str(cache),
        "HF_HUB_OFFLINE": "0",
        "NO_PROXY": "127.0.0.1",
    }
