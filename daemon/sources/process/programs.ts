// Names that a process may be shown by although it chose them itself: shells, tools, services, CI runners. Pure.
import { RUNNER_PROGRAMS } from '../../record/actors.ts';

const NAMES: readonly string[] = [
  ...['terraform', 'tofu', 'terragrunt', 'terramate', 'tfenv', 'tofuenv', 'tenv', 'asdf', 'mise'],
  ...['bash', 'sh', 'dash', 'zsh', 'fish', 'ksh', 'ash', 'busybox', 'pwsh', 'tmux', 'tmux: server', 'screen', 'script'],
  ...['sudo', 'su', 'doas', 'runuser', 'setpriv', 'setsid', 'env', 'nohup', 'timeout', 'nice', 'xargs', 'time'],
  ...['sshd', 'sshd-session', 'login', 'agetty', 'systemd', 'init', 'cron', 'crond', 'atd', 'tini', 'dumb-init'],
  ...['containerd-shim', 'containerd-shim-runc-v2', 'conmon', 'dockerd', 'runc', 'kubelet'],
  ...['make', 'just', 'task', 'node', 'python', 'python3', 'perl', 'ruby', 'java', 'go', 'dotnet', 'git', 'stateseal'],
  ...['ansible-playboo', 'code', 'emacs', 'vim', 'nvim'],
];

/** The kernel keeps so much of a name. */
const COMM_UNITS = 15;
const KNOWN = new Map(
  [...NAMES, ...RUNNER_PROGRAMS].map((name) => [name.slice(0, COMM_UNITS), name.slice(0, COMM_UNITS)]),
);

/** The name a process gave itself, when it is a well-known one; '' otherwise. */
export function knownProgram(comm: string): string {
  return KNOWN.get(comm.slice(0, COMM_UNITS)) ?? '';
}
