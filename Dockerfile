# syntax=docker/dockerfile:1
#
# One image with one binary. Build: `docker build -t loudou .`; over SQLite it runs by itself:
# `docker run -p 127.0.0.1:8080:8080 -v loudou:/var/lib/loudou loudou`. With PostgreSQL: docker-compose.yml.
#
# Each step of the second stage, the start as this user and the question for health were tried in a bare Debian; the image as
# a whole has not yet been built by an engine.

FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY . .
# The caches outlive the layer: a changed line does not build the world again.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    cargo build --release --locked --bin loudou && cp target/release/loudou /loudou

FROM debian:bookworm-slim
# The certificate authorities: for a connection to PostgreSQL with TLS.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
# A number of our own, so that a volume keeps its owner whatever the base image adds.
RUN groupadd --gid 10001 loudou \
    && useradd --uid 10001 --gid loudou --no-create-home --home-dir /var/lib/loudou --shell /usr/sbin/nologin loudou \
    && install --directory --owner=loudou --group=loudou --mode=0700 /var/lib/loudou
COPY --from=build /loudou /usr/local/bin/loudou
# The rules to begin with: mount one's own over it, or set LOUDOU_RULES_FILE.
COPY config/rules.yaml /etc/loudou/rules.yaml

# By number: whoever runs it can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/loudou
VOLUME ["/var/lib/loudou"]
ENV DATABASE_URL=sqlite:/var/lib/loudou/loudou.db \
    LOUDOU_RULES_FILE=/etc/loudou/rules.yaml \
    LOUDOU_LISTEN=0.0.0.0:8080 \
    LOUDOU_METRICS_LISTEN=0.0.0.0:9464 \
    LOUDOU_LOG_FORMAT=json
EXPOSE 8080 9464
# Asks /readyz at LOUDOU_LISTEN: ready means that the database answers and the rules are loaded.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["loudou", "health"]
# Drains and ends within LOUDOU_DRAIN_DELAY_SECONDS + LOUDOU_STOP_DEADLINE_SECONDS (35 s): give it that long to stop.
STOPSIGNAL SIGTERM
ENTRYPOINT ["loudou"]
CMD ["serve"]
