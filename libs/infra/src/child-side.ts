/**
 * Ends this process when the process that started it is gone, even by SIGKILL: then its IPC channel closes.
 * Nothing happens in a process that was started without such a channel. It does not keep this process alive.
 */
export function endWithParent(): void {
  if (!process.send) return;
  if (!process.connected) process.exit(1);
  process.once('disconnect', () => process.exit(1));
  process.channel?.unref();
}

/** Tells the {@link ServiceProcess} that runs this process that it is ready. */
export function tellReady(): void {
  if (process.connected) process.send?.('ready');
}
