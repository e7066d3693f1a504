# shellcheck shell=sh
# A bastion: copy or link to /etc/profile.d/stateseal.sh. Every login by ssh has the shim first on PATH, and its
# beginning is told in the background: nobody waits for a prompt. The address of the other end is not read.

if [ -n "${SSH_CONNECTION:-}" ]; then
  if [ -x "${STATESEAL_SHIM_DIR:-/usr/local/lib/stateseal/shim}/terraform" ]; then
    PATH=${STATESEAL_SHIM_DIR:-/usr/local/lib/stateseal/shim}:$PATH
    export PATH
  fi
  if [ -x "${STATESEAL_HOOKS_DIR:-/usr/local/lib/stateseal/hooks}/tell.sh" ]; then
    ("${STATESEAL_HOOKS_DIR:-/usr/local/lib/stateseal/hooks}/tell.sh" ssh session-started >/dev/null 2>&1 &)
  fi
fi
