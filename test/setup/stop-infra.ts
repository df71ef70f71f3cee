import { infraOfRun } from './run.js';

export default async function stop(): Promise<void> {
  await infraOfRun.infra?.stop();
}
