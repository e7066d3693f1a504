// Real providers, built from their Go modules where Go and the modules can be had: one on the plugin framework, one on the
// old SDK with its legacy type system. Elsewhere a suite that wants them is skipped, also in CI: they are a second
// opinion beside the scripted provider.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './components.ts';

const MODULES = [
  'github.com/hashicorp/terraform-provider-time@v0.13.1',
  'github.com/terraform-providers/terraform-provider-local@v1.4.0',
];
const BUILD_MS = 240_000;

/** Path of a Terraform CLI configuration that uses them; undefined where they cannot be had. */
export async function buildProviders(): Promise<string | undefined> {
  const go = findProgram('go');
  if (go === undefined) return undefined;
  const folder = join(tmpdir(), `stateseal-providers-${process.getuid?.() ?? 0}`);
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  const env = { ...process.env, GOBIN: bin, GOFLAGS: '-mod=mod' };
  try {
    // One after the other: they share most of what they are made of.
    for (const module of MODULES) await promisify(execFile)(go, ['install', module], { env, timeout: BUILD_MS });
  } catch {
    return undefined;
  }
  const config = join(folder, 'terraformrc');
  const overrides = ['time', 'local'].map((name) => `    "hashicorp/${name}" = ${JSON.stringify(bin)}`);
  await writeFile(config, `provider_installation {\n  dev_overrides {\n${overrides.join('\n')}\n  }\n  direct {}\n}\n`);
  return config;
}
