import { rmSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts } from 'node:net';

// Copies bytes from one address to another: `node relay.ts unix:/a.sock=tcp:6443 tcp:8080=unix:/b.sock`. Unix sockets are not
// bound to a network namespace, so two of these make a way through its wall.

function address(text: string): NetConnectOpts & { readonly path?: string } {
  const [kind, rest = ''] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)];
  return kind === 'unix' ? { path: rest } : { host: '127.0.0.1', port: Number(rest) };
}

for (const pair of process.argv.slice(2)) {
  const [from, to] = pair.split('=').map((side) => address(side));
  if (from === undefined || to === undefined) throw new Error(`not <from>=<to>: ${pair}`);
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ ...to, noDelay: true } as NetConnectOpts);
    near.pipe(far).pipe(near);
    // A reset on one side is a reset on the other: callers must see refusals as such.
    near.once('error', () => far.resetAndDestroy());
    far.once('error', () => (near.remoteAddress === undefined ? near.destroy() : near.resetAndDestroy()));
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  if (from.path !== undefined) rmSync(from.path, { force: true }); // left by a killed predecessor
  server.listen(from, () => console.log(`relaying ${pair}`));
}
