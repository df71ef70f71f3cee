import { dirname, join } from 'node:path';

/** The folder of this package: its sources and its compiled files lie one below it. */
export const packageFolder = dirname(import.meta.dirname);

/** What a local broker needs that is not code; the build does not copy it. */
export const kafkaFolder = join(packageFolder, 'kafka');
