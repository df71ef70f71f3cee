/**
 * The keeper: a process between ours and the servers it starts. It leads a process group of its own, so that a Ctrl-C
 * in the terminal hits neither it nor the servers; and when the process that forked it stops it or is gone, even by
 * SIGKILL, the IPC channel closes: then it ends the servers, deletes their data, and ends.
 *
 * Run as `node keeper.js <run folder>`. Its output is the file keeper.log in that folder.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { InfraSecurity } from './infra.js';
import { InfraError, messageOf } from './infra-error.js';
import { isKeeperRequest, type KeeperEvent, type Service } from './keeper-protocol.js';
import { startLocalKafka } from './local-kafka.js';
import { startLocalPostgres } from './local-postgres.js';
import type { LocalServer } from './local-server.js';
import { howItEnded } from './program.js';
import { ProgramGroup } from './program-group.js';
import { removeFolder } from './run-folder.js';
import { UnavailableError } from './unavailable-error.js';

const LONGEST_UNWINDING_MS = 1_000;

const runFolder = process.argv[2];
if (runFolder === undefined || !process.send) {
  throw new InfraError('INVALID_SETTING', 'The keeper is forked by startInfra(); it is not run by hand.');
}
const folder = runFolder;

const programs = new ProgramGroup();
const starts: Promise<void>[] = [];
/** Those that run, and those that were ended to be started again. */
const servers = new Map<Service, LocalServer>();
const paused = new Map<Service, LocalServer | undefined>();
let stopping: Promise<void> | undefined;

process.on('SIGINT', () => {});
process.on('SIGHUP', () => {});
process.on('SIGTERM', stop);
process.on('disconnect', stop);
process.on('uncaughtException', (error) => {
  console.error(error);
  stop();
});
process.on('message', (message) => {
  if (!isKeeperRequest(message)) return;
  switch (message.kind) {
    case 'stop':
      return stop();
    case 'start':
      return void starts.push(start(message.service, message.security));
    case 'pause':
      return void starts.push(pause(message.service));
    case 'resume':
      return void starts.push(resume(message.service));
  }
});
if (!process.connected) stop(); // our parent was quicker to die than we to listen

async function start(service: Service, security: InfraSecurity | undefined): Promise<void> {
  const startLocal = { kafka: startLocalKafka, postgres: startLocalPostgres }[service];
  try {
    const server = await startLocal({
      programs,
      runFolder: folder,
      security,
      progress: (line) => tell({ kind: 'progress', line }),
    });
    hold(service, server);
  } catch (error) {
    if (error instanceof UnavailableError) tell({ kind: 'unavailable', service, reason: error.message });
    else tell({ kind: 'failed', service, message: messageOf(error) });
  }
}

async function pause(service: Service): Promise<void> {
  const server = servers.get(service);
  servers.delete(service);
  paused.set(service, server);
  if (server) await programs.end(server.program);
  tell({ kind: 'paused', service });
}

async function resume(service: Service): Promise<void> {
  const server = paused.get(service);
  paused.delete(service);
  try {
    if (!server) throw new InfraError('NOT_STARTED', `${service} was not paused.`);
    hold(service, { ...server, program: await server.restart() });
  } catch (error) {
    tell({ kind: 'failed', service, message: messageOf(error) });
  }
}

function hold(service: Service, server: LocalServer): void {
  servers.set(service, server);
  const { address, secured, program } = server;
  tell({ kind: 'started', service, address, ...(secured && { secured }), pid: program.pid ?? 0 });
  void watch(service, server);
}

async function watch(service: Service, server: LocalServer): Promise<void> {
  const { program } = server;
  const exit = await program.exited;
  if (programs.closed || servers.get(service) !== server) return;
  const message = program.failure(`${howItEnded(exit)} while it was in use`).message;
  tell({ kind: 'lost', service, message });
}

function tell(event: KeeperEvent): void {
  // The callback takes the error of a channel that has closed in between; `disconnect` tells the same.
  if (process.connected) process.send?.(event, () => {});
}

function stop(): void {
  stopping ??= end();
}

async function end(): Promise<void> {
  try {
    await programs.close();
    // A start notices that its program is gone; one that hangs in the file system must not hold us.
    await Promise.race([Promise.allSettled(starts), sleep(LONGEST_UNWINDING_MS)]);
    await removeFolder(folder);
    process.exit(0);
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}
