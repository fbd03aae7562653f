"""`abra app new`: writes the .env file of an app, from the recipe's sample."""

import re

from lab.standins.abracli import app as apps
from lab.standins.abracli import envfile, paths, secrets
from lab.standins.abracli.app import App
from lab.standins.abracli.logs import Fatal
from lab.standins.abracli.recipe import Recipe
from lab.standins.abracli.secrets import RequiredSecret
from lab.standins.abracli.session import Session


def create(
    recipe: Recipe, session: Session, domain: str, server: str, chaos: bool, version: str = ""
) -> App:
    """Write an app's .env file.

    Side effect, as in the real abra: without chaos, `version` is checked out in the recipe's
    repository; by default, the latest release, or else the newest commit.

    Raises:
        Fatal: the domain or the server is missing, the app exists, or there is no .env.sample.
    """
    if chaos and version:
        raise Fatal("cannot use a version and --chaos together")
    server, domain = _server(session, server), _domain(session, domain, recipe)
    path = paths.servers_dir() / server / f"{domain}.env"
    if path.exists():
        raise Fatal(f"{path} already exists?")
    recipe.ensure(session, "", chaos)
    if chaos:
        version = recipe.chaos_version()
    else:
        versions = recipe.versions()
        version = version or (versions[-1] if versions else recipe.head())
        recipe.check_out(version)
    sample = recipe.path / ".env.sample"
    if not sample.is_file():
        raise Fatal(f"unable to create {domain}: {sample} does not exist")
    text = sample.read_text(encoding="utf-8")
    text = text.replace(f"{recipe.path.name}.example.com", domain)
    # As a function, since a backslash in a replacement text would have a meaning.
    text = re.sub(r"^DOMAIN=.*$", lambda _: f"DOMAIN={domain}", text, flags=re.MULTILINE)
    envfile.replace(path, text)
    envfile.write_version(path, recipe.name, version)
    return apps.load(domain)


def secrets_of(app: App) -> list[RequiredSecret]:
    """Return the secrets that the new app needs."""
    return secrets.required(app)


def generate(app: App) -> dict[str, str]:
    """Generate the secrets of the new app; return each name with its value."""
    return secrets.generate(app, [one for one in secrets.required(app) if one.generate])


def _server(session: Session, named: str) -> str:
    known = sorted(p.name for p in paths.servers_dir().glob("*") if p.is_dir())
    if not named and len(known) == 1 and not session.no_input:
        return known[0]
    if not named:
        raise Fatal("no server provided, use --server/-s")
    if named not in known:
        raise Fatal(f"server '{named}' doesn't exist? known: {', '.join(known) or 'none'}")
    return named


def _domain(session: Session, named: str, recipe: Recipe) -> str:
    if not named:
        raise Fatal("no domain provided, use --domain/-D")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", named):
        raise Fatal(f"'{named}' is not a domain")
    return named
