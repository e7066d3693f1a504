// A door in front of a server on loopback: while it is shut, connections are refused or cut, as when a store is away.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface TcpGate {
  /** http://127.0.0.1:<port>, the same for all its life. */
  readonly endpoint: string;
  /** Cuts every connection and lets no new one through. */
  shut(): void;
  open(): void;
  close(): Promise<void>;
}

export async function openTcpGate(target: string): Promise<TcpGate> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isOpen = true;
  const hold = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const cutAll = (): void => sockets.forEach((socket) => socket.destroy());
  const server = createServer((incoming) => {
    if (!isOpen) return void incoming.destroy();
    const outgoing = connect(Number(port), hostname);
    hold(incoming);
    hold(outgoing);
    incoming.pipe(outgoing).pipe(incoming);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port, got none');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    shut() {
      isOpen = false;
      cutAll();
    },
    open() {
      isOpen = true;
    },
    async close() {
      server.close();
      cutAll();
      await once(server, 'close');
    },
  };
}
