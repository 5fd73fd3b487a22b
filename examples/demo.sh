#!/usr/bin/env bash
# A violation is found, repaired and undone, without an AWS account:
#
#     examples/demo.sh [FOLDER]
#
# A stand-in of AWS (moto) and a backend that speaks TLS run on this machine. A developer turns an HTTPS integration of a
# REST API into plain HTTP and deploys it; the event is judged, and what it did is planned, applied and undone by the
# commands that are shown. FOLDER gets the evidence.
#
# It needs Python 3 with pip: the packages of tests/testing/requirements.txt are fetched once. `EVENKEEL` names the command,
# which is built unless it is set; `PYTHON` names a Python that has the packages.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-${TMPDIR:-/tmp}/evenkeel-demo}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
rm -rf "$folder/evidence" "$folder"/*.port

if [ -z "${PYTHON:-}" ]; then
    echo 'fetching the stand-in of AWS; this takes half a minute, once' >&2
    python3 "$root/tests/testing/environment.py" "$folder/python"
    PYTHON=$folder/python/bin/python
fi
if [ -z "${EVENKEEL:-}" ]; then
    cargo build --release --locked --manifest-path "$root/Cargo.toml"
    EVENKEEL=$root/target/release/evenkeel
fi

# They end when this script does, as their standard input does.
exec 3> >("$PYTHON" "$root/tests/testing/stand/stand.py" > "$folder/stand.port")
exec 4> >("$PYTHON" "$root/examples/demo/backend.py" "$folder" > "$folder/backend.port")

# The port that a process printed, once it listens.
port() {
    for _ in $(seq 300); do
        found=$(sed -n 's/^listening //p' "$folder/$1.port" 2> /dev/null || true)
        [ -z "$found" ] || { echo "$found"; return; }
        sleep 0.1
    done
    echo "$1 did not start" >&2
    return 1
}

stand=$(port stand)
backend=localhost:$(port backend)
export AWS_ENDPOINT_URL=http://127.0.0.1:$stand AWS_REGION=eu-central-1
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test EVENKEEL_PROBE=$folder/roots.pem
unset AWS_PROFILE AWS_SESSION_TOKEN

step() { printf '\n%s\n' "$1"; }
developer() { "$PYTHON" "$root/examples/demo/developer.py" "$AWS_ENDPOINT_URL" "$@"; }
served() { echo "  the stage calls $(developer served "$api")"; }

# A command, shown as it is typed. What it finds is no failure of the demonstration.
evenkeel() {
    echo "  \$ evenkeel $*"
    local ledger=--ledger code=0
    [ "$1" != ingest ] || ledger=--out
    "$EVENKEEL" "$@" "$ledger" "$folder/evidence" || code=$?
    [ "$code" -le 1 ] || { echo "\`evenkeel $*\` ended with $code" >&2; exit "$code"; }
}

step 'An API calls its backend over TLS.'
api=$(developer create "https://$backend/pay")
served
step 'A developer turns TLS off, and deploys.'
developer turn "$api" "http://$backend/pay"
served
event=$folder/event.json
developer event "$api" UpdateIntegration "$event"
begun=$SECONDS
step "CloudTrail's event arrives, and is judged."
evenkeel ingest "$event"
finding=$(basename "$(find "$folder/evidence/findings" -name '*.json')" .json)
step 'What would be done about it?'
evenkeel plan "$finding"
step "Do it: TLS answers, nobody else's drafts are in the way, the stage is deployed anew."
evenkeel apply "$finding" --yes
served
echo "  $((SECONDS - begun)) s from the event to the repaired state"
step 'The same event again changes nothing.'
evenkeel ingest "$event"
evenkeel apply "$finding" --yes
step "The team wants it back: undo restores the draft and the stage's former deployment."
evenkeel undo "$finding" --reason 'the partner speaks HTTP only' --yes
served
step 'All of it is in the ledger.'
evenkeel status
printf '\nThe evidence is in %s\n' "$folder/evidence"
