# syntax=docker/dockerfile:1
# docker build -t ovpipe .
# docker run --rm -p 8000:8000 -e OVPIPE_API_KEY="$(openssl rand -hex 32)" -v ovpipe-models:/models ovpipe
FROM python:3.11-slim AS build

WORKDIR /src
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY ovpipe ovpipe
COPY calculators calculators
COPY graphs graphs
RUN python -m venv /opt/ovpipe \
    && /opt/ovpipe/bin/pip install --no-cache-dir --constraint constraints.txt ".[otel]"

FROM python:3.11-slim

# A GPU needs its driver's packages on top, and --device /dev/dri.
COPY --from=build /opt/ovpipe /opt/ovpipe
RUN useradd --system --uid 10001 --create-home ovpipe \
    && install --directory --owner=ovpipe --group=ovpipe /models
USER 10001
WORKDIR /home/ovpipe
ENV PATH=/opt/ovpipe/bin:$PATH \
    OVPIPE_MODELS=/models \
    PYTHONUNBUFFERED=1
VOLUME /models
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=120s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=2)"]
ENTRYPOINT ["ovpipe", "serve", "--host", "0.0.0.0", "--port", "8000"]
