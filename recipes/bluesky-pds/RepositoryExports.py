"""Exports of repositories, verified with the key that the directory has; identifiers of files."""

from collections.abc import Mapping
from typing import Any

from repository_export import RepositoryExport, WrongExport, identifier_of_file, read_export
from robot.api.deco import library

from ccci.bridge.failures import project_keyword
from ccci.errors import RecipeFailure


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class RepositoryExports:
    """Verifies a repository as another server does: hashes, tree and signature.

    Sources: https://atproto.com/specs/repository, https://atproto.com/specs/blob.
    """

    @project_keyword("assertion")
    def repository_in_export(
        self, content: bytes, did_document: Mapping[str, Any]
    ) -> RepositoryExport:
        """Returns the repository in an export, once it is verified.

        ``content`` is the export (a CAR file), ``did_document`` what the directory says about the
        account. The repository has the fields ``did``, ``rev``, ``commit`` and ``records``, from
        path to identifier.

        Fails when a block is not what its identifier says, when one is missing or needless, when
        the tree has not its one possible form, and when the commit is not signed by the account.

        Example:
        | ${export}=    Download File    /xrpc/com.atproto.sync.getRepo    query=${of}
        | ${repository}=    Repository In Export    ${export.body}    ${document.json}
        | Should Be Equal    ${repository.records}[${path}]    ${post.cid}
        """
        try:
            return read_export(content, did_document)
        except WrongExport as error:
            raise RecipeFailure(f"The repository's export does not verify: {error}") from None
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise RecipeFailure(f"The repository's export cannot be read: {error!r}") from None

    @project_keyword()
    def identifier_of(self, content: bytes) -> str:
        """Returns the identifier (CID) that a file with this content has. Never fails.

        Example:
        | ${cid}=    Identifier Of    ${picture.content}
        """
        return identifier_of_file(content)
