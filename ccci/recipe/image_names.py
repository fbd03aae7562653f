"""Image references as Docker shows them."""

_OF_THE_DEFAULT_REGISTRY = ("docker.io/", "index.docker.io/", "library/")


def familiar(reference: str) -> str:
    """Return an image reference in the short form of the default registry, as a service has it.

    Example:
        >>> familiar("docker.io/library/nginx:1.29"), familiar("docker.io/gitea/gitea:1.26.0")
        ('nginx:1.29', 'gitea/gitea:1.26.0')
    """
    for prefix in _OF_THE_DEFAULT_REGISTRY:
        reference = reference.removeprefix(prefix)
    return reference
