import { join } from 'node:path';
import type { ProgramGroup } from './program-group.js';
import { UnavailableError } from './unavailable-error.js';
import { KAFKA_VERSION, OLDEST_JAVA } from './versions.js';

/** What to do about a missing Kafka; ends each of the reasons. */
export const HOW_TO_GET_KAFKA = `Install Docker, or Java ${OLDEST_JAVA} or newer and Maven; or name a running broker in KAFKA_BROKERS.`;

/**
 * The `java` of JAVA_HOME or of the PATH.
 * @throws {UnavailableError} when there is none, or only too old a one.
 */
export async function findJava(programs: ProgramGroup): Promise<string> {
  const home = process.env.JAVA_HOME;
  const tooOld: string[] = [];
  for (const command of [...(home ? [join(home, 'bin', 'java')] : []), 'java']) {
    const version = await versionOf(programs, command);
    if (version === undefined) continue;
    if (version >= OLDEST_JAVA) return command;
    tooOld.push(`Java ${version}`);
  }
  const found =
    tooOld.length === 0
      ? 'and no Java was found'
      : `and Kafka ${KAFKA_VERSION} does not run on ${tooOld.join(', ')}`;
  throw new UnavailableError(`No Docker daemon answers, ${found}. ${HOW_TO_GET_KAFKA}`);
}

/** The number in `openjdk version "17.0.15" 2025-04-15`; that of Java 8 and older is 1. */
export function javaVersion(lines: readonly string[]): number | undefined {
  const [, major] = / version "(\d+)/.exec(lines.join('\n')) ?? [];
  return major === undefined ? undefined : Number(major);
}

async function versionOf(programs: ProgramGroup, command: string): Promise<number | undefined> {
  try {
    const { lines } = await programs.run({ name: 'java -version', command, args: ['-version'] });
    return javaVersion(lines);
  } catch (error) {
    if (programs.closed) throw error;
    return undefined; // no such command, or the stub of macOS that only says where to get one
  }
}
