"""The deployment that a stage needs, and the checks of it."""

from robot.api.deco import library
from robot.libraries.BuiltIn import BuiltIn

from ccci.apps import App
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.deploy.version import (
    VersionLabels,
    check_version_is_commit,
    check_version_is_release,
    version_in_compose,
    version_labels,
)
from ccci.run.checks import (
    check_deployments_of_full_run,
    check_images,
    check_logs,
    check_no_task_restarted,
    check_secrets_unchanged,
)
from ccci.run.guards import guards_of
from ccci.run.health_checks import check_health_checks_can_fail
from ccci.run.losses import check_nothing_is_lost
from ccci.run.own_secrets import check_secrets_are_own
from ccci.run.version_change import change_between, check_label_and_images_agree, described


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Deployment:
    """Brings the app under test into the state that a stage needs.

    Only these keywords deploy the app under test. All tests of a stage share one deployment,
    and most stages share the same one: a full run makes three cold deployments and one upgrade.
    The name of the suite file says the stage: `4__restart.robot` is the stage ``restart``.
    """

    @project_keyword()
    def use_the_head_deployment(self) -> App:
        """Makes sure that the head is deployed and healthy, and returns the app.

        Deploys it unless an earlier stage did. With the variable ``SOAK`` the stage restart first
        keeps the app up and watched for so many seconds. The app has the fields ``domain``,
        ``url``, ``recipe`` and ``stack``.

        Fails when the head does not converge or its page does not answer, with the service's last
        log lines; skips when the recipe opted out of the stage.

        Example:
        | Suite Setup    Use The Head Deployment
        """
        stage = session.enter()
        session.stages.need_head()
        seconds = session.run.options.soak_seconds
        if stage == "restart" and seconds:
            session.watch.soak(seconds)
        return session.app

    @project_keyword()
    def deploy_the_previous_release(self) -> App:
        """Empties the app and deploys the newest release before the head; returns the app.

        Fails when there is no such release, or it does not converge.

        Example:
        | Suite Setup    Deploy The Previous Release
        """
        session.enter()
        session.stages.need_previous_release()
        return session.app

    @project_keyword()
    def enter_the_last_stage(self) -> None:
        """Begins the stage that the suite file is named for, with the deployment as it is.

        Fails when the file name has no stage.

        Example:
        | Suite Setup    Enter The Last Stage
        """
        session.enter()

    @project_keyword()
    def the_app(self) -> App:
        """Returns the app under test: its ``domain``, ``url``, ``recipe`` and ``stack``.

        Fails when no run has begun.

        Example:
        | ${app}=    The App
        | Log    ${app.url}
        """
        return session.app

    @project_keyword()
    def upgrade_to_the_head(self) -> None:
        """Deploys the head over the previous release and its data, and waits until it is healthy.

        The report says what the upgrade changed, or that there is no change of version. Fails when
        the update does not go through (it is rolled back, or crash-loops), or when the version
        label moved and an image of the app did not, or the images and not the label. ``[let_go]``
        of recipe.toml excuses an image, as ``"relay: image"``.

        Example:
        | Upgrade To The Head
        """
        before = described(session.driver)
        session.stages.upgrade_to_head()
        after = described(session.driver)
        session.note_upgrade(change_between(before, after))
        check_label_and_images_agree(before, after, session.driver.config.let_go)

    @project_keyword()
    def restart_every_service(self) -> None:
        """Restarts each service of the app once and waits until the app is healthy again.

        Fails when a service does not come back, or nothing was restarted.

        Example:
        | Restart Every Service
        """
        session.stages.restart()

    @project_keyword("assertion")
    def the_app_should_be_healthy(self) -> None:
        """Waits for the app's health page over HTTPS through Traefik; it must keep answering.

        The path and the status are the recipe's ``health_path`` and ``health_status``. The
        certificate must be trusted. An app with a ``health_tls_port`` completes a TLS handshake
        there instead, with whatever certificate.

        Fails with the last answer.

        Example:
        | The App Should Be Healthy
        """
        session.stages.wait_healthy(holding_seconds=1)

    @project_keyword("assertion")
    def the_app_should_still_work(self) -> None:
        """Fails unless the app is healthy and the recipe's own `The App Should Work` passes.

        Example:
        | Upgrade To The Head
        | The App Should Still Work
        """
        session.stages.wait_healthy()
        if session.has_keywords():
            BuiltIn().run_keyword("The App Should Work")

    @project_keyword("assertion")
    def every_service_should_run_its_image(self) -> None:
        """Fails unless each service runs the image that the head's compose file names.

        Example:
        | Every Service Should Run Its Image
        """
        driver = session.driver
        check_images(driver.services(), driver.images())

    @project_keyword("assertion")
    def no_task_should_have_restarted(self) -> None:
        """Fails when a task of the app died since it was deployed, with its exit code and log.

        Example:
        | No Task Should Have Restarted
        """
        driver = session.driver
        check_no_task_restarted(driver.services(), driver.last_log_lines, driver.meant)

    @project_keyword("assertion")
    def the_app_should_have_stayed_up(self) -> None:
        """Fails when a task of the app ended, or its health page was not answered well meanwhile.

        Watched is the time from the app's first good answer on, up to now, except for steps of the
        run that take the app down: a restart, a restore, an upgrade. The page is asked twice a
        second. The downtime of those steps is held to ``[downtime]`` of recipe.toml.

        The last test of every stage uses it; it is added to each suite file by itself.

        Example:
        | The App Should Have Stayed Up
        """
        session.stages.steps.require()
        session.watch.check()

    @project_keyword("assertion")
    def other_sites_should_answer_for_themselves(self) -> None:
        """Fails when the app answers for a name that is not its own.

        Asked are the sentinel, and a name that nobody has; the answers must be those from before
        the run. The last test of every stage uses it.

        Example:
        | Other Sites Should Answer For Themselves
        """
        session.neighbours.check(session.driver.services())

    @project_keyword()
    def deployed_version(self) -> VersionLabels:
        """Returns the version that abra's labels on the app have.

        The fields are ``version``, ``app_version``, ``chaos`` and ``chaos_version``; they are empty
        where a label is missing. Fails when no run has begun.

        Example:
        | ${deployed}=    Deployed Version
        | Log    ${deployed.version}
        """
        return version_labels(session.driver.services(), session.app.stack)

    @project_keyword("assertion")
    def deployed_version_should_be_the_head(self) -> None:
        """Fails unless the app's labels name exactly the commit under test.

        Example:
        | Deployed Version Should Be The Head
        """
        driver = session.driver
        seen = version_labels(driver.services(), driver.app.stack)
        promised = version_in_compose(driver.compose_files())
        check_version_is_commit(seen, driver.checkout.commit, promised)

    @project_keyword("assertion")
    def deployed_version_should_be_the_previous_release(self) -> None:
        """Fails unless the app's labels name the release before the head.

        Example:
        | Deployed Version Should Be The Previous Release
        """
        seen = version_labels(session.driver.services(), session.app.stack)
        check_version_is_release(seen, session.stages.previous_release)

    @project_keyword("assertion")
    def secrets_should_be_unchanged(self) -> None:
        """Fails when `Restart Every Service` changed a secret of the app, as its containers see it.

        Compared are the secrets' files, and the variables of each container's first process that
        are named for secrets, such as ``JWT_SECRET``. The test's message says which, or that there
        is nothing to compare. No value is in any log.

        Example:
        | Secrets Should Be Unchanged
        """
        session.stages.steps.require()
        before, now = session.stages.secrets_before_restart, session.driver.secrets()
        BuiltIn().set_test_message(check_secrets_unchanged(before, now))

    @project_keyword("assertion")
    def secrets_should_be_made_for_this_app(self) -> None:
        """Fails when the recipe holds a secret itself: then it is the same for every app of it.

        Each secret of the deployed compose files must be external and named for the app, so that
        abra makes it. A variable that is named for a secret, such as ``DB_PASSWORD``, must not have
        a fixed text. ``[not_secret]`` of recipe.toml names exceptions. No value is in any log.

        Example:
        | Secrets Should Be Made For This App
        """
        BuiltIn().set_test_message(check_secrets_are_own(session.driver))

    @project_keyword("assertion")
    def no_log_should_hold_a_secret(self) -> None:
        """Fails when a service of the app logged a secret that was made for this app.

        Example:
        | No Log Should Hold A Secret
        """
        check_logs(session.driver)

    @project_keyword("assertion")
    def every_health_check_should_be_able_to_fail(self) -> None:
        """Fails when a health check says that a service is healthy where nothing of it runs.

        Each service's own health check is run as the only process of a container: of the service's
        image, with its settings, user and configs, without network, volumes and secrets. Exit code
        0 within the check's own timeout fails; a service without a check is left alone.

        Example:
        | Every Health Check Should Be Able To Fail
        """
        BuiltIn().set_test_message(check_health_checks_can_fail(session.driver))

    @project_keyword("assertion")
    def the_head_should_keep_what_the_release_had(self) -> None:
        """Fails when something that guarded the release does not guard the head any more.

        Compared is each service's health check, restart policy, order of updates, log driver, user,
        published ports, mounts of the node, place on `proxy`, and check of certificates; whether
        each hook of the backup bot fails where nothing of the app runs; and the app's security
        headers, closed `/metrics`, and way from HTTP to HTTPS. The release is looked at by
        `Upgrade To The Head`. ``[let_go]`` of recipe.toml gives reasons.

        Example:
        | Upgrade To The Head
        | The Head Should Keep What The Release Had
        """
        session.stages.steps.require()
        release, head = session.stages.guards_of_release, guards_of(session.driver)
        BuiltIn().set_test_message(check_nothing_is_lost(release, head, session.driver.config))

    @project_keyword("assertion")
    def the_stages_should_have_shared_their_deployments(self) -> None:
        """Fails unless a full run deployed the app as often as it must, and each dependency once.

        That is three cold deployments, and one over the previous release; fewer if the recipe opted
        out of a stage. Deployments by a test or an install step count too, also those by `Abra`.
        Deployments of an app that `Fresh App` made do not count.

        Example:
        | The Stages Should Have Shared Their Deployments
        """
        dependencies, driver = session.dependencies, session.driver
        check_deployments_of_full_run(
            driver, dependencies.apps, dependencies.failures, driver.config.opt_out,
            after_failures=session.failures > 0,
        )  # fmt: skip
