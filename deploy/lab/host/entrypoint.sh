#!/bin/sh
# The first process of a lab host: keeps the Docker Engine running, as an init system would.
# With live-restore, containers outlive the engine; a cluster of Shoal's does not mind it, Swarm mode does.
#
#   SHOAL_LAB_DOCKERD   other flags for dockerd
#   SHOAL_LAB_DISK_MB   all that Shoal and the engine keep is on a disk of this size, in MiB
#   /run/dockerd.stopped keeps the engine away while it exists
set -u

# A resolver that fails at once: an image that is not here is not to be waited for. (On networks of its own the outer
# engine sets its own resolver, whatever it is told.)
echo 'nameserver 127.0.0.1' >/etc/resolv.conf

# The disk is a file in a volume, so that a disk that is full does not fill the machine's.
if [ -n "${SHOAL_LAB_DISK_MB:-}" ]; then
  [ -e /disk/image ] || { truncate -s "${SHOAL_LAB_DISK_MB}M" /disk/image && mkfs.ext4 -q -m 0 /disk/image; } || exit 1
  [ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
  for number in $(seq 0 63); do
    [ -e "/dev/loop$number" ] || mknod "/dev/loop$number" b 7 "$number"
  done
  mkdir -p /mnt/disk
  mount -o loop /disk/image /mnt/disk || exit 1
  for folder in docker shoal; do
    mkdir -p "/mnt/disk/$folder"
    mount --bind "/mnt/disk/$folder" "/var/lib/$folder"
  done
fi

engine=
trap '[ -n "$engine" ] && kill "$engine" 2>/dev/null; wait; exit 0' TERM INT
while :; do
  if [ ! -e /run/dockerd.stopped ]; then
    rm -f /var/run/docker.pid
    # shellcheck disable=SC2086
    dockerd ${SHOAL_LAB_DOCKERD:---live-restore} >>/var/log/dockerd.log 2>&1 &
    engine=$!
    wait "$engine"
    engine=
  fi
  sleep 0.5
done
