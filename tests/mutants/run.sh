#!/usr/bin/env bash
# Tests the test: plants one fault after another in a copy of the tree and expects the simulation to fail.
# Each line of faults.txt: name | file | sed expression. A fault that the simulation lets through, or that changes
# nothing or does not compile, is an error. Usage: tests/mutants/run.sh [name …]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$root/Cargo.toml" "$root/Cargo.lock" "$root/src" "$root/protocol" "$root/tests" "$root/benches" "$root/certs" "$copy/"
# A target folder of its own: cargo would take what was built of a planted fault for a build of the tree itself.
export CARGO_TARGET_DIR="$root/target/mutants"
caught=0 failed=0
while IFS='|' read -r name file edit; do
    name=$(echo "$name" | xargs) file=$(echo "$file" | xargs) edit=$(echo "$edit" | sed 's/^ *//; s/ *$//')
    [[ -z "$name" || "$name" == \#* ]] && continue
    [[ $# -gt 0 && " $* " != *" $name "* ]] && continue
    cp "$root/$file" "$copy/$file"
    sed -i -E "$edit" "$copy/$file"
    if cmp -s "$root/$file" "$copy/$file"; then
        echo "STALE    $name: the edit changes nothing"; failed=1; continue
    fi
    if ! (cd "$copy" && cargo test -q --test simulation --no-run >build.log 2>&1); then
        echo "BROKEN   $name: does not compile"; tail -5 "$copy/build.log"; failed=1
    elif (cd "$copy" && timeout 120 cargo test -q --test simulation >run.log 2>&1); then
        echo "MISSED   $name"; failed=1
    else
        echo "caught   $name"; caught=$((caught + 1))
    fi
    cp "$root/$file" "$copy/$file"
done < "$root/tests/mutants/faults.txt"
echo "$caught caught"
exit $failed
