#!/bin/sh
# The first process of a lab host: keeps the Docker Engine running, as an init system would.
# With live-restore, containers outlive the engine; a cluster of Shoal's does not mind it, Swarm mode does.
# A resolver that fails at once: an image that is not here is not to be waited for. (On networks of its own the outer
# engine sets its own resolver, whatever it is told.)
echo 'nameserver 127.0.0.1' >/etc/resolv.conf
trap 'kill "$engine" 2>/dev/null; wait; exit 0' TERM INT
while :; do
  rm -f /var/run/docker.pid
  dockerd --live-restore >>/var/log/dockerd.log 2>&1 &
  engine=$!
  wait "$engine"
  sleep 0.5
done
