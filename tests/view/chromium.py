"""A real browser, driven through its debugging pipe: keys are pressed as a person presses them. No library is needed."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
KEYS = {"Escape": 27, "Enter": 13, "Tab": 9}


class Chromium:
    """One page of one browser with an empty profile."""

    def __init__(self, profile: Path, width: int = 1280, height: int = 900) -> None:
        there, self._write = os.pipe()
        self._read, back = os.pipe()
        flags = (
            "--headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run --remote-debugging-pipe "
            f"--user-data-dir={profile} --window-size={width},{height} about:blank"
        )

        def place() -> None:
            """The browser reads from 3 and writes to 4."""
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (there, back)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self._process = subprocess.Popen(
            [PROGRAM, *flags.split()],
            preexec_fn=place, pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(there)
        os.close(back)
        self._data, self._number, self._session = b"", 0, ""

    def __enter__(self) -> Self:
        pages = self._ask("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in pages if one["type"] == "page")
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._data:
                part = os.read(self._read, 1 << 16)
                assert part, "the browser has ended"
                self._data += part
            text, _, self._data = self._data.partition(b"\0")
            told = json.loads(text)
            if told.get("id") == self._number:
                assert "error" not in told, told
                return dict(told["result"])

    def run(self, script: str) -> Any:
        """The value of a script's last expression on the page."""
        found = self._ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait(self, condition: str, seconds: float = 20.0) -> None:
        """Until an expression is true on a page that is loaded."""
        end = time.monotonic() + seconds
        while not self.run(f"document.readyState === 'complete' && Boolean({condition})"):
            assert time.monotonic() < end, f"never came: {condition}: {self.run('document.body.innerText')}"
            time.sleep(0.05)

    def open(self, address: str) -> None:
        """Go to an address."""
        self._ask("Page.navigate", url=address)
        self.wait(f"location.href === {json.dumps(address)}")

    def press(self, key: str, *, repeat: bool = False) -> None:
        """Press a key and let it go."""
        code = KEYS.get(key, ord(key[0].upper()))
        text = {} if key in KEYS and key != "Enter" else {"text": "\r" if key == "Enter" else key}
        down = {"key": key, "windowsVirtualKeyCode": code, "autoRepeat": repeat}
        self._ask("Input.dispatchKeyEvent", type="keyDown", **down, **text)
        self._ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def picture(self, path: Path, *, dark: bool = False, width: int = 1280, height: int = 900) -> None:
        """What is seen, as PNG."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._ask("Emulation.setEmulatedMedia", features=scheme)
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        path.write_bytes(base64.b64decode(self._ask("Page.captureScreenshot", format="png")["data"]))
