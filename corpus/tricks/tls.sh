# The program speaks plainly to a relay beside it, which speaks TLS to the pool.
HOP=tls
. /opt/corpus/tricks/relay.sh
