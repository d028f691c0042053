#!/bin/sh
# Brings the database up to date and makes the keys that the site's own parts use.
set -eu
halowatch db upgrade
known=$(halowatch keys list | grep " active " || true)
make_key() { # name scope
    case "$known" in
        *" $1 "*) echo "key $1 is there" ;;
        *) halowatch keys create --name "$1" --scope "$2" --expires never \
            --token-file "/run/secrets/$3" > /dev/null ;;
    esac
}
make_key poller ingest poller_key
make_key prometheus read prometheus_key
