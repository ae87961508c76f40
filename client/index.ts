/** Sluice's library: start, steer and follow releases from a program. */
export type { Answer, Command, CommandName, Decision, RefusalCode } from '../domain/commands.ts';
export type { Plan } from '../domain/plan.ts';
export type { Awaited, Outcome, Phase, ReleaseResult, ReleaseView, StepState } from '../domain/view.ts';
export { workflowIdOf } from '../domain/view.ts';
export type { Target } from '../workflows/messages.ts';
export type { CommandOptions } from './command.ts';
export { type AddressSource, type Connected, type ConnectOptions, connect } from './connect.ts';
export type { TargetRef } from './context.ts';
export { isSluiceError, SluiceError, type SluiceErrorCode } from './errors.ts';
export type { HistoryOptions, ListOptions, PastRelease, ReleaseRecord } from './list.ts';
export type { Sighting } from './read.ts';
export { SluiceClient, type SluiceClientOptions } from './sluice.ts';
export type { Started, StartOptions } from './start.ts';
export type { ReleaseSummary, RunStatus } from './summary.ts';
export type { WaitOptions, WatchOptions } from './watch.ts';
