#!/bin/sh
# The first process of a machine that runs a member of etcd: keeps it running, as an init system would.
#
#   /etc/etcd/config.json   it waits for this
#   /run/etcd.stopped       keeps the member away while it exists
member=
trap '[ -n "$member" ] && kill "$member" 2>/dev/null; wait; exit 0' TERM INT
while :; do
  if [ -e /etc/etcd/config.json ] && [ ! -e /run/etcd.stopped ]; then
    etcd --config-file /etc/etcd/config.json >>/var/log/etcd.log 2>&1 &
    member=$!
    wait "$member"
    member=
  fi
  sleep 0.2
done
