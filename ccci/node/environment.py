"""The environment of the programs that a run starts: what they need, and nothing else.

The environment of whoever starts a run may have credentials and addresses. A program that deploys
an app could hand them on to it, since compose files may name variables.
"""

import os

# How the Docker daemon is found, and where the logins at registries are. There are further names,
# such as DOCKER_AUTH_CONFIG with credentials in it, that no program of a run needs.
_OF_DOCKER = (
    "DOCKER_API_VERSION", "DOCKER_CERT_PATH", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST",
    "DOCKER_TLS", "DOCKER_TLS_VERIFY",
)  # fmt: skip


def kept_environment(*names: str) -> dict[str, str]:
    """Return those variables of this process that have these names, or that lead to Docker.

    Example:
        >>> sorted(kept_environment("HOME", "NOT_SET_ANYWHERE"))  # doctest: +SKIP
        ['DOCKER_HOST', 'HOME']
    """
    return {name: os.environ[name] for name in (*names, *_OF_DOCKER) if name in os.environ}
