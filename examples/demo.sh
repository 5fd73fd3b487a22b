#!/usr/bin/env bash
# Shows a violation that is found, remediated and undone, without an AWS account:
#
#     examples/demo.sh [FOLDER]
#
# A stand-in of AWS (moto) and a backend with TLS run on this machine. A developer changes an HTTPS integration of a REST
# API to HTTP and deploys it. The commands that are printed evaluate the event, then plan, apply and undo the remediation.
# The evidence is written to FOLDER.
#
# It needs Python 3 with pip, and downloads the packages of tests/testing/requirements.txt once. The variable `EVENKEEL`
# names the command to use; without it, the command is built. `PYTHON` names a Python that has the packages.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-${TMPDIR:-/tmp}/evenkeel-demo}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
rm -rf "$folder/evidence" "$folder"/*.port

if [ -z "${PYTHON:-}" ]; then
    echo 'downloading the stand-in of AWS (once, about half a minute)' >&2
    python3 "$root/tests/testing/environment.py" "$folder/python"
    PYTHON=$folder/python/bin/python
fi
if [ -z "${EVENKEEL:-}" ]; then
    cargo build --release --locked --manifest-path "$root/Cargo.toml"
    EVENKEEL=$root/target/release/evenkeel
fi

# Both programs end when this script ends, because their standard input is then closed.
exec 3> >("$PYTHON" "$root/tests/testing/stand/stand.py" > "$folder/stand.port")
exec 4> >("$PYTHON" "$root/examples/demo/backend.py" "$folder" > "$folder/backend.port")

# Prints the port on which a process listens. The process writes the port to its output file.
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

# Prints a command and runs it. Exit status 1 reports a finding; it is not a failure of the demonstration.
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
step 'A developer turns TLS off and deploys the API.'
developer turn "$api" "http://$backend/pay"
served
event=$folder/event.json
developer event "$api" UpdateIntegration "$event"
begun=$SECONDS
step "The CloudTrail event arrives and is evaluated."
evenkeel ingest "$event"
finding=$(basename "$(find "$folder/evidence/findings" -name '*.json')" .json)
step 'The plan of the remediation:'
evenkeel plan "$finding"
step "Apply the plan: the backend supports TLS, and nobody else has undeployed changes."
evenkeel apply "$finding" --yes
served
echo "  $((SECONDS - begun)) s from the event to the remediated state"
step 'The same event, delivered again, changes nothing.'
evenkeel ingest "$event"
evenkeel apply "$finding" --yes
step "Undo restores the previous definition of the API, and the former deployment of the stage."
evenkeel undo "$finding" --reason 'the partner speaks HTTP only' --yes
served
step 'The ledger contains every step.'
evenkeel status
printf '\nThe evidence is in %s\n' "$folder/evidence"
