"""A second homeserver in the run, for the one under test to federate with."""

from robot.api.deco import library

from ccci.apps import App
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.deploy.driver import AppDriver
from ccci.errors import Misuse


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class OtherHomeserver:
    """Makes one more app of the recipe, once in a run; the two can call each other."""

    def __init__(self) -> None:
        self._other: AppDriver | None = None

    @project_keyword()
    def make_the_other_homeserver(self, **settings: str) -> None:
        """Makes a second app of the recipe, and lets the two call each other by public name.

        ``settings`` are those in which it differs from what .env.sample has. For `Prepare The App`:
        an app's containers learn names when the app is deployed. Nothing is deployed yet. Fails
        when the app cannot be made.

        Example:
        | Make The Other Homeserver    MAX_UPLOAD_SIZE=60M
        """
        if self._other is None:
            self._other = session.run.fresh_app(session.app.recipe, settings)
        self._other.calls = (session.app.domain,)
        session.driver.calls = (*session.driver.calls, self._other.app.domain)

    @project_keyword()
    def the_other_homeserver(self) -> App:
        """Returns the app that `Make The Other Homeserver` made; `Deploy And Wait` deploys it.

        Fails when none was made: a run that attaches to a kept app cannot add another homeserver.

        Example:
        | ${other}=    The Other Homeserver
        | Deploy And Wait    ${other}
        """
        if self._other is None:
            raise Misuse(
                "There is no second homeserver: a run with ATTACH=1 cannot make it known to the "
                "app that it attaches to. Run the federation tests without ATTACH."
            )
        return self._other.app
