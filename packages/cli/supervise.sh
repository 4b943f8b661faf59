#!/bin/sh
# Keeps a daemon running: starts it again whenever it ends otherwise than by being asked to.
# A daemon that ends within five seconds of its very first start is not tried again: its start has failed.
#
#   supervise.sh <pid file of this script> <command> [argument …]
pid_file=$1
shift
echo $$ >"$pid_file"

stopping=
child=
trap 'stopping=1; [ -n "$child" ] && kill -TERM "$child" 2>/dev/null' TERM INT
trap '' HUP

first_start=$(date +%s)
first=1
while :; do
  "$@" &
  child=$!
  wait "$child"
  code=$?
  # A trapped signal ends the wait before the daemon has ended.
  while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    code=$?
  done
  if [ "$code" -eq 0 ] || [ -n "$stopping" ]; then
    break
  fi
  if [ -n "$first" ] && [ $(($(date +%s) - first_start)) -lt 5 ]; then
    break
  fi
  first=
  child=
  echo "shoal: the daemon ended with code $code and is started again" >&2
  sleep 0.5
  [ -n "$stopping" ] && break
done
rm -f "$pid_file"
exit "$code"
