/**
 * Lets paused processes go on when whoever paused them is gone: a stopped process cannot see that its parent has ended,
 * and would be left for ever. It is told the paused processes' ids over IPC, all of them each time.
 */
let paused: readonly number[] = [];

process.on('message', (pids: readonly number[]) => {
  paused = pids;
});
process.on('disconnect', () => {
  for (const pid of paused) {
    try {
      process.kill(pid, 'SIGCONT');
    } catch {
      // It has ended.
    }
  }
  process.exit();
});
process.on('SIGINT', () => undefined);
process.send?.('ready');
