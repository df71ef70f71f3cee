import type { PoolClient } from 'pg';

/** Far more often than PostgreSQL's patience with a silent transaction. */
const BEAT_MS = 2_500;
/** So many unanswered in a row: 10 s, in which a statement would have come to its end. */
const MOST_UNANSWERED = 3;

/**
 * Watches a connection as long as it is lent. It says something now and then, so that PostgreSQL does not take a slow
 * transaction for one of a process that is gone: a process that is paused says nothing, and loses its locks. And when
 * nothing is answered for about 10 s, it gives the connection up, so that whoever waits for its statements gets an error.
 *
 * @returns ends the watch
 */
export function watch(client: PoolClient): () => void {
  let timer: NodeJS.Timeout;
  // Counted in beats and not in time, so that a process which was paused does not take its own silence for the server's.
  let unanswered = 0;
  const answered = (): void => {
    unanswered = 0;
  };
  const beat = (): void => {
    timer = setTimeout(beat, BEAT_MS);
    unanswered += 1;
    if (unanswered === 1) client.query('SELECT 1').then(answered, answered);
    // `end()` would wait for the statements in hand.
    else if (unanswered > MOST_UNANSWERED) client.connection.stream.destroy();
  };
  timer = setTimeout(beat, BEAT_MS);
  return () => clearTimeout(timer);
}
