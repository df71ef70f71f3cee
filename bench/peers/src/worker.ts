import { ownCpu } from './process-cpu.js';

/*
 * The inner side of a worker process (see worker-handle.ts): it is told its settings, tells when it is ready, answers how
 * much CPU it has used, and ends when its parent stops it or is gone, even by SIGKILL: then the IPC channel closes.
 */

export type WorkerRequest =
  | { readonly kind: 'settings'; readonly settings: unknown }
  | { readonly kind: 'cpu'; readonly question: number };

export type WorkerEvent =
  | { readonly kind: 'ready'; readonly details: unknown }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'cpu'; readonly question: number; readonly seconds: number };

/**
 * Runs a worker: `start` gets the settings and returns what the parent must know. When the worker is to end, `clear`
 * removes what would outlive it; a `start` that is under way is waited for only by `clear` itself.
 */
export function work<Settings, Details>(
  start: (settings: Settings) => Promise<Details>,
  clear: () => Promise<void> = async () => {},
): void {
  if (process.send === undefined) {
    console.error('This is a part of a benchmark: it is started by one of the programs beside the README.');
    process.exit(1);
  }
  const end = (): void => {
    clear().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', () => {}); // a Ctrl-C in the terminal is for our parent, which ends us
  process.on('SIGTERM', end);
  process.on('disconnect', end);
  process.on('uncaughtException', fail);
  process.on('message', (request: WorkerRequest) => {
    switch (request.kind) {
      case 'settings':
        start(request.settings as Settings).then((details) => tell({ kind: 'ready', details }), fail);
        return;
      case 'cpu':
        return tell({ kind: 'cpu', question: request.question, seconds: ownCpu() });
    }
  });
  if (!process.connected) end(); // our parent was quicker to die than we to listen
}

function fail(error: unknown): void {
  tell({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

function tell(event: WorkerEvent): void {
  // The callback takes the error of a channel that has closed in between; `disconnect` tells the same.
  if (process.connected) process.send?.(event, () => {});
}
