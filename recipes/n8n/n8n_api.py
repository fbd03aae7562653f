"""n8n's own REST API, which its editor uses: the owner, workflows, executions and credentials.

It answers below /rest/ and is described nowhere but in n8n's sources; workflows that listen to
webhooks answer below /webhook/.
Source: https://github.com/n8n-io/n8n/tree/master/packages/cli/src
"""

import json
import re
import urllib.parse
import uuid
from dataclasses import asdict, dataclass
from typing import Any

from ccci.errors import RecipeFailure
from ccci.waiting import Look, TooLate, wait_for
from ccci.web.accounts import Account
from ccci.web.http import Client, Response

# The header that opens a webhook; its value is kept in a credential of n8n.
KEY_HEADER = "x-webhook-key"
LISTENS, BY_HAND, BY_CLOCK, COMPUTES = "Numbers Arrive", "By Hand", "The Clock Strikes", "Compute"
_BETWEEN_STRIKES_SECONDS = 3
# n8n answers a webhook before it has written down how the run ended.
_UNDER_WAY, _RECORDED_SECONDS = ("new", "running", "waiting"), 20
_LISTENING_SECONDS, _HEARD_SECONDS = 30, 90
# n8n ties a sign-in to the browser that it was made with.
_BROWSER = str(uuid.uuid4())


@dataclass(frozen=True)
class SignIn:
    """What n8n gives a browser at sign-in: the cookie's own words on where it may go."""

    secure: bool
    http_only: bool


@dataclass(frozen=True)
class StoredKey:
    """A credential of n8n: its own number of it, and its name. The value is not shown again."""

    id: str
    name: str


@dataclass(frozen=True)
class Workflow:
    """A workflow as n8n shows it; `path` is that of its webhook, `code` what it computes."""

    id: str
    name: str
    version: str
    active: bool
    path: str
    nodes: tuple[str, ...]
    code: str


@dataclass(frozen=True)
class Execution:
    """A record of a workflow's run: how it began and ended, and the last step's answer."""

    id: str
    mode: str
    status: str
    answer: Any


@dataclass(frozen=True)
class Numbers:
    """Two numbers to add."""

    a: int
    b: int

    @property
    def sum(self) -> int:
        """What a workflow that adds them answers."""
        return self.a + self.b


