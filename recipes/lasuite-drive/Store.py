"""The store of Drive's files: an S3 bucket at a public address, which gives files by signature."""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

from minio import Minio
from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.calling import hide
from ccci.bridge.failures import project_keyword
from ccci.errors import RecipeFailure

_LASTS = timedelta(minutes=5)


@dataclass(frozen=True)
class SignedAddress:
    """An address of an object: its ``page``, and the ``query`` with the signature."""

    page: str
    query: dict[str, Secret] = field(repr=False)


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Store:
    """Reads and makes the signed addresses at which the store takes and gives files.

    Source: AWS Signature Version 4,
    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html.
    """

    @project_keyword("assertion")
    def signed_address(self, address: Secret) -> SignedAddress:
        """Returns the ``page`` and the ``query`` of an address that Drive has signed.

        From here on no log shows the signature. Fails when the address has none.

        Example:
        | ${upload}=    Signed Address    ${file.upload}
        | Upload File    PUT    ${upload.page}    ${content}    query=${upload.query}    expect=200
        """
        return _read(str(address.value))

    @project_keyword("assertion")
    def address_in_store(self, address: Secret, password: Secret) -> SignedAddress:
        """Returns a signed address at which the store itself gives a file, for five minutes.

        ``address`` is where Drive let somebody put the file: it names the store, the bucket, the
        object and the user. ``password`` is that user's. Nobody is asked. Fails when the address is
        not signed.

        Example:
        | ${password}=    Credential    ${app.domain}/store_password
        | ${there}=    Address In Store    ${file.upload}    ${password}
        | Download File    ${there.page}    query=${there.query}
        """
        signed = _read(str(address.value))
        parts = urlsplit(signed.page)
        # <user>/<day>/<region>/s3/aws4_request
        user, _, region, *_ = str(signed.query["X-Amz-Credential"].value).split("/")
        bucket, _, name = unquote(parts.path).lstrip("/").partition("/")
        store = Minio(
            parts.netloc, access_key=user, secret_key=str(password.value), region=region,
            secure=parts.scheme == "https",
        )  # fmt: skip
        return _read(store.presigned_get_object(bucket, name, expires=_LASTS))


def _read(address: str) -> SignedAddress:
    page, _, query = address.partition("?")
    signed = dict(parse_qsl(query))
    if not {"X-Amz-Credential", "X-Amz-Signature"} <= signed.keys():
        raise RecipeFailure(
            f"Expected a signed address (AWS Signature Version 4); {page} has the query fields "
            f"{', '.join(signed) or 'none'}."
        )
    hide("signature of the store", signed["X-Amz-Signature"])
    return SignedAddress(page, {name: Secret(value) for name, value in signed.items()})
