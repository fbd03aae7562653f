"""Checks of a realm by means of Keycloak's own exports."""

import json

from realm_export import MOVED, losses
from robot.api.deco import library

from ccci.bridge.failures import project_keyword
from ccci.errors import RecipeFailure

_MOST_LINES = 20


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class RealmExports:
    """Compares Keycloak's own exports of a realm, value by value."""

    @project_keyword("assertion")
    def realm_export_should_be_unchanged(self, before: str, now: str) -> None:
        """Fails unless the export ``now`` has all that ``before`` has, and names what differs.

        Both are JSON text. Two exports of one version of Keycloak must be equal, but for the order
        of lists. A newer version may have added to the realm.

        Example:
        | Realm Export Should Be Unchanged    ${before}    ${now}
        """
        found = losses(json.loads(before), json.loads(now), MOVED)
        if found:
            raise RecipeFailure(
                f"Expected the realm's export to be unchanged; {len(found)} values differ:\n"
                + "\n".join(found[:_MOST_LINES])
            )
