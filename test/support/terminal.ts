// A real terminal (tmux) with a shell in it: keys go in, and what is written to it is kept byte for byte, so that order,
// colours and repetitions can be compared, and not only what is left on the screen.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { maskVarying, type Way, type Ways } from './wrapped-terraform.ts';

const DEADLINE_MS = 30_000;
const READY = /ready> $/u;

export interface Terminal {
  /** Types a line, and Enter. */
  type(line: string): void;
  /** A key by tmux's name, such as C-c. */
  press(key: string): void;
  /** Everything written since the shell was ready, once it matches. */
  until(pattern: RegExp): Promise<string>;
  /** The process that the shell waits for. */
  foreground(): number;
  /** Programs started from here that are still alive, the shell itself left out; it waits until there are none. */
  untilNobody(): Promise<readonly string[]>;
  /** As a window that is closed: the line is hung up. */
  close(): void;
}

/** Where `t` is terraform that way. `folder`: the HOME of the ways, by which their processes are known. */
export async function openTerminal(
  { ways, way, folder, dir }: { readonly ways: Ways; readonly way: Way; readonly folder: string; readonly dir: string },
  env: Readonly<Record<string, string>> = {},
): Promise<Terminal> {
  const film = join(folder, 'terminal.film');
  rmSync(film, { force: true });
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-S', join(folder, 'socket'), ...args], { encoding: 'utf8', timeout: 10_000 });
  const written = (): string => (existsSync(film) ? readFileSync(film, 'utf8') : '');
  const until = async (pattern: RegExp): Promise<string> => {
    for (const deadlineMs = Date.now() + DEADLINE_MS; Date.now() < deadlineMs; await delay(20)) {
      const text = written();
      if (pattern.test(text)) return text;
    }
    throw new Error(`expected ${pattern} in the terminal, got:\n${written()}`);
  };
  const type = (line: string): void => {
    tmux('send-keys', '-l', line);
    tmux('send-keys', 'Enter');
  };
  const words = Object.entries(ways.environment(way, env)).map(([name, value]) => `${name}='${value ?? ''}'`);
  const size = ['-x', '120', '-y', '50'];
  tmux(
    '-f',
    '/dev/null',
    'new-session',
    '-d',
    ...size,
    '-c',
    dir,
    `exec env ${words.join(' ')} bash --norc --noprofile`,
  );
  tmux('pipe-pane', '-O', `cat >'${film}'`);
  type(`shopt -s expand_aliases; alias t='${ways.call(way)}'; PS1='ready''> '`);
  await until(READY);
  const headLength = written().length;
  const shell = Number(tmux('display-message', '-p', '#{pane_pid}'));
  let isOpen = true;
  const close = (): void => {
    if (isOpen) tmux('kill-server');
    isOpen = false;
  };
  return {
    type,
    press: (key) => void tmux('send-keys', key),
    until: async (pattern) => (await until(pattern)).slice(headLength),
    foreground: () => childOf(shell),
    untilNobody: async () => {
      let left = processesOf(folder, shell);
      for (const deadlineMs = Date.now() + DEADLINE_MS; left.length > 0 && Date.now() < deadlineMs; await delay(50)) {
        left = processesOf(folder, shell);
      }
      return left;
    },
    close,
  };
}

function childOf(pid: number): number {
  const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  return Number(child);
}

/** Names of the processes that have this HOME: whoever descends from the terminal, whatever became of its parents. */
function processesOf(folder: string, butPid: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name) && Number(name) !== butPid)
    .flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`HOME=${folder}`);
        return isOurs ? [readFileSync(`/proc/${pid}/comm`, 'utf8').trim()] : [];
      } catch {
        return []; // It ended meanwhile, or is not ours to look at.
      }
    });
}

/** What one run wrote to its terminal: by part in the order it came, and as often. */
export interface Written {
  /** Everything else. */
  readonly text: string;
  /** The boxes of errors and warnings. */
  readonly boxes: string;
  /** The lines that say the operation is stopped. */
  readonly stops: string;
}

const COLOUR = '(?:\\u001b\\[[0-9;]*m)*';
const BOX = new RegExp(`${COLOUR}╷[\\s\\S]*?╵${COLOUR}\\r\\n`, 'gu');
const STOP = /Stopping operation\.\.\.\r\n/gu;

/**
 * At an interrupt three threads of Terraform write: that it was received, that the operation stops, and the boxes. The
 * order of these to one another is nobody's, so they are told apart; within each, nothing is sorted or left out.
 */
export function toWritten(bytes: string): Written {
  const whole = maskVarying(bytes);
  const all = (pattern: RegExp): string => (whole.match(pattern) ?? []).join('');
  return { text: whole.replaceAll(BOX, '').replaceAll(STOP, ''), boxes: all(BOX), stops: all(STOP) };
}

export function splitBoxes(boxes: string): readonly string[] {
  return boxes.match(BOX) ?? [];
}
