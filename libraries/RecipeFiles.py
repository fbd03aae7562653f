"""What is wrong in the recipe's files, though the app that they deploy works."""

from robot.api.deco import library

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.run import files_review


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class RecipeFiles:
    """Reads the files of the recipe under test, at the head and at the releases before it.

    Some defects show in no deployment of a run: a setting that nothing reads any more, a route that
    two apps share, a config that other servers refuse. What a recipe changes on purpose is named in
    ``[let_go]`` of recipe.toml, with the reason.
    """

    @project_keyword("assertion")
    def abra_should_accept_the_recipe(self) -> None:
        """Fails when abra's lint finds an error: it would refuse to deploy the commit as a release.

        Warnings of the lint fail nothing, nor does its rule on the kind of tags.

        Example:
        | Abra Should Accept The Recipe
        """
        files_review.check_lint(session.driver)

    @project_keyword("assertion")
    def scripts_should_be_readable(self) -> None:
        """Fails when a shell cannot read a script of the recipe, such as abra.sh; nothing is run.

        Example:
        | Scripts Should Be Readable
        """
        files_review.check_scripts(session.driver)

    @project_keyword("assertion")
    def routes_should_be_named_for_the_app(self) -> None:
        """Fails when a router, service or middleware of Traefik lacks the app's stack in its name.

        If two apps define one name, Traefik drops both. Fails also when a router for HTTPS has no
        ``tls.certresolver`` and another one has: a run has its own certificates, and shows no such.

        Example:
        | Routes Should Be Named For The App
        """
        files_review.check_routes(session.driver)

    @project_keyword("assertion")
    def backup_hooks_should_tell_of_errors(self) -> None:
        """Fails when a hook of the backup bot ends with ``|| true`` or the like.

        It then hides that nothing was backed up, or restored.

        Example:
        | Backup Hooks Should Tell Of Errors
        """
        files_review.check_hooks(session.driver)

    @project_keyword("assertion")
    def the_head_should_read_what_it_offers(self) -> None:
        """Fails when a setting or a secret is still offered, and no file reads it any more.

        Compared with the release before: what that did not read either is left alone. Fails also
        when a setting of the release is in no file of the head, and in no release note of it: who
        has set it goes back to the default, unawares.

        Fails also when a compose file that the run does not deploy is gone, cannot be read, or has
        lost a service, a volume or a port of the node, or runs an older image: apps whose
        COMPOSE_FILE names it lose those.
        Fails as well when a command of abra.sh is gone. A release note that names the file or the
        command excuses it.

        Example:
        | The Head Should Read What It Offers
        """
        files_review.check_head_reads(session.driver, session.stages.previous_release)

    @project_keyword("assertion")
    def new_settings_should_have_a_default_or_a_note(self) -> None:
        """Fails when an upgraded app lacks a setting that the head needs, and nobody is told.

        abra leaves the settings of an app as they are. So a setting that .env.sample gained needs a
        default where it is read, or its name in the release note of the head, or of a release that
        the upgrade passes over. Fails also when a new release note has the name of no version: abra
        shows it to nobody.

        Example:
        | Upgrade To The Head
        | New Settings Should Have A Default Or A Note
        """
        files_review.check_new_settings(session.driver, session.stages.previous_release)

    @project_keyword("assertion")
    def changed_configs_should_have_new_names(self) -> None:
        """Fails when a config has another content than in a release, under the same name.

        Compared with every release before the head: the Swarm never changes a config, so that an
        upgrade fails where that release was deployed.

        Example:
        | Changed Configs Should Have New Names
        """
        files_review.check_configs(session.driver)

    @project_keyword("assertion")
    def certificates_and_secrets_should_be_no_weaker(self) -> None:
        """Fails when .env.sample has other certificates, or shorter secrets, than in the release.

        A run has its own certificates, so that it shows neither. Fails also when a setting that
        ``[env]`` of recipe.toml replaces has another default than in the release.

        Example:
        | Certificates And Secrets Should Be No Weaker
        """
        files_review.check_not_weaker(session.driver, session.stages.previous_release)
