// The YAML configuration file: syntax, then the JSON Schema (schemas/config.schema.json), every problem at once with
// its line. Problems name keys and expectations, never values: a value may be a secret in the wrong place.
import { readFileSync } from 'node:fs';
import Ajv2020, { type ErrorObject } from 'ajv/dist/2020.js';
import { LineCounter, parseDocument, type Document } from 'yaml';
import type { RetentionMode } from './archive/archive.ts';
import type { BackendFile } from './config-backend.ts';
import { ConfigError } from './errors.ts';
import type { LabelRule } from './store/labels.ts';
import type { TlsFiles } from './http-socket.ts';

export interface ConfigFile {
  readonly roots?: readonly { readonly path: string; readonly label?: string }[];
  readonly sources?: readonly {
    readonly uri: string;
    readonly endpoint?: string;
    readonly region?: string;
    readonly profile?: string;
    readonly forcePathStyle?: boolean;
    readonly pollSeconds?: number;
    readonly workspaceKeyPrefix?: string;
    readonly states?: readonly string[];
  }[];
  readonly ignore?: readonly string[];
  readonly names?: Readonly<Record<string, string>>;
  readonly labels?: readonly LabelRule[];
  readonly redaction?: {
    readonly values?: 'allow-list' | 'marked-only' | 'none';
    readonly hide?: readonly string[];
    readonly show?: readonly string[];
  };
  readonly seal?: { readonly maxAgeSeconds?: number; readonly maxRecords?: number; readonly maxBytes?: number };
  readonly archive?: {
    readonly location?: string;
    readonly mode?: RetentionMode;
    readonly structureDays?: number;
    readonly contentDays?: number;
    readonly auditDays?: number;
    readonly endpoint?: string;
    readonly region?: string;
    readonly profile?: string;
    readonly kmsKeyId?: string;
    readonly forcePathStyle?: boolean;
    readonly legalHold?: boolean;
    readonly allowInstanceRole?: boolean;
    readonly connectSeconds?: number;
    readonly requestSeconds?: number;
  };
  readonly http?: {
    readonly host?: string;
    readonly port?: number;
    readonly names?: readonly string[];
    readonly tls?: TlsFiles;
    readonly userHeader?: string;
  };
  readonly spool?: {
    readonly directory?: string;
    readonly maxFilesPerAccount?: number;
    readonly maxBytesPerAccount?: number;
    readonly maxBytes?: number;
  };
  readonly backend?: BackendFile;
  readonly log?: { readonly name?: string };
  readonly maxFileBytes?: number;
  readonly heartbeatSeconds?: number;
  readonly quietSeconds?: number;
}

const SCHEMA = new URL('../schemas/config.schema.json', import.meta.url);

/** `path` is for messages. Throws ConfigError `config-invalid`. */
export function parseConfigFile(text: string, path: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, strict: true });
  const syntax = document.errors.map(({ code, pos }) => `line ${lines.linePos(pos[0]).line}: ${code}`);
  if (syntax.length > 0) throw invalid(path, syntax);
  const value: unknown = document.toJS({ maxAliasCount: 0 }) ?? {};
  const validate = new Ajv2020.default({ allErrors: true, strict: false }).compile<ConfigFile>(
    JSON.parse(readFileSync(SCHEMA, 'utf8')) as object,
  );
  if (validate(value)) return value;
  throw invalid(
    path,
    (validate.errors ?? []).map((error) => describe(error, document, lines)),
  );
}

function describe(error: ErrorObject, document: Document, lines: LineCounter): string {
  const steps = error.instancePath.split('/').slice(1);
  const unknown = error.keyword === 'additionalProperties' ? String(error.params['additionalProperty']) : '';
  const place = [...steps, ...(unknown === '' ? [] : [unknown])].join('.');
  const node = document.getIn(steps.map(toStep), true);
  const range = typeof node === 'object' && node !== null && 'range' in node ? (node.range as number[]) : undefined;
  const line = range?.[0] === undefined ? '' : `line ${lines.linePos(range[0]).line}: `;
  return `${line}${place === '' ? 'the file' : place} ${unknown === '' ? (error.message ?? 'is wrong') : 'is not a setting'}`;
}

function toStep(step: string): string | number {
  return /^\d+$/.test(step) ? Number(step) : step;
}

function invalid(path: string, problems: readonly string[]): ConfigError {
  return new ConfigError(
    'config-invalid',
    `expected a valid configuration in ${path}, got:\n  ${problems.join('\n  ')}`,
    {
      hint: 'every setting is described in schemas/config.schema.json',
    },
  );
}
