import type { Log } from '@skald/ports';
import { type LogEntry, logLevel, type logCreator } from 'kafkajs';

const QUIET_MS = 30_000;

/** What belongs to every rebalance or new topic, what another line says already, and what callers report. */
const ORDINARY = [
  /group is rebalancing/i,
  /^Response (?:Heartbeat|JoinGroup|SyncGroup|OffsetCommit|LeaveGroup|GroupCoordinator|ListOffsets|Metadata|CreateTopics)\b/,
  /does not host this topic-partition/,
  /^Failed to connect to (?:seed )?broker/,
  /^Connection error: /,
  /^Crash: /,
  /^The coordinator is not aware of this member/,
];

/**
 * Passes kafkajs' warnings and errors on, one line each, without payloads. The same line is written once in thirty seconds:
 * kafkajs repeats a lost connection several times a second. What it calls an error it mostly mends itself, so it all
 * goes out as a warning; calls that fail for good reject, and are reported by whoever made them.
 */
export function kafkajsLog(log: Log): logCreator {
  const written = new Map<string, number>();
  return () => (entry) => {
    if (entry.level > logLevel.WARN || ORDINARY.some((pattern) => pattern.test(entry.log.message))) return;
    const line = lineOf(entry);
    const now = performance.now();
    if (now - (written.get(line) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    for (const [old, at] of written) if (now - at >= QUIET_MS) written.delete(old);
    written.set(line, now);
    log.warn(line);
  };
}

function lineOf({ log: { message, ...details } }: LogEntry): string {
  const facts = [details['error'], details['broker'], details['groupId'], details['topic']];
  const known = facts.filter((fact) => typeof fact === 'string' && !message.includes(fact));
  return ['kafkajs', message, ...known].join(': ').replaceAll(/\s*\n\s*/g, ' ');
}
