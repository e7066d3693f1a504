#!/bin/sh
# Tells the recorder of a step: tell.sh <platform> <event> [--outcome succeeded|failed]. All other hooks call this one.
# Exits 0 whatever happens, never takes over 2 seconds ($STATESEAL_HOOK_SECONDS), prints one line at most, and that on standard error.
set -u

exec 3>&2 2>/dev/null </dev/null
limit=${STATESEAL_HOOK_SECONDS:-2}

say() {
  printf 'stateseal: %s; this step is not recorded\n' "$1" >&3
}

# The second limit is for a stateseal that does not keep its own. It runs in the background of the wait, so that a
# process that cannot be killed does not hold the job.
tell() {
  stateseal hook "$@" --budget 1s >/dev/null 2>&3 3>&- &
  call=$!
  (
    sleep "$limit"
    kill -KILL "$call"
  ) >/dev/null 2>&1 3>&- &
  watchdog=$!
  wait "$call"
  status=$?
  kill -KILL "$watchdog"
  return "$status"
}

if ! command -v stateseal >/dev/null; then
  say 'stateseal is not on PATH'
  exit 0
fi
tell "$@"
status=$?
case $status in
  0) ;;
  137) say "no answer within $limit seconds" ;;
  *) say "stateseal hook ended with $status" ;;
esac
exit 0
