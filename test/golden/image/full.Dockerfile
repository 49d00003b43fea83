ARG BASE
FROM $BASE
USER root
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends -o APT::Cmd::Pattern-Only=true build-essential file gh git jq less nodejs npm patch pkg-config python-is-python3 python3 python3-pip python3-venv ripgrep rsync sqlite3 tree unzip vim-tiny wget xz-utils zip \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends -o APT::Cmd::Pattern-Only=true maven \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log
RUN [ -e /etc/ssl/certs/ca-certificates.crt ] || { apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends -o APT::Cmd::Pattern-Only=true ca-certificates \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log; }
COPY download /usr/local/bin/mise
COPY install-tool /usr/local/lib/paude/install-tool
RUN /usr/local/lib/paude/install-tool go
