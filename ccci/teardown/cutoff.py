"""Writes the results of a run whose process died: incomplete, even if tests had passed.

If it died because it took too long, or a test had failed for the recipe's fault, it is failed.
"""

from pathlib import Path

from ccci.results.artefacts import MADE_FROM_OUTPUT, clean
from ccci.results.credentials import CredentialStore
from ccci.results.store import CUT_OFF, RESULTS_FILE, RunFacts, RunResults, Verdict, write_results
from ccci.teardown.journal import Journal


def report_cut_off(run: Journal) -> None:
    """Write results.json for a run that could not do so itself, and redact its artefacts.

    Called before the teardown, which deletes the credentials to look for. Nothing is done for a run
    that has results already, or never recorded where they go.
    """
    for name in run.names("results"):
        folder = Path(name)
        if not folder.is_dir() or (folder / RESULTS_FILE).exists():
            continue
        secrets = CredentialStore(run.folder / "store" / "credentials.json").values()
        redactions = clean(folder, secrets)
        # Their texts are packed, and were not searched.
        for page in MADE_FROM_OUTPUT:
            (folder / page).unlink(missing_ok=True)
        domain = next(iter(run.names("domain")), "")
        matrix = next(iter(run.names("matrix")), "")
        facts = RunFacts(run.run_id, run.recipe(), domain=domain, matrix=matrix)
        failures = [entry for entry in run.entries() if entry.kind == "failed"]
        # A run that attached to this one's app has results of its own.
        failed = next((one.name for one in failures if one.detail.get("results") == name), "")
        earlier = f"{CUT_OFF}; the test '{failed}' had failed before" if failed else ""
        reason = run.overdue() or earlier
        verdict: Verdict = "failed" if reason else "incomplete"
        results = RunResults(facts, verdict, {}, {}, 0.0, reason or CUT_OFF, redactions)
        write_results(folder, results)
