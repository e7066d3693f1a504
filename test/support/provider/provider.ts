// A provider of our own for a real Terraform: a gRPC server on loopback that Terraform attaches to through
// TF_REATTACH_PROVIDERS, so that nothing is installed or downloaded. Runs in the test's own process.
import { join } from 'node:path';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { createCalls, type Call, type CallRequest } from './calls.ts';
import type { CtyObject } from './cty-value.ts';
import { createThingStore, type ThingStore } from './thing-store.ts';

/** For `required_providers { scripted = { source = ... } }`. */
export const scriptedSource = 'example.com/test/scripted';

/** The block a configuration needs to use the provider. */
export const scriptedBlock = `terraform {
  required_providers {
    scripted = { source = "${scriptedSource}" }
  }
}
`;

export interface ScriptedProvider extends Omit<ThingStore, 'operate' | 'close'> {
  /** JSON for TF_REATTACH_PROVIDERS; `openTerraform` sets it when given this provider. */
  readonly reattach: string;
  /** What a `scripted_lookup` finds, by key; other keys find "value of KEY". */
  readonly lookups: Map<string, string>;
  /** Cuts every connection and abandons operations still waiting. */
  close(): Promise<void>;
}

/** Starts the provider; `objects` of an earlier one make it the same world again. */
export async function startProvider(options: { objects?: Map<string, CtyObject> } = {}): Promise<ScriptedProvider> {
  const store = createThingStore(options.objects ?? new Map<string, CtyObject>());
  const lookups = new Map<string, string>();
  const server = new Server();
  server.addService(loadService(), toImplementation(createCalls(store, lookups)));
  const port = await listen(server);
  const { objects, operations, writeOnlySeen, switches, started } = store;
  const close = (): Promise<void> => {
    store.close();
    server.forceShutdown();
    return Promise.resolve();
  };
  return { reattach: formatReattach(port), objects, lookups, operations, writeOnlySeen, switches, started, close };
}

function loadService(): ServiceDefinition {
  const options = { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true };
  const definitions = loadSync(join(import.meta.dirname, 'plugin.proto'), options);
  return definitions['tfplugin6.Provider'] as ServiceDefinition;
}

function toImplementation(calls: Readonly<Record<string, Call>>): UntypedServiceImplementation {
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, toHandler(call)]));
}

function toHandler(call: Call) {
  return ({ request }: ServerUnaryCall<CallRequest, object>, answer: sendUnaryData<object>): void => {
    Promise.try(call, request).then(
      (response) => answer(null, response),
      (error: unknown) => answer({ code: status.INTERNAL, details: error instanceof Error ? error.message : '' }),
    );
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

/** `Test: true` tells Terraform that the process is not its own to stop. */
function formatReattach(port: number): string {
  const address = { Network: 'tcp', String: `127.0.0.1:${port}` };
  return JSON.stringify({
    [scriptedSource]: { Protocol: 'grpc', ProtocolVersion: 6, Pid: process.pid, Test: true, Addr: address },
  });
}
