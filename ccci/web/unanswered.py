"""Whose fault it is that a request got no answer: the app's, or that of the way to it.

Once the connection stands, somebody has taken the request. If no answer comes then, or only a part
of one, the app (or what the recipe puts before it) hangs, cut the answer off or reset the
connection. Before that the app was never reached: the proxy, the network or the names failed.
"""

import ssl

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

from ccci.errors import CcciError, NodeFailure, RecipeFailure

_BAD_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
_BAD_ANSWER = (
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.exceptions.InvalidHeader,
    requests.exceptions.ConnectionError,
)
# The other side ended a TLS connection; requests calls that an error of TLS.
_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
# Raised while the connection is made; urllib3 puts them into other errors.
_BEFORE_THE_REQUEST = (NewConnectionError, ConnectTimeoutError, ProxyError)


class Unanswered(RecipeFailure):
    """The request arrived, and no answer came, or only a part of one."""


def failure_of(url: str, error: requests.exceptions.RequestException) -> CcciError:
    """Return the error of this project for an error of requests.

    Args:
        url: what was asked for.
        error: as requests raised it.

    Returns:
        RecipeFailure: the certificate is not trusted, or the address is none. Unanswered: the app
        hangs, breaks HTTP, cut its answer off, or ended or reset the connection. NodeFailure: no
        connection was made, or the request was never sent.

    Example:
        ``raise failure_of(url, error) from None``
    """
    if isinstance(error, requests.exceptions.SSLError) and _is_in(error, _ENDED):
        return Unanswered(
            f"{url}: the connection was ended before the whole request was read, as when a file is "
            f"larger than the app or the proxy takes: {error!s:.300}"
        )
    if isinstance(error, requests.exceptions.SSLError):
        return RecipeFailure(f"{url}: the certificate is not trusted: {error}")
    if isinstance(error, _BAD_ADDRESS):
        return RecipeFailure(f"{url!r:.200} is no address: {error}")
    if isinstance(error, requests.exceptions.ReadTimeout):
        return Unanswered(f"{url}: no answer in time; the app hangs: {error}")
    if isinstance(error, requests.exceptions.ConnectTimeout) or _is_in(error, _BEFORE_THE_REQUEST):
        return NodeFailure(f"{url}: no connection, so the app was never asked: {error}")
    if isinstance(error, _BAD_ANSWER):
        return Unanswered(
            f"{url}: the answer breaks HTTP, was cut off, or the connection reset: {error!s:.300}"
        )
    return NodeFailure(f"{url}: no answer: {error}")


def _is_in(error: BaseException, kinds: tuple[type[BaseException], ...]) -> bool:
    """Return whether an error is of these kinds, or carries one that is."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if isinstance(one, kinds):
            return True
        if id(one) not in seen:
            seen.add(id(one))
            inner = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
            waiting += [each for each in inner if isinstance(each, BaseException)]
    return False
