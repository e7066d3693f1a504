# shellcheck shell=sh
# GitLab runner, pre_build_script: `. /usr/local/lib/stateseal/hooks/gitlab-pre-build.sh`. Read into the job's own shell:
# tells that the job began, puts the shim first on PATH, and tells how the job ended when its shell exits or is killed.
# Traps that are there already still run, and the job ends with the code or by the signal that it would have ended with.
# A job that sets a trap of its own on EXIT or one of these signals afterwards replaces ours; SIGKILL leaves no end.

stateseal_hooks=${STATESEAL_HOOKS_DIR:-/usr/local/lib/stateseal/hooks}

if [ -x "$stateseal_hooks/tell.sh" ]; then
  "$stateseal_hooks/tell.sh" gitlab job-started || :

  if [ -x "${STATESEAL_SHIM_DIR:-/usr/local/lib/stateseal/shim}/terraform" ]; then
    PATH=${STATESEAL_SHIM_DIR:-/usr/local/lib/stateseal/shim}:$PATH
    export PATH
  fi

  # The traps that were set before: what to do, by signal; said to be there or not, as '' is to ignore.
  stateseal_on_EXIT='' stateseal_had='' stateseal_signal=''
  stateseal_take() {
    case ${2#SIG} in
      EXIT | HUP | INT | PIPE | TERM)
        stateseal_had="$stateseal_had ${2#SIG} "
        eval "stateseal_on_${2#SIG}=\$1"
        ;;
    esac
  }
  # A subshell, as the runner's `: | eval` is one, runs no traps of its parent, but bash shows them in it until one is
  # set. The runner's own trap on Kubernetes exits with 0: run in here, it would turn a failed job into a good one.
  trap - URG
  # Shells print traps as commands that set them; dash only to a file, as any subshell of it has none.
  if [ -n "${BASH_VERSION:-}" ]; then
    stateseal_traps=$(trap)
  elif stateseal_file=$(mktemp 2>/dev/null); then
    trap >"$stateseal_file"
    stateseal_traps=$(cat "$stateseal_file")
    rm -f "$stateseal_file"
  else
    stateseal_traps=''
  fi
  eval "$(printf '%s\n' "$stateseal_traps" | sed -n '/^trap -- /,$p' | sed 's/^trap -- /stateseal_take /')" || :

  stateseal_end() {
    stateseal_status=$?
    set +e
    stateseal_word=failed
    if [ "$stateseal_status" -eq 0 ]; then
      # After a signal that a trap of the job has taken, 0 may be that trap's and not the job's.
      if [ -z "$stateseal_signal" ]; then stateseal_word=succeeded; else stateseal_word=unknown; fi
    fi
    "$stateseal_hooks/tell.sh" gitlab job-finished --outcome "$stateseal_word"
    if [ -n "$stateseal_on_EXIT" ]; then
      (exit "$stateseal_status")
      eval "$stateseal_on_EXIT"
    fi
    exit "$stateseal_status"
  }

  # A signal that would have ended the shell: tells, puts everything back and lets it end the shell. In a trap on EXIT
  # $? would be that of the last command that ended by itself: a job killed after a good step would have succeeded.
  stateseal_fatal() {
    trap - "$1"
    # shellcheck disable=SC2064
    if [ -n "$stateseal_on_EXIT" ]; then trap "$stateseal_on_EXIT" EXIT; else trap - EXIT; fi
    "$stateseal_hooks/tell.sh" gitlab job-finished --outcome failed || :
    # $$ is the parent in a subshell.
    # shellcheck disable=SC2016
    kill -s "$1" "$(exec sh -c 'echo "$PPID"')" || :
    exit "$2"
  }

  # Before a trap of the job's own on a signal: leaves $? as it was.
  stateseal_note() {
    stateseal_signal=$1
    return "$2"
  }

  # shellcheck disable=SC2064
  stateseal_watch() {
    case $stateseal_had in
      *" $1 "*)
        eval "stateseal_text=\$stateseal_on_$1"
        [ -n "$stateseal_text" ] || return 0
        stateseal_text="eval \"\$stateseal_on_$1\""
        trap "if stateseal_note $1 \"\$?\"; then $stateseal_text; else $stateseal_text; fi" "$1"
        ;;
      *) trap "stateseal_fatal $1 $2" "$1" ;;
    esac
  }
  trap stateseal_end EXIT
  stateseal_watch HUP 1
  stateseal_watch INT 2
  stateseal_watch PIPE 13
  stateseal_watch TERM 15
fi
