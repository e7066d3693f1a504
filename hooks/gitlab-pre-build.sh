# shellcheck shell=sh
# GitLab runner, pre_build_script: `. /usr/local/lib/stateseal/hooks/gitlab-pre-build.sh`. Read into the job's own shell:
# tells that the job began, puts the shim first on PATH, and tells how the job ended when its shell exits. A trap that is
# there already still runs, and the job's exit code stays what it was. A job that sets an EXIT trap of its own afterwards
# replaces ours, and its end is not told.

stateseal_hooks=${STATESEAL_HOOKS_DIR:-/usr/local/lib/stateseal/hooks}

if [ -x "$stateseal_hooks/tell.sh" ]; then
  "$stateseal_hooks/tell.sh" gitlab job-started || :

  if [ -x "${STATESEAL_SHIM_DIR:-/usr/local/lib/stateseal/shim}/terraform" ]; then
    PATH=${STATESEAL_SHIM_DIR:-/usr/local/lib/stateseal/shim}:$PATH
    export PATH
  fi

  stateseal_prior=''
  stateseal_take() {
    case "${2:-}" in EXIT | 0) stateseal_prior=$1 ;; esac
  }
  # Shells print traps as commands that set them.
  eval "$(trap | sed -n 's/^trap -- /stateseal_take /p')" || :

  stateseal_end() {
    stateseal_status=$?
    set +e
    if [ "$stateseal_status" -eq 0 ]; then stateseal_word=succeeded; else stateseal_word=failed; fi
    "$stateseal_hooks/tell.sh" gitlab job-finished --outcome "$stateseal_word"
    if [ -n "$stateseal_prior" ]; then
      (exit "$stateseal_status")
      eval "$stateseal_prior"
    fi
    exit "$stateseal_status"
  }
  trap stateseal_end EXIT
fi
