import { namespaceSupport } from '../dataplane/netns.ts';
import { controlPlaneServers, dataPlaneServers } from './catalog.ts';
import { obtainKubectl, obtainServers } from './obtain.ts';

// Obtains every server that this machine can use, for dev/bootstrap.mjs. Progress and errors on stderr, exit code 1 on error.
const log = (line: string) => void process.stderr.write(`${line}\n`);
try {
  const support = await namespaceSupport();
  if (!support.possible) log(support.reason);
  await obtainServers([...controlPlaneServers, ...(support.possible ? dataPlaneServers : [])], log);
  await obtainKubectl(log);
} catch (error) {
  const known = (error as { name?: string }).name === 'DevError';
  log(known ? (error as Error).message : String((error as Error).stack ?? error));
  process.exitCode = 1;
}
