"""aiocache's backend over Redis or Valkey; importing this needs the extra `redis`."""

from urllib.parse import unquote, urlsplit

from aiocache.backends.redis import RedisBackend
from aiocache.serializers import NullSerializer
from redis.asyncio import BlockingConnectionPool

from gateway.errors import ConfigError

SCHEMES = ("redis", "rediss", "valkey", "valkeys")
PORT = 6379


class RemoteCache(RedisBackend):  # type: ignore[misc]  # aiocache has no types
    """aiocache's backend, closed as redis-py wants it now."""

    async def _close(self, *args: object, **kwargs: object) -> None:  # noqa: ARG002
        await self.client.aclose()


def open_redis(url: str, *, connections: int, timeout_s: float, connect_s: float) -> RemoteCache:
    """A backend for `redis://user:password@host:port/db`; `rediss` and `valkeys` are with TLS."""
    parts = urlsplit(url)
    try:
        port, db = parts.port or PORT, int(parts.path.strip("/") or 0)
    except ValueError:
        raise _not_an_address() from None
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise _not_an_address()
    return RemoteCache(
        serializer=NullSerializer(encoding=None),
        endpoint=parts.hostname,
        port=port,
        db=db,
        password=unquote(parts.password) if parts.password else None,
        pool_max_size=connections,
        create_connection_timeout=connect_s,
        ssl=parts.scheme in ("rediss", "valkeys"),
        connection_pool_class=BlockingConnectionPool,
        connection_pool_kwargs={
            "timeout": timeout_s,
            "username": unquote(parts.username) if parts.username else None,
        },
        timeout=timeout_s,
    )


def _not_an_address() -> ConfigError:
    """Without the address itself: it may hold a password."""
    return ConfigError("The cache's url must be like redis://host:6379/0.")
