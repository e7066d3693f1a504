// A client's observation as hostile input: every member looked at by hand, bounded, unknown ones dropped. What comes out
// has the shape of ClientObservation and says nothing that was not claimed; secrets in it are still in it.
import { ParseError } from '../errors.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../json/value.ts';
import type { Claim } from '../record/observation.ts';
import type { ClientObservation, RunBackend, TerraformCommand } from '../record/run.ts';
import { numberAt, objectAt, textAt } from '../store/queries-fields.ts';

const MAX_CLAIMS = 64;
const MAX_FLAGS = 64;
const MAX_VARIABLES = 256;
const MAX_TEXT_UNITS = 1024;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/u;
const WORD = /^[a-z][a-z0-9.-]{0,39}$/u;
/** Sources of claims that only the recorder names. */
const OWN_WORDS = new Set(['spool', 'lock-info', 'kernel', 'process', 'recorder']);

/** Throws ParseError `observation-malformed`. `key`: what the box is bound to. */
export function parseClientObservation(value: JsonObject, key: string): ClientObservation {
  if (numberAt(value, 'schema') !== 1) throw malformed('schema 1');
  if (textAt(value, 'key') !== key) throw malformed('the key of its box');
  const head = {
    schema: 1,
    key,
    time: timeOf(value, 'time'),
    run: uuidOf(value, 'run'),
    claims: claimsOf(value['claims']),
  } as const;
  switch (textAt(value, 'kind')) {
    case 'run.started':
      return { ...head, kind: 'run.started', ...runOf(value), process: processOf(objectAt(value, 'process') ?? {}) };
    case 'run.finished':
      return {
        ...head,
        kind: 'run.finished',
        ...runOf(value),
        exitCode: Math.max(-1, Math.min(255, Math.trunc(numberAt(value, 'exitCode')))),
        signal: shaped(textAt(value, 'signal'), /^SIG[A-Z0-9+]{1,12}$/u),
        durationMs: Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, Math.trunc(numberAt(value, 'durationMs')))),
        startedAt: timeOf(value, 'startedAt'),
      };
    case 'platform.event':
      return {
        ...head,
        kind: 'platform.event',
        platform: shaped(textAt(value, 'platform'), WORD),
        event: shaped(textAt(value, 'event'), WORD),
        outcome: outcomeOf(textAt(value, 'outcome')),
      };
    default:
      throw malformed('a known kind');
  }
}

function runOf(value: JsonObject): { command: TerraformCommand; toolVersion: string; backend: RunBackend } {
  return {
    command: commandOf(objectAt(value, 'command') ?? {}),
    toolVersion: shaped(textAt(value, 'toolVersion'), /^[0-9A-Za-z.+-]{1,40}$/u),
    backend: backendOf(objectAt(value, 'backend') ?? {}),
  };
}

function commandOf(value: JsonObject): TerraformCommand {
  const tool = textAt(value, 'tool');
  return {
    tool: tool === 'terraform' || tool === 'tofu' ? tool : '',
    subcommand: shaped(textAt(value, 'subcommand'), /^[a-z][a-z0-9-]{0,30}(?: [a-z][a-z0-9-]{0,30}){0,2}$/u),
    flags: shapedList(value['flags'], /^--?[a-z][a-z0-9-]{0,40}(?:=[A-Za-z0-9._:/-]{0,64})?$/u).slice(0, MAX_FLAGS),
    variables: shapedList(value['variables'], /^[\p{L}_][\p{L}\p{N}_-]{0,127}$/u).slice(0, MAX_VARIABLES),
    planFile: bounded(textAt(value, 'planFile')),
    chdir: bounded(textAt(value, 'chdir')),
  };
}

function backendOf(value: JsonObject): RunBackend {
  return {
    type: shaped(textAt(value, 'type'), /^[a-z][a-z0-9_-]{0,30}$/u),
    workspace: bounded(textAt(value, 'workspace')).slice(0, 128),
    reference: shaped(textAt(value, 'reference'), REFERENCE),
    statePath: bounded(textAt(value, 'statePath')),
  };
}

/** A canonical URI: no user, no query, no fragment, nothing that would have to be encoded. Never a `dir:` of ours. */
const REFERENCE = /^[a-z][a-z0-9+.-]{1,30}:\/\/[A-Za-z0-9._~!$&'()*+,;=:/%[\]-]{1,1000}$/u;

function processOf(value: JsonObject): { pid: number; startTicks: string } {
  return {
    pid: Math.max(0, Math.min(2 ** 31, Math.trunc(numberAt(value, 'pid')))),
    startTicks: shaped(textAt(value, 'startTicks'), /^\d{1,20}$/u),
  };
}

/** Whatever a client says of how well it knows: it claims. */
function claimsOf(value: Json | undefined): Claim[] {
  const claims = isJsonArray(value) ? value.filter(isJsonObject) : [];
  return claims.slice(0, MAX_CLAIMS).flatMap((claim) => {
    const field = shaped(textAt(claim, 'field'), WORD);
    const text = bounded(textAt(claim, 'value'));
    const by = shaped(textAt(claim, 'by'), WORD);
    if (field === '' || field === 'uid' || text === '') return [];
    const isUnknown = textAt(claim, 'known') === 'unknown';
    return [
      {
        field,
        value: text,
        known: isUnknown ? 'unknown' : 'claimed',
        by: OWN_WORDS.has(by) || by === '' ? 'client' : by,
      },
    ];
  });
}

function outcomeOf(text: string): 'succeeded' | 'failed' | 'unknown' {
  return text === 'succeeded' || text === 'failed' ? text : 'unknown';
}

function timeOf(value: JsonObject, name: string): string {
  const text = textAt(value, name);
  if (!TIME.test(text) || Number.isNaN(Date.parse(text))) throw malformed(`a time at ${name}`);
  return text;
}

function uuidOf(value: JsonObject, name: string): string {
  const text = textAt(value, name);
  if (!UUID_V7.test(text)) throw malformed(`an id at ${name}`);
  return text;
}

function shaped(text: string, shape: RegExp): string {
  return text.length <= MAX_TEXT_UNITS && shape.test(text) ? text : '';
}

function shapedList(value: Json | undefined, shape: RegExp): string[] {
  const texts = isJsonArray(value) ? value.filter((element) => typeof element === 'string') : [];
  return texts.filter((text) => shaped(text, shape) !== '');
}

function bounded(text: string): string {
  return text.length <= MAX_TEXT_UNITS ? text : text.slice(0, MAX_TEXT_UNITS);
}

function malformed(expected: string): ParseError {
  return new ParseError('observation-malformed', `expected ${expected} in an observation, got something else`, {
    hint: 'only stateseal delivers into a spool: see which account owns the file',
  });
}
