"""The beginning and the end of a run."""

from robot.api import logger
from robot.api.deco import library

from ccci.bridge.console import enter_stage
from ccci.bridge.failures import project_keyword
from ccci.bridge.listening import Listener
from ccci.bridge.session import session
from ccci.errors import NodeFailure, RecipeFailure


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False, listener=Listener())
class Runs:
    """Begins and ends the run of a recipe. A recipe's suites use it in their `__init__.robot`.

    = What a run is =

    A run tests one recipe at one commit on one server. It has an identity, a share of the node's
    budget, an ABRA_DIR of its own, and a journal of all that it makes. Whatever happens to the
    process of Robot, everything in the journal is removed from the server.

    = Variables =

    | = Variable =      | = Meaning = |
    | ``RECIPE``        | the recipe, unless the suite's folder has its name |
    | ``RECIPE_SOURCE`` | the repository to test, instead of the operator's copy |
    | ``HEAD``          | the commit, branch or tag under test |
    | ``PR``            | the number of the pull request |
    | ``UPGRADE_FROM``  | the release to upgrade from |
    | ``KEEP``          | ``1`` leaves the app up, ``on-failure`` only after a failure |
    | ``ATTACH``        | ``1`` uses the app that an earlier run kept |
    | ``SOAK``          | for how many seconds the head is kept up and watched before the restart |
    """

    @project_keyword()
    def start_run(self) -> None:
        """Begins the run that the suite's folder and the variables describe.

        Checks the recipe, the server, Traefik and the backup bot, takes the run's share of the
        node's budget, and copies the recipe's repository. Nothing is deployed yet.

        Fails, before anything is made, with one sentence that says what is wrong and what to do.

        Example:
        | Suite Setup    Start Run
        """
        session.begin()

    @project_keyword()
    def end_run(self) -> None:
        """Ends the run: saves the service logs, removes all that was made, frees the budget.

        With ``KEEP`` the app stays up, and the console says where and until when.

        Fails when something of the run could not be removed, and names it. It does not fail if the
        stage teardown has already failed for that.

        Example:
        | Suite Teardown    End Run
        """
        enter_stage("end")
        reported = session.has_torn_down
        left = session.end()
        if left and not reported:
            raise NodeFailure(f"The teardown could not remove: {'; '.join(left)}.")

    @project_keyword("assertion")
    def nothing_of_this_run_should_be_left(self) -> None:
        """Tears the run down and fails unless nothing of it is left on the server.

        Looks for services, containers, volumes, secrets, configs, networks, the app's settings,
        snapshots and credentials.

        Example:
        | Nothing Of This Run Should Be Left
        """
        left = session.tear_down()
        if left:
            raise NodeFailure(
                f"Expected nothing of the run to be left on the server; left: {'; '.join(left)}."
            )

    @project_keyword("assertion")
    def everything_else_should_be_untouched(self) -> None:
        """Fails when something on the server that belongs to no run has changed.

        Services, networks, volumes, secrets and configs are compared with those at the start of
        the run; the sentinel app must not have been restarted, the files in its volumes must be
        the same, and its pages must be answered as before. What somebody else deployed meanwhile,
        under the label of their own stack, is named in the log and fails nothing.

        Example:
        | Everything Else Should Be Untouched
        """
        differences = session.witness.differences()
        for stranger in session.witness.strangers():
            logger.info(f"Deployed by somebody else meanwhile: {stranger}")
        session.neighbours.check([])
        if differences:
            raise RecipeFailure(
                f"Expected everything that belongs to no run to be untouched; changes: "
                f"{' '.join(differences)}"
            )
