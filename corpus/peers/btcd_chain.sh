#!/bin/bash
# Makes a simnet chain whose difficulty has grown to about a block a second on one core, so that a recorded miner hashes instead of
# storing blocks. Two nodes in a namespace of their own, for SECONDS. Usage: btcd_chain.sh FOLDER SECONDS
export HOME=/tmp   # not root's, which they may not enter
folder=$1 seconds=$2 address=SZr6u2784Ey5FwjPNPxeG3kpU9gtLK7QBA
mkdir -p "$folder/fresh" && cd "$folder" && chown -R 1000:1000 . || exit 1
exec unshare -n /bin/bash -ec "ip link set lo up; exec setpriv --reuid=1000 --regid=1000 --clear-groups /bin/bash -ec '
  /opt/btcd/btcd --simnet --nodnsseed --norpc --listen=127.0.0.1:5555 --datadir=quiet --logdir=/tmp/l1 >/dev/null & one=\$!
  sleep 2
  /opt/btcd/btcd --simnet --nodnsseed --norpc --nolisten --connect=127.0.0.1:5555 --generate --miningaddr=$address --datadir=mined --logdir=/tmp/l2 >/dev/null & two=\$!
  sleep $seconds
  kill \$two; wait \$two || true; kill \$one; wait \$one || true
  rm -rf mined /tmp/l1 /tmp/l2; mv quiet chain'"
