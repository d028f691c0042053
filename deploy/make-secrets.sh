#!/bin/sh
# Makes the secrets of docker-compose.yml, each in a file; what is there stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
random() { # bytes: as text of letters, digits, - and _
    head -c "$1" /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'
}
keep() { # name content
    if [ ! -s "secrets/$1" ]; then
        printf '%s' "$2" > "secrets/$1"
        # Read by other users inside of the containers; the folder keeps people out.
        chmod 444 "secrets/$1"
        echo "made deploy/secrets/$1"
    fi
}
keep database_password "$(random 24)"
keep database_url "postgresql://halowatch:$(cat secrets/database_password)@postgres:5432/halowatch"
keep poller_key "hw_$(random 32)"
keep prometheus_key "hw_$(random 32)"
keep grafana_password "$(random 18)"
