/** Every workflow that a worker of Sluice runs. */
export { release } from './release.ts';
