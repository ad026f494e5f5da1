"""The settings as everyone else receives them: frozen and typed."""

from dataclasses import dataclass, field

from django.conf import settings as django_settings

from ws_service.conf.layer_redis import redis_url_of
from ws_service.conf.options import OPTIONS
from ws_service.conf.problems import InvalidSettings, find_problems
from ws_service.conf.site import channel_layer_settings, has_users, secret_keys
from ws_service.errors import InvalidRedisUrl
from ws_service.origin_pattern import OriginPattern

# Django accepts these hosts with DEBUG on and ALLOWED_HOSTS empty (HttpRequest.get_host).
_DEBUG_HOSTS = (".localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class ServiceConfig:
    """What the service needs to know, read once.

    The first block is ``settings.WS_SERVICE``, the second the site's own Django settings.
    """

    routing: str | None
    middleware: tuple[str, ...]
    channel_layer: str
    allowed_origins: tuple[OriginPattern, ...]
    database_threads: int
    ping_interval_s: float
    message_limit_bytes: int
    redis_url: str | None = field(repr=False)  # it may hold a password
    why_no_redis: str
    key_prefix: str
    client_url: str | None
    send_buffer_limit_bytes: int
    command_limit_bytes: int
    subscription_limit: int
    publication_limit_bytes: int
    publish_timeout_s: float
    presence_lease_s: float
    token_key: str | None = field(repr=False)
    token_key_fallbacks: tuple[str, ...] = field(repr=False)
    token_audience: str
    topics_file: str | None
    api_key: str | None = field(repr=False)
    api_bind: str

    allowed_hosts: tuple[str, ...]
    use_x_forwarded_host: bool
    secure_proxy_ssl_header: tuple[str, str] | None
    session_engine: str
    session_cookie_name: str
    authentication_backends: tuple[str, ...]
    csrf_header: str
    has_users: bool  # django.contrib.auth is installed; otherwise tokens alone say who connects
    secret_keys: tuple[bytes, ...] = field(repr=False)  # for tokens: () where there is a token_key


def load_config() -> ServiceConfig:
    """Read the settings.

    Raises InvalidSettings with every problem at once.
    """
    problems = list(find_problems())
    if problems:
        raise InvalidSettings(problems)
    given = {name: option.default for name, option in OPTIONS.items()}
    given |= getattr(django_settings, "WS_SERVICE", {})
    trusted = [*given["ALLOWED_ORIGINS"], *django_settings.CSRF_TRUSTED_ORIGINS]
    redis_url, why_no_redis = _topics_redis(given["REDIS_URL"], given["CHANNEL_LAYER"])
    hosts = tuple(django_settings.ALLOWED_HOSTS)
    ssl_header = django_settings.SECURE_PROXY_SSL_HEADER
    return ServiceConfig(
        routing=given["ROUTING"],
        middleware=tuple(given["MIDDLEWARE"]),
        channel_layer=given["CHANNEL_LAYER"],
        allowed_origins=tuple(OriginPattern.parse(text) for text in trusted),
        database_threads=given["DATABASE_THREADS"],
        ping_interval_s=given["PING_INTERVAL"],
        message_limit_bytes=given["MAX_MESSAGE_SIZE"],
        redis_url=redis_url,
        why_no_redis=why_no_redis,
        key_prefix=given["PREFIX"],
        client_url=given["CLIENT_URL"],
        send_buffer_limit_bytes=given["SEND_BUFFER_BYTES"],
        command_limit_bytes=given["MAX_COMMAND_SIZE"],
        subscription_limit=given["MAX_SUBSCRIPTIONS"],
        publication_limit_bytes=given["MAX_PUBLICATION_SIZE"],
        publish_timeout_s=given["PUBLISH_TIMEOUT"],
        presence_lease_s=given["PRESENCE_LEASE"],
        token_key=given["TOKEN_KEY"],
        token_key_fallbacks=tuple(given["TOKEN_KEY_FALLBACKS"]),
        token_audience=given["TOKEN_AUDIENCE"],
        topics_file=given["TOPICS"],
        api_key=given["API_KEY"],
        api_bind=given["API_BIND"],
        allowed_hosts=_DEBUG_HOSTS if django_settings.DEBUG and not hosts else hosts,
        use_x_forwarded_host=django_settings.USE_X_FORWARDED_HOST,
        secure_proxy_ssl_header=(ssl_header[0], ssl_header[1]) if ssl_header else None,
        session_engine=django_settings.SESSION_ENGINE,
        session_cookie_name=django_settings.SESSION_COOKIE_NAME,
        authentication_backends=tuple(django_settings.AUTHENTICATION_BACKENDS),
        # As a browser writes what WSGI calls HTTP_X_CSRFTOKEN.
        csrf_header=django_settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-"),
        has_users=has_users(),
        secret_keys=secret_keys() if given["TOKEN_KEY"] is None else (),
    )


def _topics_redis(url: str | None, layer: str) -> tuple[str | None, str]:
    """Where topics are, else that of the site's channel layer; or why that can't be."""
    if url is not None:
        return url, ""
    try:
        return redis_url_of(channel_layer_settings().get(layer, {})), ""
    except InvalidRedisUrl as error:
        return None, f"CHANNEL_LAYERS[{layer!r}] names one that can't be used: {error}"
