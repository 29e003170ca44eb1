#!/usr/bin/env bash
# rotation.sh STACK : replaces the trust anchor of a deployed stack while `./mesh verify` keeps sending
# requests through every link. Run it in the checkout; the stack file has trustAnchor.restarts.by: rotate.
# Ends with 0 if no request failed and nothing is missing.
set -euo pipefail
stack=$1 failed=0
step=$(mktemp)
trap 'rm -f "$step"' EXIT
cat > "$step" <<STEP
set -euo pipefail
written=\$(./mesh rotate $stack --next)
echo "\$written"
if unprotect=\$(grep -o 'pulumi state unprotect .*' <<<"\$written"); then bash -euc "\$unprotect"; fi
pulumi up --stack $stack --yes --skip-preview --non-interactive --color never
./mesh rotate $stack --restart --yes
STEP
./mesh rotate "$stack"
for title in "both anchors are trusted" "the new one signs" "the old one goes"; do
    echo "== $title"
    ./mesh verify "$stack" --during bash "$step" || failed=1
done
./mesh rotate "$stack"
./mesh verify "$stack" || failed=1
exit "$failed"
