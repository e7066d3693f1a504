// stateseal backend credential: who may use a state of the HTTP backend. A password is printed once and never kept.
import { addCredential, listCredentials, NAME, revokeCredential } from '../backend/credentials.ts';
import { ConfigError } from '../errors.ts';
import { parseArguments, usageError } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';

const VERB = 'backend';

export const backendCommand: Command = {
  name: VERB,
  summary: 'credentials of the HTTP state backend',
  usage: `Usage: stateseal backend credential add <state> <name>
       stateseal backend credential list
       stateseal backend credential revoke <state> <name>

The recorder as Terraform's http backend (backend in the configuration) takes states only from those who have a
credential, each for one state. add prints a new password, once; only its digest is kept, in the data directory. The
name is the user name, and stands in the log as what was verified. revoke holds from the next request on.

In Terraform:  export TF_HTTP_ADDRESS=http://127.0.0.1:7374/state/<state> TF_HTTP_LOCK_ADDRESS=$TF_HTTP_ADDRESS
               export TF_HTTP_UNLOCK_ADDRESS=$TF_HTTP_ADDRESS TF_HTTP_USERNAME=<name> TF_HTTP_PASSWORD=…
               with  terraform { backend "http" {} }

--json  {"object":"credential","state","name","createdAt"} per line; add: with "password"

Exit codes: 0 · 1 there was none to revoke · 2 could not run
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, {});
    if (given.has('help')) {
      context.stdout(backendCommand.usage);
      return 0;
    }
    const [subject, action, state, name, ...more] = given.positionals;
    const isJson = context.json || given.has('json');
    if (subject !== 'credential' || more.length > 0) throw usageError(VERB, 'expected the word credential');
    if (action === 'list' && state === undefined) return list(context, isJson);
    if (action !== 'add' && action !== 'revoke') throw usageError(VERB, 'expected add, list or revoke');
    const of = { state: assertName(state, 'a state'), name: assertName(name, 'a credential') };
    return action === 'add' ? add(of, context, isJson) : revoke(of, context);
  },
};

async function add(
  of: { readonly state: string; readonly name: string },
  context: CommandContext,
  isJson: boolean,
): Promise<number> {
  const password = await addCredential(context.dataDir, of, context.now());
  if (isJson) context.stdout(formatJsonLine({ object: 'credential', ...of, password }));
  else {
    context.stdout(`user       ${of.name}\npassword   ${password}\n`);
    context.stdout('It is shown this once. Give it to the job as TF_HTTP_PASSWORD; revoke it when it leaked.\n');
  }
  return 0;
}

async function list(context: CommandContext, isJson: boolean): Promise<number> {
  const all = await listCredentials(context.dataDir);
  if (isJson) all.forEach((credential) => context.stdout(formatJsonLine({ object: 'credential', ...credential })));
  else if (all.length === 0) context.stdout('no credentials: every request is refused\n');
  else {
    const width = Math.max(...all.map(({ state }) => state.length));
    for (const { state, name, createdAt } of all) context.stdout(`${state.padEnd(width)}   ${name}   ${createdAt}\n`);
  }
  return 0;
}

async function revoke(of: { readonly state: string; readonly name: string }, context: CommandContext): Promise<number> {
  if (await revokeCredential(context.dataDir, of)) return 0;
  context.stderr('stateseal: no such credential\nhint: stateseal backend credential list\n');
  return 1;
}

function assertName(text: string | undefined, what: string): string {
  if (text !== undefined && NAME.test(text)) return text;
  throw new ConfigError('usage', `expected the name of ${what}, letters, digits, . _ - and at most 63 of them`, {
    hint: 'see: stateseal backend --help',
  });
}
