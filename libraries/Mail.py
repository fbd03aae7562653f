"""The mail that the app under test sent."""

from datetime import timedelta

from robot.api import logger
from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.calling import hide
from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.web.api import Api
from ccci.web.mail import MailServer, ReceivedMail

COMPANION = "mail"


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Mail:
    """Reads the mail that the app sent to the companion ``mail``, which recipe.toml names.

    A mail has the fields ``sender``, ``recipients``, ``subject``, ``text``, ``html`` and ``links``.
    What looks like a token in its links is shown in no log. The mail server takes mail for any
    address, and delivers none. If it does not answer, the test is incomplete.
    """

    @project_keyword("assertion")
    def the_mail_to(
        self,
        address: str,
        about: str = "",
        after: ReceivedMail | None = None,
        within: timedelta = timedelta(minutes=1),
    ) -> ReceivedMail:
        """Waits for a mail to this address, and returns the newest.

        With ``about`` only mails count that have this text in their subject; with ``after`` only
        those that came after an earlier mail to the same address, such as a second invitation.

        Fails when none comes ``within`` that time; the message has the subjects of those that did.

        Example:
        | ${mail}=    The Mail To    anna@example.org    about=Confirm
        | Should Contain    ${mail.text}    Welcome
        | ${second}=    The Mail To    anna@example.org    after=${mail}
        """
        return _seen(_server().newest(address, about, after, within.total_seconds()))

    @project_keyword()
    def mails_to(
        self, address: str, about: str = "", after: ReceivedMail | None = None
    ) -> list[ReceivedMail]:
        """Returns the mails to this address that are there now, the oldest first.

        ``about`` and ``after`` are those of `The Mail To`. Does not wait, and does not fail when
        there is none: the list is empty. Fails when ``after`` is a mail to another address.

        Example:
        | ${first}=    The Mail To    anna@example.org
        | ${mails}=    Mails To    anna@example.org
        | Length Should Be    ${mails}    1
        """
        return [_seen(mail) for mail in _server().mails_to(address, about, after)]

    @project_keyword("assertion")
    def no_mail_should_come_to(self, address: str, before: ReceivedMail, about: str = "") -> None:
        """Fails when there is a mail to this address.

        ``before`` is a mail to somebody else that the app sent later, and that has come: so no time
        has to be waited for one that never comes. ``about`` is that of `The Mail To`.

        Example:
        | Ask For A New Password    stranger@example.org
        | Ask For A New Password    anna@example.org
        | ${mail}=    The Mail To    anna@example.org
        | No Mail Should Come To    stranger@example.org    before=${mail}
        """
        logger.info(f"After '{before.subject}' has come to {before.address}.")
        _server().require_none(address, about)

    @project_keyword("assertion")
    def link_in_mail(self, mail: ReceivedMail, containing: str) -> str:
        """Returns the one link in a mail that contains this text.

        Fails when there is none, or more than one; the message has all of its links.

        Example:
        | ${mail}=    The Mail To    anna@example.org
        | ${link}=    Link In Mail    ${mail}    /confirm
        | New Page    ${link}
        """
        return mail.link(containing)

    @project_keyword("assertion")
    def code_in_mail(self, mail: ReceivedMail, pattern: str) -> Secret:
        """Returns the one code in a mail's text that fits this regular expression.

        From here on no log shows it. Fails when nothing fits, or more than one text does.

        Example:
        | ${mail}=    The Mail To    anna@example.org
        | ${code}=    Code In Mail    ${mail}    \\b\\d{6}\\b
        """
        code = mail.code(pattern)
        hide("code in a mail", code)
        return Secret(code)


def _server() -> MailServer:
    app = session.dependencies.get(COMPANION)
    return MailServer(Api(session.client, app.url, session.server.domain))


def _seen(mail: ReceivedMail) -> ReceivedMail:
    for token in mail.tokens:
        hide("token in a mail", token)
    logger.info(f"'{mail.subject}' from {mail.sender} to {', '.join(mail.recipients)}")
    return mail
