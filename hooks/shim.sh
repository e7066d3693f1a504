#!/bin/sh
# stateseal shim: stands on PATH before terraform and tofu and has their runs recorded (`stateseal shim install`).
# What neither plans nor writes goes straight to the real program; so does everything when stateseal is not there.
set -u

name=${0##*/}
verbose=${STATESEAL_VERBOSE:-}

# The second line of a shim, also of one in another folder. Reads no more than that of a program.
is_shim() {
  { IFS= read -r _ && IFS= read -r second; } <"$1" 2>/dev/null || return 1
  case $second in '# stateseal shim:'*) return 0 ;; *) return 1 ;; esac
}

# The first of this name on PATH that is no shim.
find_real() {
  set -f
  old_ifs=$IFS
  IFS=:
  for folder in $PATH; do
    candidate=${folder:-.}/$name
    if [ -f "$candidate" ] && [ -x "$candidate" ] && ! is_shim "$candidate"; then
      real=$candidate
      break
    fi
  done
  IFS=$old_ifs
  set +f
}

# The same list as daemon/run/recorded-commands.ts.
is_recorded() {
  # Completion of the shell asks for words.
  [ -z "${COMP_LINE:-}" ] || return 1
  first='' second=''
  for word in "$@"; do
    case $word in
      -h | -help | --help | -v | -version | --version) return 1 ;;
      -*) ;;
      *)
        if [ -z "$first" ]; then
          first=$word
        elif [ -z "$second" ]; then
          second=$word
        fi
        ;;
    esac
  done
  case $first in
    '' | console | fmt | get | graph | login | logout | metadata | modules | output | providers | show) return 1 ;;
    validate | version) return 1 ;;
  esac
  case "$first $second" in
    'env list' | 'env select' | 'env show') return 1 ;;
    'workspace list' | 'workspace select' | 'workspace show') return 1 ;;
    'state identities' | 'state list' | 'state pull' | 'state show') return 1 ;;
  esac
}

# Signals that the caller ignores, as nohup does: Node would forget them. proc_pid_status(5): bit n - 1 for signal n.
find_ignored() {
  ignored=''
  [ -r "/proc/$$/status" ] || return 0
  mask=''
  while read -r key value; do
    if [ "$key" = SigIgn: ]; then
      mask=$value
      break
    fi
  done <"/proc/$$/status"
  low=${mask#????????????}
  [ "${#low}" = 4 ] || return 0
  for pair in 1:HUP 2:INT 4:QUIT 4096:PIPE 16384:TERM; do
    if [ "$((0x$low & ${pair%%:*}))" -ne 0 ]; then ignored=$ignored${ignored:+,}${pair#*:}; fi
  done
}

real=''
find_real
if [ -z "$real" ]; then
  printf '%s: not found\n' "$name" >&2
  exit 127
fi

# Another wrapper that looks for the next terraform may find us again, and so on for ever.
depth=${STATESEAL_SHIM_DEPTH:-0}
case $depth in '' | *[!0-9]*) depth=0 ;; esac
if [ "$depth" -ge 16 ]; then
  printf '%s: two wrappers on PATH call one another; call the real %s by its path\n' "$name" "$name" >&2
  exit 126
fi
export STATESEAL_SHIM_DEPTH="$((depth + 1))"

# Called by `stateseal exec` itself: that one records.
if [ "${STATESEAL_WRAPPER:-}" = "$PPID" ] || ! is_recorded "$@"; then exec "$real" "$@"; fi
if ! command -v stateseal >/dev/null 2>&1; then
  [ -z "$verbose" ] || printf 'stateseal: not found on PATH; this run is not recorded\n' >&2
  exec "$real" "$@"
fi
find_ignored
exec stateseal exec --quiet --argv0 "$name" ${ignored:+--ignored "$ignored"} -- "$real" "$@"
