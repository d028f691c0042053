# One image for every part: docker run halowatch serve | worker | poll | simulate.
# Debian 13, whose PostgreSQL client is of the server that docker-compose.yml names.
FROM python:3.11-slim-trixie AS build
WORKDIR /build
# An index that has CPU builds of torch beside PyPI's, which bring CUDA.
ARG PIP_EXTRA_INDEX_URL=
RUN python -m venv /opt/halowatch
# What the lock pins of the base and server installs; tools of development stay outside.
COPY requirements.lock pyproject.toml ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*project['dependencies'], *project['optional-dependencies']['server'], 'hatchling', sep='\n')" > wanted.txt \
    && /opt/halowatch/bin/pip install --no-cache-dir -c requirements.lock -r wanted.txt
COPY README.md LICENSE ./
COPY instruments instruments
COPY models models
COPY service service
RUN /opt/halowatch/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/halowatch/bin/pip uninstall --yes hatchling \
    && ln -s lib/python3.11/site-packages/models/shipped /opt/halowatch/models

FROM python:3.11-slim-trixie
# pg_dump and pg_restore, for db backup and db restore.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /var/lib/halowatch --create-home halowatch
COPY --from=build /opt/halowatch /opt/halowatch
COPY migrations /opt/halowatch/migrations
# Nothing is written outside of /var/lib/halowatch and /tmp: the root may be read-only.
ENV PATH=/opt/halowatch/bin:$PATH \
    HALOWATCH_HOME=/var/lib/halowatch \
    HALOWATCH_MIGRATIONS=/opt/halowatch/migrations \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /var/lib/halowatch
VOLUME /var/lib/halowatch
EXPOSE 8000
# Of serve; what runs another part overrides it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["halowatch"]
CMD ["serve", "--host", "127.0.0.1", "--port", "8000"]
