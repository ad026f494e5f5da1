# syntax=docker/dockerfile:1

# The gateway image: the service without a site's code. Topics come from a file, users from the
# tokens that they bring; no secret key, no database:
#
#     docker build -t django-ws-service .
#     docker run --read-only --cap-drop ALL -p 127.0.0.1:8001:8001 \
#         -e REDIS_URL=redis://redis:6379/0 -e WS_SERVICE_TOKEN_KEY=… \
#         -v ./topics.toml:/etc/ws-service/topics.toml:ro django-ws-service
#
# A site that wants its own sessions, models and consumers in the service doesn't need this image:
# it starts `ws-service serve` in its own one. example/Dockerfile is such an image.

# To pin it, name it with its digest: --build-arg PYTHON_IMAGE=python:3.12-slim@sha256:…
ARG PYTHON_IMAGE=python:3.12-slim


# --- The wheel, with the browser SDK that the lock file names ---------------------------------
FROM ${PYTHON_IMAGE} AS wheel
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
# The slow steps come first: they are done again only when what they read has changed.
COPY requirements/build.txt requirements/
RUN pip install --only-binary :all: --require-hashes -r requirements/build.txt
COPY dev.py ./
COPY devkit devkit
COPY frontend frontend
COPY requirements/node.txt requirements/
# Node.js comes from PyPI (requirements/node.txt): the base image has none.
RUN mkdir -p ws_service/static/ws_service && python dev.py sdk
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY ws_service ws_service
RUN python -m hatchling build -t wheel -d /wheels


# --- What the service needs, and nothing else -------------------------------------------------
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv --without-pip /opt/venv
COPY requirements/service.txt /tmp/
RUN pip --python /opt/venv/bin/python install \
        --no-compile --only-binary :all: --require-hashes -r /tmp/service.txt
COPY --from=wheel /wheels /wheels
# Compiled here, once: the container's file system is read-only. By content and not by time, or a
# copy with other times would be compiled again at each start. Left out: Twisted's tests, a third of
# it, and the texts that translations are compiled from.
RUN pip --python /opt/venv/bin/python install --no-compile --no-deps /wheels/*.whl \
    && find /opt/venv/lib/python*/site-packages/twisted -type d -name test -prune -exec rm -r {} + \
    && find /opt/venv/lib -name '*.po' -delete \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib


# --- The image --------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS runtime
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="django-ws-service" \
      org.opencontainers.image.description="Real-time push beside Django sites: the gateway" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=settings.gateway \
    WS_SERVICE_BIND=0.0.0.0:8001 \
    WS_SERVICE_TOPICS=/etc/ws-service/topics.toml
# Process 1: without one of its own, a container ignores a stop until Python has come up, and is
# killed when its grace period is over.
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log /var/cache/debconf
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY asgi.py healthcheck.py routing.py ./
COPY consumers consumers
COPY settings settings
# Readable for its user also where the checkout was root's alone.
RUN python -m compileall -q --invalidation-mode unchecked-hash . \
    && chmod -R go=rX . \
    && ws-service --version
# By number: Kubernetes' runAsNonRoot can't look names up. Nothing here belongs to it.
USER 10001:10001
EXPOSE 8001
STOPSIGNAL SIGTERM
# More than the probe's own limit of 3 s and the start of Python. The start period ends with the
# first success: it is long for busy machines only.
HEALTHCHECK --interval=10s --timeout=8s --start-period=120s --retries=3 \
    CMD ["python", "/app/healthcheck.py", "--live"]
ENTRYPOINT ["tini", "--", "ws-service"]
CMD ["serve"]
