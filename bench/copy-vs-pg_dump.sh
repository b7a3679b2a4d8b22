#!/usr/bin/env bash
# Measures Lockstep's first copy against `pg_dump | psql`, side by side, on two throw-away servers.
#
#   SCALE    size of the pgbench database, 1 is 100 000 accounts (10)
#   WORKERS  chunks that Lockstep copies at a time (2)
#   ROUNDS   how often each is measured; the fastest counts (2)
#   LIMIT    seconds that one measurement may take (900)
#   PG_BIN   the folder with initdb, pg_ctl and pgbench (the newest below /usr/lib/postgresql)
#   TMPDIR   where the servers live (/tmp)
set -euo pipefail

SCALE=${SCALE:-10}
WORKERS=${WORKERS:-2}
ROUNDS=${ROUNDS:-2}
LIMIT=${LIMIT:-900}
PG_BIN=${PG_BIN:-$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)}

home=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
die() { echo "copy-vs-pg_dump: $*" >&2; exit 1; }
[ -x "$PG_BIN/initdb" ] || die "no initdb in \"$PG_BIN\": install PostgreSQL or set PG_BIN"
[ -x "$PG_BIN/pgbench" ] || die "no pgbench in \"$PG_BIN\": install postgresql-contrib"

# A server does not run as root; as root its programs are started as the user postgres.
as_server=()
if [ "$(id -u)" = 0 ]; then
    as_server=(runuser -u postgres --)
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/lockstep-bench-XXXXXX")
export PGHOST=127.0.0.1 PGUSER=postgres PGDATABASE=bench PGCONNECT_TIMEOUT=10
export PGOPTIONS='-c client_min_messages=warning'
unset PGPORT PGPASSWORD PGSERVICE

server() { (cd "$work" && "${as_server[@]}" "$@"); }

clean_up() {
    for name in source target; do
        [ ! -f "$work/$name/postmaster.pid" ] ||
            server "$PG_BIN/pg_ctl" -D "$work/$name" -m immediate stop >/dev/null 2>&1 || true
    done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

free_port() { # from $1 on
    port=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    echo "$port"
}

start() { # name port; settings as a server of some size has them, durable as it would be
    server "$PG_BIN/initdb" -D "$work/$1" -U postgres -A trust -E UTF8 --locale=C >/dev/null
    server sh -c "cat >>'$work/$1/postgresql.conf'" <<SETTINGS
port = $2
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
wal_level = logical
shared_buffers = 256MB
max_wal_size = 4GB
SETTINGS
    server "$PG_BIN/pg_ctl" -D "$work/$1" -l "$work/$1.log" -t 60 -w start >/dev/null
}

seconds() { # runs the rest, its output into a file, and prints how long it took
    local from=$EPOCHREALTIME
    timeout "$LIMIT" "$@" >"$work/output" 2>&1 || { cat "$work/output" >&2; return 1; }
    awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }'
}

new_target() {
    psql -q -p "$target" -d postgres -c 'DROP DATABASE IF EXISTS bench' -c 'CREATE DATABASE bench'
    psql -q -p "$source" -c CHECKPOINT
    psql -q -p "$target" -c CHECKPOINT
}

rows() { psql -At -p "$1" -c 'SELECT count(*) FROM pgbench_accounts'; }

check() { [ "$(rows "$source")" = "$(rows "$target")" ] || die "$1 did not bring every row"; }

with_pg_dump() {
    new_target
    seconds bash -c "set -o pipefail
        '$PG_BIN/pg_dump' -p $source bench | psql -q -v ON_ERROR_STOP=1 -p $target bench"
    check pg_dump
}

# The tables with their keys are there before, as `schema.copy: none` wants them; the copy is timed
# by the journal, from the start of the run to the state in which all rows are there.
with_lockstep() {
    new_target
    "$PG_BIN/pg_dump" -p "$source" --schema-only bench | psql -q -p "$target" bench >/dev/null
    seconds "$home/lockstep" run "$work/plan.yaml" --until in-step >"$work/whole"
    check Lockstep
    psql -At -p "$target" -c "SELECT round(extract(epoch FROM
        max(at) FILTER (WHERE event = 'Copied') - min(at) FILTER (WHERE event = 'Started')), 2)
        FROM lockstep.journal"
    "$home/lockstep" abort "$work/plan.yaml" >/dev/null
}

least() { sort -n | head -n 1; }

chmod 755 "$work"
[ "$(id -u)" != 0 ] || chown postgres "$work"
source=$(free_port 55432)
start source "$source"
target=$(free_port $((source + 1)))
start target "$target"

"$home/lockstep" --version >/dev/null # builds, if there is something to build
psql -q -p "$source" -d postgres -c 'CREATE DATABASE bench'
"$PG_BIN/pgbench" -q -i -s "$SCALE" -p "$source" bench >/dev/null 2>&1
psql -q -p "$source" -c 'ALTER TABLE pgbench_history REPLICA IDENTITY FULL' -c 'VACUUM ANALYZE'
cat >"$work/plan.yaml" <<PLAN
lockstep: 1
name: bench
source: { url: "jdbc:postgresql://127.0.0.1:$source/bench", user: postgres }
target: { url: "jdbc:postgresql://127.0.0.1:$target/bench", user: postgres }
schema: { copy: none }
backfill: { workers: $WORKERS }
PLAN

for ((round = 1; round <= ROUNDS; round++)); do
    with_pg_dump >>"$work/pg_dump"
    with_lockstep >>"$work/copy"
    cat "$work/whole" >>"$work/in-step"
    echo >>"$work/pg_dump"
    echo >>"$work/in-step"
    echo "round $round of $ROUNDS is done" >&2
done

dump=$(grep . "$work/pg_dump" | least)
copy=$(grep . "$work/copy" | least)
whole=$(grep . "$work/in-step" | least)
size=$(psql -At -p "$source" -c "SELECT pg_size_pretty(pg_database_size('bench'))")
echo "pgbench scale $SCALE ($size), $WORKERS workers, $(nproc) cores," \
    "$("$PG_BIN/postgres" --version), fastest of $ROUNDS"
awk -v dump="$dump" -v copy="$copy" -v whole="$whole" 'BEGIN {
    form = "%-46s %8.2f s   %5.2f\n"
    printf form, "pg_dump | psql", dump, 1
    printf form, "Lockstep, start of the run to all rows copied", copy, copy / dump
    printf form, "Lockstep, the command until in step", whole, whole / dump
}'
