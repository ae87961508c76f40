import { Command } from 'commander';
import { registerDevCommands } from './cli.ts';

// Until the sluice command is there, and for work on the stack itself: `node dev/main.ts dev up`.
const program = new Command('sluice').description('The embedded stack');
registerDevCommands(program);
await program.parseAsync();
