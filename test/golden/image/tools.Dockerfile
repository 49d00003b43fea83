ARG BASE
FROM $BASE
USER root
RUN [ -e /etc/ssl/certs/ca-certificates.crt ] || { apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends -o APT::Cmd::Pattern-Only=true ca-certificates \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log; }
COPY download /usr/local/bin/mise
COPY install-tool /usr/local/lib/paude/install-tool
RUN /usr/local/lib/paude/install-tool go
RUN /usr/local/lib/paude/install-tool java@21
RUN /usr/local/lib/paude/install-tool node@24
RUN /usr/local/lib/paude/install-tool python@3.13
RUN /usr/local/lib/paude/install-tool rust
