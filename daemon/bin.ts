#!/usr/bin/env node
// The entry: closes the door that Node opens on a signal, checks the version of Node before anything is loaded that
// needs it, then hands over to main.

// SIGUSR1 would open the inspector on loopback, for every job of this host; set before the slow part of the start.
process.on('SIGUSR1', () => undefined);

const needed = 24;
const found = Number(process.versions.node.split('.')[0]);

if (found < needed) {
  const { commandOfExec, runPlainly } = await import('./plain-run.ts');
  const command = commandOfExec(process.argv.slice(2));
  process.stderr.write(
    `stateseal needs Node ${needed} or newer, and this is ${process.versions.node}.\n` +
      `hint: from a clone, npm ci brings the right one and npm start uses it\n`,
  );
  if (command.length === 0) process.exitCode = 2;
  else runPlainly(command);
} else {
  const argv = process.argv.slice(2);
  const { isClientCall, runClient } = await import('./client.ts');
  process.exitCode = isClientCall(argv) ? await runClient(argv) : await (await import('./main.ts')).main(argv);
}
