#!/bin/sh
# The first process of a lab host: keeps the Docker Engine running, as an init system would.
# With live-restore, containers outlive the engine; a cluster of Shoal's does not mind it, Swarm mode does.
trap 'kill "$engine" 2>/dev/null; wait; exit 0' TERM INT
while :; do
  rm -f /var/run/docker.pid
  dockerd --live-restore >>/var/log/dockerd.log 2>&1 &
  engine=$!
  wait "$engine"
  sleep 0.5
done