class N8n:
    """The API of one n8n, as its owner or as nobody in particular."""

    def __init__(self, http: Client, url: str, account: Account | None = None) -> None:
        """Take the address and who asks; the first call that needs it signs in."""
        self.url = url
        self._http, self._account = http, account
        self._cookie = ""

    def has_owner(self) -> bool:
        """Tell whether somebody set this n8n up."""
        seen = _data(self._send("GET", "/settings", cookie=""), "GET")
        return not seen["userManagement"]["showSetupOnFirstLoad"]

    def set_up_owner(self, account: Account, first: str, last: str) -> None:
        """Make an account the owner; only the first who asks is."""
        answer = self.ask_to_own(account, first, last)
        _data(answer, "POST")

    def ask_to_own(self, account: Account, first: str, last: str) -> Response:
        """Ask to be the owner, and return the answer, whatever it is."""
        wanted = {"email": account.name, "password": account.password}
        names = {"firstName": first, "lastName": last}
        return self._send("POST", "/owner/setup", {**wanted, **names}, cookie="")

    def sign_in(self) -> SignIn:
        """Sign the account in.

        Raises:
            RecipeFailure: it was refused.
        """
        answer = self.ask_in()
        _data(answer, "POST")
        said = answer.headers.get("set-cookie", "")
        found = re.search(r"\bn8n-auth=([^;]+)(.*)", said)
        if not found:
            raise RecipeFailure(f"Expected {answer.url} to set a cookie n8n-auth; it set none.")
        self._cookie = f"n8n-auth={found[1]}"
        marks = {mark.strip().lower() for mark in found[2].split(";")}
        return SignIn("secure" in marks, "httponly" in marks)

    def ask_in(self) -> Response:
        """Ask to be signed in with the account's name and password, and return the answer.

        n8n answers an address five times a minute: one that asked too often waits for the sixth.
        """
        if self._account is None:
            raise RecipeFailure("Nobody in particular cannot sign in.")
        wanted = {"emailOrLdapLoginId": self._account.name, "password": self._account.password}
        seen: list[Response] = []

        def look() -> Look:
            seen[:] = [self._send("POST", "/login", wanted, cookie="")]
            return Look(seen[0].status != 429, f"status {seen[0].status}")

        try:
            wait_for(f"n8n to hear {self._account.name}", look, _HEARD_SECONDS, 2)
        except TooLate as late:
            raise RecipeFailure(str(late)) from None
        return seen[0]

    def who(self) -> str:
        """Return the first and last name and the address of who is signed in, as n8n has them."""
        seen = self._call("GET", "/login")
        return f"{seen['firstName']} {seen['lastName']} <{seen['email']}>"

    def version(self) -> str:
        """Return the version that the server says it is."""
        return str(self._call("GET", "/settings")["versionCli"])

    def addresses(self) -> list[str]:
        """Return the addresses that n8n tells people: of the editor, and of webhooks."""
        seen = self._call("GET", "/settings")
        hooks = [seen["urlBaseWebhook"] + seen["endpointWebhook"], seen["urlBaseWebhookTest"]]
        return [str(seen["urlBaseEditor"]), *map(str, hooks)]

    def status_for_strangers(self, path: str) -> int:
        """Return the status with which a page of the API answers to nobody in particular."""
        return self._send("GET", path, cookie="").status

    def store_key(self, name: str, value: str) -> StoredKey:
        """Keep a value in a credential, for webhooks that ask for it in their header."""
        seen = self._call("POST", "/credentials", _credential(name, value))
        return StoredKey(str(seen["id"]), str(seen["name"]))

    def change_key(self, key: StoredKey, value: str) -> None:
        """Keep another value in a credential."""
        self._call("PATCH", f"/credentials/{key.id}", _credential(key.name, value))

    def key(self, name: str) -> StoredKey:
        """Return a credential by name.

        Raises:
            RecipeFailure: there is none of that name.
        """
        found = self._call("GET", "/credentials")
        for one in found:
            if one["name"] == name:
                return StoredKey(str(one["id"]), name)
        names = [one["name"] for one in found]
        raise RecipeFailure(f"Expected n8n to have a credential {name!r}; it has {names}.")

    def make_workflow(self, name: str, code: str, key: StoredKey) -> Workflow:
        """Make a workflow that computes with what its webhook is sent, and asks for a key there.

        Args:
            name: its name.
            code: the JavaScript that returns the answer; it finds what was sent in `sent`.
            key: the credential with the key.
        """
        return self._make(name, _listening(uuid.uuid4().hex, key), code)

    def make_workflow_by_hand(self, name: str, code: str) -> Workflow:
        """Make a workflow that computes when its owner starts it."""
        return self._make(name, _started_by_hand(), code)

    def make_workflow_by_clock(self, name: str, code: str) -> Workflow:
        """Make a workflow that computes every few seconds, once it is active."""
        return self._make(name, _started_by_clock(), code)

    def run(self, workflow: Workflow) -> Execution:
        """Start a workflow by hand, as the editor does, and return the record when it has ended.

        Raises:
            RecipeFailure: it did not end in time.
        """
        wanted = {"triggerToStartFrom": {"name": workflow.nodes[0]}}
        self._call("POST", f"/workflows/{workflow.id}/run", wanted)
        return self.last_execution(workflow)

    def activate(self, workflow: Workflow) -> Workflow:
        """Let a workflow start by itself; where it has a webhook, wait until that is open."""
        wanted = {"versionId": workflow.version}
        active = _workflow(self._call("POST", f"/workflows/{workflow.id}/activate", wanted))
        if active.path:
            self.wait_until_listening(active)
        return active

    def wait_until_listening(self, workflow: Workflow) -> None:
        """Ask a webhook without a key until it refuses that, instead of not being there.

        n8n opens webhooks after it has answered that the workflow is active, or that it is ready.

        Raises:
            RecipeFailure: it did not in time.
        """

        def look() -> Look:
            status = self.call_webhook(workflow.path, "", Numbers(0, 0)).status
            return Look(status == 403, f"status {status} without the key")

        try:
            wait_for(f"workflow {workflow.name!r} to listen", look, _LISTENING_SECONDS)
        except TooLate as late:
            raise RecipeFailure(str(late)) from None

    def rename(self, workflow: Workflow, name: str) -> Workflow:
        """Give a workflow another name."""
        wanted = {"name": name, "versionId": workflow.version}
        return _workflow(self._call("PATCH", f"/workflows/{workflow.id}", wanted))

    def workflow_names(self) -> list[str]:
        """Return the names of all workflows, sorted."""
        return sorted(str(one["name"]) for one in self._workflows())

    def workflow(self, name: str) -> Workflow:
        """Return a workflow by name; the newest of several.

        Raises:
            RecipeFailure: there is none of that name.
        """
        found = self._workflows()
        for one in found:
            if one["name"] == name:
                return _workflow(self._call("GET", f"/workflows/{one['id']}"))
        names = [one["name"] for one in found]
        raise RecipeFailure(f"Expected n8n to have a workflow {name!r}; it has {names}.")

    def call_webhook(self, path: str, key: str, numbers: Numbers) -> Response:
        """Send numbers to a webhook with a key, and return the answer, whatever it is."""
        headers = {"Content-Type": "application/json", KEY_HEADER: key, "Cookie": ""}
        body = json.dumps(asdict(numbers)).encode()
        return self._http.request("POST", f"{self.url}/webhook/{path}", headers, body)

    def sum_from_webhook(self, path: str, key: str, numbers: Numbers) -> int:
        """Send numbers to a webhook with a key, and return the sum in its answer.

        Raises:
            RecipeFailure: there is none in it.
        """
        answer = self.call_webhook(path, key, numbers)
        try:
            return int(json.loads(answer.body)["sum"])
        except (ValueError, KeyError, TypeError):
            raise RecipeFailure(
                f"Expected {answer.url} to answer with a sum; it was {answer.status}: "
                f"{answer.text.strip()[:300]!r}"
            ) from None

    def execution_ids(self, workflow: Workflow) -> list[str]:
        """Return the numbers of a workflow's recorded executions, newest first."""
        wanted = urllib.parse.urlencode({"filter": json.dumps({"workflowId": workflow.id})})
        seen = self._call("GET", f"/executions?{wanted}")
        return [str(one["id"]) for one in seen["results"]]

    def last_execution(self, workflow: Workflow) -> Execution:
        """Return the newest record of a workflow's run, when that has ended.

        Raises:
            RecipeFailure: there is none, or it did not end in time.
        """
        return self._execution_beside(set(), workflow)

    def next_execution(self, workflow: Workflow) -> Execution:
        """Wait for a run of a workflow that begins after now; return its record when it has ended.

        Raises:
            RecipeFailure: there was none, or it did not end in time.
        """
        return self._execution_beside(set(self.execution_ids(workflow)), workflow)

    def _execution_beside(self, known: set[str], workflow: Workflow) -> Execution:
        seen: list[Execution] = []

        def look() -> Look:
            numbers = [one for one in self.execution_ids(workflow) if one not in known]
            if not numbers:
                return Look(False, f"no execution beside {len(known)} of before")
            seen[:] = [self.execution(numbers[0])]
            return Look(seen[0].status not in _UNDER_WAY, seen[0].status)

        try:
            wait_for(f"the end of an execution of {workflow.name!r}", look, _RECORDED_SECONDS)
        except TooLate as late:
            raise RecipeFailure(str(late)) from None
        return seen[0]

    def execution(self, number: str) -> Execution:
        """Return the record of an execution; its answer is None while it has none."""
        seen = self._call("GET", f"/executions/{number}")
        status = str(seen["status"])
        # A run that is under way is recorded in part, or not at all.
        answer = None if status in _UNDER_WAY else _answer(_unfolded(seen["data"]))
        return Execution(str(seen["id"]), str(seen["mode"]), status, answer)

    def delete_execution(self, number: str) -> None:
        """Delete the record of an execution."""
        _checked(self._ask("POST", "/executions/delete", {"ids": [number]}), "POST")

    def _make(self, name: str, first: dict[str, object], code: str) -> Workflow:
        step = {"node": COMPUTES, "type": "main", "index": 0}
        wanted = {
            "name": name,
            "nodes": [first, _computing(code)],
            "connections": {str(first["name"]): {"main": [[step]]}},
            "settings": {"executionOrder": "v1"},
            "active": False,
        }
        return _workflow(self._call("POST", "/workflows", wanted))

    def _workflows(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._call("GET", "/workflows")
        return sorted(found, key=lambda one: str(one["createdAt"]), reverse=True)

    def _call(self, method: str, path: str, content: object = None) -> Any:
        return _data(self._ask(method, path, content), method)

    def _ask(self, method: str, path: str, content: object = None) -> Response:
        if not self._cookie:
            self.sign_in()
        answer = self._send(method, path, content, self._cookie)
        if answer.status == 401:
            # Signed in on a deployment that has since been made anew or restored.
            self.sign_in()
            answer = self._send(method, path, content, self._cookie)
        return answer

    def _send(self, method: str, path: str, content: object = None, cookie: str = "") -> Response:
        # The client keeps cookies of its own accord: who asks is said here, and nowhere else.
        headers = {"browser-id": _BROWSER, "Cookie": cookie}
        body = None
        if content is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(content).encode()
        return self._http.request(method, f"{self.url}/rest{path}", headers, body)


def stored_key(dump: str, key: StoredKey) -> str:
    """Return what a dump of the database has for a credential: its row's data, encrypted or not.

    Raises:
        RecipeFailure: the dump has no such credential, or nothing in it.
    """
    found = re.search(r"^COPY public\.credentials_entity \((.*)\) FROM stdin;$", dump, re.MULTILINE)
    columns: list[str] = found[1].split(", ") if found else []
    rows = dump[found.end() :].partition("\n\\.")[0].splitlines() if found else []
    for row in rows:
        fields: dict[str, str] = dict(zip(columns, row.split("\t"), strict=False))
        if fields.get("id") == key.id and fields.get("name") == key.name and fields.get("data"):
            return fields["data"]
    raise RecipeFailure(f"Expected the database to keep a credential {key.name!r}; it has none.")


def _credential(name: str, value: str) -> dict[str, object]:
    return {"name": name, "type": "httpHeaderAuth", "data": {"name": KEY_HEADER, "value": value}}


def _listening(path: str, key: StoredKey) -> dict[str, object]:
    return {
        "id": str(uuid.uuid4()),
        "name": LISTENS,
        "type": "n8n-nodes-base.webhook",
        "typeVersion": 2,
        "position": [0, 0],
        "webhookId": str(uuid.uuid4()),
        "parameters": {
            "httpMethod": "POST",
            "path": path,
            "authentication": "headerAuth",
            "responseMode": "lastNode",
            "options": {},
        },
        "credentials": {"httpHeaderAuth": {"id": key.id, "name": key.name}},
    }


def _started_by_hand() -> dict[str, object]:
    return {
        "id": str(uuid.uuid4()),
        "name": BY_HAND,
        "type": "n8n-nodes-base.manualTrigger",
        "typeVersion": 1,
        "position": [0, 0],
        "parameters": {},
    }


def _started_by_clock() -> dict[str, object]:
    every = {"field": "seconds", "secondsInterval": _BETWEEN_STRIKES_SECONDS}
    return {
        "id": str(uuid.uuid4()),
        "name": BY_CLOCK,
        "type": "n8n-nodes-base.scheduleTrigger",
        "typeVersion": 1.2,
        "position": [0, 0],
        "parameters": {"rule": {"interval": [every]}},
    }


def _computing(code: str) -> dict[str, object]:
    return {
        "id": str(uuid.uuid4()),
        "name": COMPUTES,
        "type": "n8n-nodes-base.code",
        "typeVersion": 2,
        "position": [260, 0],
        "parameters": {
            "jsCode": f"const sent = $input.first().json.body;\nreturn [{{ json: {code} }}];"
        },
    }


def _workflow(seen: dict[str, Any]) -> Workflow:
    nodes = {str(one["name"]): one["parameters"] for one in seen["nodes"]}
    return Workflow(
        id=str(seen["id"]),
        name=str(seen["name"]),
        version=str(seen["versionId"]),
        # n8n 2 publishes one version of a workflow; that one listens.
        active=bool(seen.get("activeVersionId") or seen.get("active")),
        path=str(nodes.get(LISTENS, {}).get("path", "")),
        nodes=tuple(nodes),
        code=str(nodes.get(COMPUTES, {}).get("jsCode", "")),
    )


def _answer(record: dict[str, Any]) -> Any:
    result = record.get("resultData", {})
    ran = result.get("runData", {}).get(result.get("lastNodeExecuted"), [])
    # A step that gave nothing is listed with no items.
    items = ran[-1]["data"]["main"][0] if ran and "data" in ran[-1] else []
    return items[0]["json"] if items else None


def _unfolded(folded: str) -> Any:
    """The data of an execution: a list of values that name each other by their place in it."""
    values: list[Any] = json.loads(folded)
    made: dict[int, Any] = {}

    def at(place: int) -> Any:
        if place not in made:
            value = values[place]
            if isinstance(value, dict):
                made[place] = {}
                made[place].update((name, member(one)) for name, one in value.items())
            elif isinstance(value, list):
                made[place] = []
                made[place].extend(member(one) for one in value)
            else:
                made[place] = value
        return made[place]

    def member(one: Any) -> Any:
        return at(int(one)) if isinstance(one, str) else one

    return at(0)


def _checked(answer: Response, method: str) -> Response:
    if answer.status not in (200, 201):
        raise RecipeFailure(
            f"Expected {method} {answer.url} to answer 200; it was {answer.status}: "
            f"{answer.text.strip()[:300]!r}"
        )
    return answer


def _data(answer: Response, method: str) -> Any:
    try:
        return json.loads(_checked(answer, method).body)["data"]
    except (ValueError, KeyError, TypeError):
        raise RecipeFailure(
            f"Expected {method} {answer.url} to answer with data; it was "
            f"{answer.text.strip()[:300]!r}"
        ) from None
