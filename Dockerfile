# One image for every part: docker run halowatch serve | worker | poll | simulate.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv /opt/halowatch \
    && /opt/halowatch/bin/pip install --no-cache-dir -r requirements.lock
COPY instruments instruments
COPY models models
COPY service service
RUN /opt/halowatch/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/halowatch --create-home halowatch
COPY --from=build /opt/halowatch /opt/halowatch
COPY migrations /opt/halowatch/migrations
ENV PATH=/opt/halowatch/bin:$PATH \
    HALOWATCH_HOME=/var/lib/halowatch \
    HALOWATCH_MIGRATIONS=/opt/halowatch/migrations \
    PYTHONUNBUFFERED=1
USER halowatch
WORKDIR /var/lib/halowatch
VOLUME /var/lib/halowatch
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["halowatch"]
CMD ["serve", "--host", "127.0.0.1", "--port", "8000"]
