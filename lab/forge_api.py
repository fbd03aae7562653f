"""Gitea's API on the lab's forge, as far as its set-up needs it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import answers
from lab.errors import LabError


@dataclass(frozen=True)
class ForgeApi:
    """The forge, asked with one token. A token that is not there yet is answered as a wrong one."""

    domain: str
    port: int
    bundle: Path
    token_file: Path

    def get(self, path: str) -> Any:
        """What the forge answers, or None where there is no such thing (404).

        Raises:
            LabError: it answered anything else.
        """
        answer = self._ask("GET", path)
        return None if answer.status == 404 else self._read("GET", path, answer, 200)

    def send(self, method: str, path: str, fields: Mapping[str, Any] | None, *, expect: int) -> Any:
        """Have something made or changed.

        Raises:
            LabError: the forge answered with another status than `expect`.

        Example:
            api.send("POST", "/orgs", {"username": "recipe-maintainers"}, expect=201)
        """
        return self._read(method, path, self._ask(method, path, fields), expect)

    def lets_in(self, path: str) -> bool:
        """Whether the token is good for a path."""
        return self.token_file.exists() and self._ask("GET", path).status == 200

    def _ask(
        self, method: str, path: str, fields: Mapping[str, Any] | None = None
    ) -> answers.Answer:
        token = self.token_file.read_text().strip() if self.token_file.exists() else ""
        return answers.get(
            self.domain,
            f"/api/v1{path}",
            address="127.0.0.1",
            port=self.port,
            bundle=self.bundle,
            method=method,
            body=None if fields is None else json.dumps(fields).encode(),
            headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
        )

    def _read(self, method: str, path: str, answer: answers.Answer, expect: int) -> Any:
        if answer.status != expect:
            words = answer.body.decode(errors="replace").strip()[:300]
            raise LabError(f"the forge answered {answer.status} to {method} {path}: {words}")
        return json.loads(answer.body) if answer.body else None
