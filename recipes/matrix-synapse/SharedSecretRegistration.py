"""Creation of accounts with Synapse's registration secret: how a request is signed."""

import hashlib
import hmac

from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.accounts import Account
from ccci.bridge.failures import project_keyword


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class SharedSecretRegistration:
    """Signs requests to create an account.

    Source: https://element-hq.github.io/synapse/latest/admin_api/register_api.html
    """

    @project_keyword()
    def registration_mac(
        self, secret: Secret, nonce: str, account: Account, admin: bool = False
    ) -> str:
        """Returns the HMAC of a request: proof that its sender knows the registration secret.

        ``nonce`` comes from Synapse, and is valid for one request. Never fails.

        Example:
        | ${mac}=    Registration MAC    ${secret}    ${answer.json.nonce}    ${anna}
        """
        return mac(str(secret.value), nonce, account.name, str(account.password.value), admin)


def mac(secret: str, nonce: str, name: str, password: str, admin: bool) -> str:
    """Return the HMAC in hexadecimal.

    Example:
        >>> mac("shared", "n", "anna", "p", False)
        'be270e75d07a3e848b3fec486d1ba0a82c27b38b'
    """
    parts = (nonce, name, password, "admin" if admin else "notadmin")
    return hmac.new(secret.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
