# unstill in a container. Targets, smallest first:
#   cpu          camera motion on any computer; no torch
#   cuda         torch and the generative models, for NVIDIA graphics cards; works without one, too
#   cuda-i2vgen  cuda, and the weights of I2VGen-XL from a folder in the hub's layout: --build-arg WEIGHTS=DIR
# Build:  docker build --target cpu -t unstill .
# Run:    docker run -p 127.0.0.1:7860:7860 -v unstill:/data unstill
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm

# --- what all have in common: a user, a data folder that anybody may write, an empty environment, how it runs
FROM ${BASE_IMAGE} AS base
RUN groupadd --gid 1000 unstill \
 && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /data --shell /usr/sbin/nologin unstill \
 && install -d -m 1777 /data \
 && /usr/local/bin/python3 -m venv --without-pip /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    UNSTILL_DATA_DIR=/data UNSTILL_HOST=0.0.0.0 UNSTILL_CLAIM=true HF_HUB_DISABLE_TELEMETRY=1
LABEL org.opencontainers.image.title="unstill" \
      org.opencontainers.image.description="A picture and a sentence go in, a video comes out" \
      org.opencontainers.image.source="https://github.com/unstill/unstill" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY docker/healthcheck.py /opt/healthcheck.py
WORKDIR /data
VOLUME /data
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python3", "/opt/healthcheck.py"]
ENTRYPOINT ["python3", "-m", "unstill.serving.container"]

# --- locked packages, each checked by its hash. PIP_INDEX_URL names a mirror, and is not kept in the image.
FROM base AS packages
ARG PIP_INDEX_URL
COPY docker/lock/cpu.txt /tmp/lock.txt
RUN --mount=type=cache,target=/var/cache/pip export PIP_CACHE_DIR=/var/cache/pip \
 && /usr/local/bin/python3 -m pip --python /opt/venv/bin/python install --no-compile --require-hashes -r /tmp/lock.txt \
 && /opt/venv/bin/python -m compileall -q -j 0 /opt/venv/lib

# --- torch by itself: the largest part, and the one that changes least. TORCH_INDEX_URL names where from.
# Some of its files are for a newer Python and cannot be compiled; nothing here imports them.
FROM base AS torch
ARG PIP_INDEX_URL
ARG TORCH_INDEX_URL
ARG TORCH_VERSION=2.13.0
RUN --mount=type=cache,target=/var/cache/pip export PIP_CACHE_DIR=/var/cache/pip \
 && /usr/local/bin/python3 -m pip --python /opt/venv/bin/python install --no-compile \
      ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"} "torch==${TORCH_VERSION}" \
 && { /opt/venv/bin/python -m compileall -q -q -j 0 /opt/venv/lib || true; }

FROM torch AS packages-cuda
ARG PIP_INDEX_URL
COPY docker/lock/cuda.txt /tmp/lock.txt
RUN --mount=type=cache,target=/var/cache/pip export PIP_CACHE_DIR=/var/cache/pip \
 && /usr/local/bin/python3 -m pip --python /opt/venv/bin/python install --no-compile --require-hashes -r /tmp/lock.txt \
 && { /opt/venv/bin/python -m compileall -q -q -j 0 /opt/venv/lib || true; }

# --- unstill itself: built apart, so that a change of it makes this one small layer anew
FROM base AS app
ARG PIP_INDEX_URL
COPY docker/lock/build.txt /tmp/build.txt
RUN --mount=type=cache,target=/var/cache/pip export PIP_CACHE_DIR=/var/cache/pip \
 && /usr/local/bin/python3 -m venv --without-pip /tmp/build \
 && /usr/local/bin/python3 -m pip --python /tmp/build/bin/python install --require-hashes -r /tmp/build.txt
COPY pyproject.toml README.md LICENSE THIRD_PARTY.md /src/
COPY src /src/src
RUN cd /src && /tmp/build/bin/hatchling build -t wheel -d /tmp/dist \
 && /usr/local/bin/python3 -m pip --python /opt/venv/bin/python install --no-index --no-deps --no-compile \
      --prefix /opt/app /tmp/dist/*.whl \
 && /opt/venv/bin/python -m compileall -q /opt/app

# --- the images: what changes least comes first, so that an update of unstill is one small layer
FROM packages AS cpu
COPY --from=app /opt/app /opt/venv
USER 1000:1000
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"

FROM packages-cuda AS gpu
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,video

FROM gpu AS cuda
COPY --from=app /opt/app /opt/venv
USER 1000:1000
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"

# --- for many machines: PostgreSQL, S3, Ray. docs/many-machines.md; not built for a release yet
FROM packages AS packages-ray
ARG PIP_INDEX_URL
COPY docker/lock/cpu-ray.txt /tmp/lock.txt
RUN --mount=type=cache,target=/var/cache/pip export PIP_CACHE_DIR=/var/cache/pip \
 && /usr/local/bin/python3 -m pip --python /opt/venv/bin/python install --no-compile --require-hashes -r /tmp/lock.txt \
 && /opt/venv/bin/python -m compileall -q -j 0 /opt/venv && rm /tmp/lock.txt

FROM packages-ray AS cpu-ray
COPY --from=app /opt/app /opt/venv
USER 1000:1000
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"

FROM gpu AS gpu-ray
ARG PIP_INDEX_URL
COPY docker/lock/cpu-ray.txt /tmp/lock.txt
RUN --mount=type=cache,target=/var/cache/pip export PIP_CACHE_DIR=/var/cache/pip \
 && /usr/local/bin/python3 -m pip --python /opt/venv/bin/python install --no-compile --require-hashes -r /tmp/lock.txt \
 && /opt/venv/bin/python -m compileall -q -j 0 /opt/venv && rm /tmp/lock.txt

FROM gpu-ray AS cuda-ray
COPY --from=app /opt/app /opt/venv
USER 1000:1000
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"

# WEIGHTS is a folder of this one, such as weights/i2vgen-xl, with the licence's file among the others.
FROM gpu AS cuda-i2vgen
ARG WEIGHTS
COPY --chmod=755 ${WEIGHTS} /opt/weights/i2vgen-xl
ENV UNSTILL_WEIGHTS=i2vgen-xl=/opt/weights/i2vgen-xl
COPY --from=app /opt/app /opt/venv
USER 1000:1000
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.version="${VERSION}" org.opencontainers.image.revision="${REVISION}"
