"""abra's own commands, and further apps beside the one under test."""

from datetime import timedelta

from robot.api import logger
from robot.api.deco import library
from robot.api.types import Secret

from ccci.apps import App
from ccci.bridge.accounts import revealed
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.deploy.abra import AbraResult
from ccci.deploy.driver import AppDriver
from ccci.errors import Misuse
from ccci.recipe.envfile import set_env
from ccci.recipe.offered import Kind


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Apps:
    """Runs any abra command, and makes further apps, which are torn down with the run."""

    @project_keyword()
    def abra(
        self,
        *arguments: str | Secret,
        within: timedelta = timedelta(minutes=5),
        expect: int = 0,
    ) -> AbraResult:
        """Runs ``abra`` with these arguments, in a terminal where it needs one.

        A Secret among them is given to abra as it is, and shown in no log.

        Returns the fields ``exit_code``, ``stdout``, ``stderr`` and ``seconds``. Fails when the
        exit code is not ``expect``, or the command does not end ``within`` its time. If the command
        uses the recipe's content (deploy, run, backup, ...), the test then fails. Any other command
        says nothing about the recipe, and the test is then incomplete.

        Example:
        | ${app}=    The App
        | ${done}=    Abra    app    ps    ${app.domain}    -m
        | Should Contain    ${done.stdout}    running
        """
        words = [str(word) for word in revealed(arguments)]
        done = session.abra(*words, within_seconds=within.total_seconds(), check=False)
        logger.info(f"{done.command}\n{done.stdout}{done.stderr}")
        if done.exit_code != expect:
            raise session.abra.failure(words, done, expected=expect)
        return done

    @project_keyword()
    def fresh_app(self, recipe: str = "", **settings: str) -> App:
        """Makes a further app, isolated like the one under test, and returns it.

        Its recipe is the one under test, unless another is given. ``settings`` go into its .env
        file. It has the compose files that .env.sample names, without ``overlays`` of recipe.toml.
        It is not deployed yet; see `Deploy And Wait`. It is torn down with the run, however that
        ends. Fails when there is no such recipe.

        Example:
        | ${second}=    Fresh App    LOG_LEVEL=debug
        | Deploy And Wait    ${second}
        """
        return session.run.fresh_app(recipe or session.app.recipe, settings).app

    @project_keyword()
    def dependency(self, recipe: str) -> App:
        """Returns the live app of a recipe or companion that the recipe under test needs.

        `Credential` returns its credentials, by the name ``<domain>/<secret>``. Fails when
        recipe.toml does not name it. If it did not deploy, the test is incomplete.

        Example:
        | ${provider}=    Dependency    keycloak
        """
        return session.dependencies.get(recipe)

    @project_keyword()
    def set_app_settings(self, **settings: str | Secret) -> None:
        """Writes settings into the .env file of the app under test, before it is deployed.

        Meant for a recipe's `Prepare The App` and `Prepare Sign-In`. A Secret is written as it is,
        and shown in no log. Fails when the app has not
        been made yet. The run is incomplete if this replaces what .env.sample sets: `[env]` of
        recipe.toml does that.

        Example:
        | Set App Settings    OIDC_ENABLED=1    OIDC_CLIENT_ID=gitea
        """
        set_env(session.driver.env_path, revealed(settings))

    @project_keyword()
    def app_setting(self, name: str) -> str:
        """Returns a setting of the app under test, as its .env file has it.

        Fails when the app does not have it.

        Example:
        | ${most}=    App Setting    MAX_UPLOAD_MB
        """
        settings = session.driver.env
        if name not in settings:
            there = ", ".join(sorted(settings))
            raise Misuse(f"The app has no setting '{name}'; it has: {there}.")
        return settings[name]

    @project_keyword()
    def insert_app_secret(self, name: str, value: Secret, version: str = "v1") -> None:
        """Inserts a secret of the app under test, through abra.

        The value is passed by a file that only its owner can read, never on a command line. Fails
        when abra refuses it, or when the recipe holds the secret itself.

        Example:
        | Insert App Secret    oidc_client_secret    ${client_secret}
        """
        session.driver.insert_secret(name, str(value.value), version)

    @project_keyword()
    def name_in_recipe(self, kind: Kind, called: str) -> str:
        """Returns the recipe's own name of a thing that ``[names]`` in recipe.toml lists.

        ``kind`` is ``service``, ``setting``, ``secret``, ``volume`` or ``port``, and ``called`` is
        the suite's word for it. If recipe.toml lists several names, it is the first one that the
        deployed commit has. Fails when recipe.toml does not list it.

        Example:
        | ${search}=    Name In Recipe    service    search
        | Abra    app    run    ${app.domain}    ${search}    --    reindex
        """
        return session.driver.name_of(kind, called)

    @project_keyword("assertion")
    def deploy_and_wait(self, app: App) -> None:
        """Deploys an app that `Fresh App` made, and waits until all its services are running.

        Fails when they are not, with the service's exit code and last log lines.

        Example:
        | ${second}=    Fresh App
        | Deploy And Wait    ${second}
        """
        _driver_of(app).deploy()

    @project_keyword()
    def take_down(self, app: App) -> None:
        """Undeploys an app that `Fresh App` made: the rest of the run has room again.

        Fails when something of it is still there after two minutes.

        Example:
        | Deploy And Wait    ${second}
        | Take Down    ${second}
        """
        _driver_of(app).undeploy()


def _driver_of(app: App) -> AppDriver:
    for driver in session.run.extra_apps:
        if driver.app == app:
            return driver
    raise Misuse(f"{app.domain} was not made by 'Fresh App' in this run.")
