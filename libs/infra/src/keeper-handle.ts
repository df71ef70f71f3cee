import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InfraProcess, InfraSecurity } from './infra.js';
import { InfraError, messageOf } from './infra-error.js';
import { isKeeperEvent, type KeeperEvent, type KeeperRequest, type Service } from './keeper-protocol.js';
import type { ServerAddress } from './local-server.js';
import type { Progress } from './progress.js';
import { howItEnded, type ProgramExit } from './program.js';
import { packageFolder } from './package-folder.js';
import { createRunFolder, removeFolder } from './run-folder.js';

/** The keeper ends the servers well within this; after it they are killed. */
const STOP_TIMEOUT_MS = 10_000;

type Answer = Extract<KeeperEvent, { readonly kind: 'started' | 'unavailable' | 'paused' }>;
interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** Our end of the keeper, see keeper.ts. */
export class KeeperHandle {
  #processes: InfraProcess[] = [];
  #waiting = new Map<Service, Waiting>();
  #stopping: Promise<void> | undefined;
  /** Resolves when all is cleared up, with the error for those who still wait for a server. */
  #gone: Promise<InfraError>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly runFolder: string,
    private readonly progress: Progress,
  ) {
    child.on('message', (message) => {
      if (isKeeperEvent(message)) this.#take(message);
    });
    this.#gone = new Promise<ProgramExit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.on('error', () => {
        if (child.pid === undefined) resolve({ code: null, signal: null });
      });
    }).then((exit) => this.#clearUp(exit));
    if (child.pid !== undefined) this.#processes.push({ name: 'keeper', pid: child.pid });
  }

  static async start(env: NodeJS.ProcessEnv, progress: Progress): Promise<KeeperHandle> {
    const script = keeperScript();
    const runFolder = await createRunFolder();
    const { NODE_OPTIONS: _, ...keeperEnv } = env; // a debugger's port, say, is not for the keeper
    // A file, not our pipes: `npm run demo | cat` ends when we end, not when the keeper has.
    const log = openSync(keeperLog(runFolder), 'a');
    try {
      const child = fork(script, [runFolder], {
        detached: true, // leads its own process group: a Ctrl-C in the terminal is for us alone
        cwd: runFolder,
        env: keeperEnv,
        execArgv: [],
        stdio: ['ignore', log, log, 'ipc'],
      });
      return new KeeperHandle(child, runFolder, progress);
    } finally {
      closeSync(log);
    }
  }

  get processes(): readonly InfraProcess[] {
    return this.#processes;
  }

  /** Asks for a server; `found` is its address. Rejects when it does not come up. */
  async start(
    service: Service,
    security?: InfraSecurity,
  ): Promise<{ readonly found: ServerAddress } | { readonly missing: string }> {
    const answer = await this.#ask({ kind: 'start', service, security });
    if (answer.kind === 'started') return { found: answer };
    return { missing: answer.kind === 'unavailable' ? answer.reason : `${service} was paused` };
  }

  /** Ends a server and keeps its port and its data. Resolves when it has ended. */
  async pause(service: Service): Promise<void> {
    await this.#keptAlive(this.#ask({ kind: 'pause', service }));
  }

  /** Starts what was paused. Rejects when it does not come up. */
  async resume(service: Service): Promise<void> {
    await this.#keptAlive(this.#ask({ kind: 'resume', service }));
  }

  /** From now on the keeper does not keep this process alive: a script that forgets `stop()` ends all the same. */
  unref(): void {
    this.child.unref();
    this.child.channel?.unref();
  }

  /** After `unref()`, an answer of the keeper may be all that this process waits for. */
  async #keptAlive(answer: Promise<Answer>): Promise<void> {
    this.child.ref();
    this.child.channel?.ref();
    try {
      await answer;
    } finally {
      if (!this.#stopping) this.unref();
    }
  }

  /** Resolves when the keeper, the servers and their data are gone. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.child.ref();
    this.child.channel?.ref();
    this.#send({ kind: 'stop' });
    const timer = setTimeout(() => this.#killGroup(), STOP_TIMEOUT_MS);
    await this.#gone;
    clearTimeout(timer);
  }

  #ask(request: Exclude<KeeperRequest, { readonly kind: 'stop' }>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.service, { resolve, reject });
      void this.#gone.then(reject);
      this.#send(request);
    });
  }

  #send(request: KeeperRequest): void {
    // The callback takes the error of a channel that is closed: the keeper's end says the same.
    if (this.child.connected) this.child.send(request, () => {});
  }

  #take(event: KeeperEvent): void {
    switch (event.kind) {
      case 'progress':
        return this.progress.say(event.line);
      case 'lost':
        this.#processes = this.#processes.filter(({ name }) => name !== event.service);
        return this.progress.say(event.message);
      case 'started':
        this.#processes.push({ name: event.service, pid: event.pid });
        return this.#waiting.get(event.service)?.resolve(event);
      case 'paused':
        this.#processes = this.#processes.filter(({ name }) => name !== event.service);
        return this.#waiting.get(event.service)?.resolve(event);
      case 'unavailable':
        return this.#waiting.get(event.service)?.resolve(event);
      case 'failed':
        return this.#waiting.get(event.service)?.reject(new InfraError('START_FAILED', event.message));
    }
  }

  /** After the keeper's end, whoever ended it: nothing of its group may live, nothing of its folder stay. */
  async #clearUp(exit: ProgramExit): Promise<InfraError> {
    this.#killGroup();
    const log = await readFile(keeperLog(this.runFolder), 'utf8').catch(() => '');
    await removeFolder(this.runFolder).catch((error: unknown) => {
      this.progress.say(`could not delete ${this.runFolder}, please do: ${messageOf(error)}`);
    });
    this.#processes = [];
    const message = `The keeper of the local servers ${howItEnded(exit)}, and they with it.`;
    if (!this.#stopping) this.progress.say(message);
    return new InfraError('START_FAILED', message, log.split('\n').filter(Boolean).slice(-50));
  }

  #killGroup(): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, 'SIGKILL');
    } catch {
      // ESRCH: the group is empty, as it should be.
    }
  }
}

function keeperLog(runFolder: string): string {
  return join(runFolder, 'keeper.log');
}

/** The compiled keeper, even when this module runs from its source, as in jest. */
function keeperScript(): string {
  const script = join(packageFolder, 'dist', 'keeper.js');
  if (existsSync(script)) return script;
  throw new InfraError(
    'NOT_BUILT',
    `${script} is missing, which keeps the local servers: run \`npm run build\` first.`,
  );
}
