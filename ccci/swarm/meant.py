"""What a recipe says of its services that is not as usual: which end, and which have no replica."""

from dataclasses import dataclass

from ccci.swarm.view import Service, Task


@dataclass(frozen=True)
class Meant:
    """The services, by their names in the compose file, that need not run all the time.

    Attributes:
        to_end: they do something once, and end with exit code 0.
        without_replica: something else gives them a replica when there is work. None for any: a
            recipe without recipe.toml cannot name them.

    Example:
        ``Meant(to_end=frozenset({"migrate"})).deaths_of(service)``
    """

    to_end: frozenset[str] = frozenset()
    without_replica: frozenset[str] | None = frozenset()

    def may_be_idle(self, service: Service) -> bool:
        """Return whether a service may have no replica."""
        return self.without_replica is None or service.short_name in self.without_replica

    def settled(self, service: Service) -> bool:
        """Return whether a service is as it is meant to be, and no update of it goes on.

        One that is meant to end has ended; of any other all tasks run. A service whose update is
        paused is settled too: such an update never goes on by itself.
        """
        if service.update_state in ("updating", "rollback_started"):
            return False
        if service.short_name in self.to_end:
            return service.ended
        stale = [task for task in service.tasks if task.state == "running" and not task.current]
        wanted = service.replicas if service.replicas is not None else 1
        return len(service.running) >= wanted and not stale

    def deaths_of(self, service: Service) -> list[Task]:
        """Return the tasks that ended and were not meant to, newest first.

        Exit code 0 is no excuse, except for a service that is meant to end.
        """
        may_end = service.short_name in self.to_end
        dead = [task for task in service.tasks if task.dead]
        return [task for task in dead if not (may_end and task.state == "complete")]

    def is_over(self, service: Service, ignore: frozenset[str] = frozenset()) -> bool:
        """Return whether a service that should run has ended, and the Swarm will not start it.

        Args:
            service: as it is now.
            ignore: tasks that do not count, from before a restart.
        """
        newest = service.tasks[0] if service.tasks else None
        if newest is None or newest.id in ignore or not newest.current:
            return False
        ended_for_good = newest.dead and not service.is_started_again(newest)
        return (
            ended_for_good
            and service.replicas != 0
            and not service.running
            and service.short_name not in self.to_end
        )


# Of a recipe that says nothing: every service runs all the time.
USUAL = Meant()
