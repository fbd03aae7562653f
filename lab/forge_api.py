"""The part of Gitea's API that the setup of the forge needs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import https
from lab.errors import LabError


@dataclass(frozen=True)
class ForgeApi:
    """Gitea's API with the token in a file. If there is no file, the token counts as refused."""

    domain: str
    port: int
    bundle: Path
    token_file: Path

    def get(self, path: str) -> Any:
        """Return the content at a path, or None if there is none (404).

        Raises:
            LabError: the forge responded with another status.
        """
        response = self._request("GET", path)
        return None if response.status == 404 else self._read("GET", path, response, 200)

    def send(self, method: str, path: str, fields: Mapping[str, Any] | None, *, expect: int) -> Any:
        """Create or change something, and return the content of the response.

        Raises:
            LabError: the forge responded with another status than `expect`.

        Example:
            api.send("POST", "/orgs", {"username": "recipe-maintainers"}, expect=201)
        """
        return self._read(method, path, self._request(method, path, fields), expect)

    def accepts_token(self, path: str) -> bool:
        """Return whether the token may read a path."""
        return self.token_file.exists() and self._request("GET", path).status == 200

    def _request(
        self, method: str, path: str, fields: Mapping[str, Any] | None = None
    ) -> https.Response:
        token = self.token_file.read_text().strip() if self.token_file.exists() else ""
        return https.get(
            self.domain,
            f"/api/v1{path}",
            address="127.0.0.1",
            port=self.port,
            bundle=self.bundle,
            method=method,
            body=None if fields is None else json.dumps(fields).encode(),
            headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
        )

    def _read(self, method: str, path: str, response: https.Response, expect: int) -> Any:
        if response.status != expect:
            body = response.body.decode(errors="replace").strip()[:300]
            raise LabError(
                f"the forge responded with status {response.status}, not {expect}, "
                f"to {method} {path}: {body}"
            )
        return json.loads(response.body) if response.body else None
