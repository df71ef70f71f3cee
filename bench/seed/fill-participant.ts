import { participantSchema } from '@skald/postgres';
import { PLACEHOLDER } from '../script.js';
import { COPIES, type Copies, copy } from './copies.js';
import { filled } from './filled.js';
import type { Handled } from './past-saga.js';

export interface PastCommands extends Copies {
  readonly handled: readonly Handled[];
}

const COPY_BARRIER = `
  WITH copies AS (${COPIES})
  INSERT INTO skald_barrier (command_id, state, reply, created_at)
  SELECT replace($5, $7, id), 'handled', replace($6, $7, id)::json, now() + shift
    FROM copies
   ORDER BY id`;

/** Fills a participant's database with what it answered in the past. @returns bytes of the database */
export async function fillParticipant(url: string, kinds: readonly PastCommands[]): Promise<number> {
  return filled(url, participantSchema, async (dataSource) => {
    for (const { handled, ...copies } of kinds) {
      for (const { participant, commandId, reply } of handled) {
        const parameters = [commandId, JSON.stringify(reply), PLACEHOLDER];
        await copy(dataSource, `${participant} ${copies.prefix}`, copies, COPY_BARRIER, parameters);
      }
    }
  });
}
