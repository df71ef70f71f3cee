import { createHash } from 'node:crypto';
import { DEAD_LETTER_STRIPPED, originalHeaders } from '@skald/ports';
import type { IHeaders } from 'kafkajs';
import type { TopicRecord } from './produce-parts.js';

/** Bytes of the value that a shortened letter keeps: enough to see what it was. */
const KEPT_OF_VALUE = 64_000;
const LONGEST_KEY = 1_000;
const MOST_HEADER_BYTES = 10_000;

/**
 * A dead letter that is too large for its topic, made smaller. Its header `dlq-stripped` says what is missing.
 *
 * @param how `shortened` keeps the beginning of the value, and key and headers when they are small; `bare` keeps only why
 *   the message was put aside and where it came from
 */
export function stripped({ topic, record }: TopicRecord, how: 'shortened' | 'bare'): TopicRecord {
  const { headers = {} } = record;
  const before = headers[DEAD_LETTER_STRIPPED];
  const value = bytesOf(record.value);
  const key = bytesOf(record.key);
  const original = originalHeaders<IHeaders[string]>(headers);
  const own = Object.entries(headers).filter(([name]) => !(name in original));
  const isShortened = how === 'shortened';
  const keepsKey = isShortened && (key?.length ?? 0) <= LONGEST_KEY;
  const keepsHeaders = isShortened && headerBytes(original) <= MOST_HEADER_BYTES;
  const kept = isShortened ? value?.subarray(0, KEPT_OF_VALUE) : Buffer.alloc(0);
  // What was stripped before was whole before that.
  const note = {
    ...(value !== undefined && { size: value.length, sha256: sha256(value), kept: kept?.length ?? 0 }),
    ...(!keepsKey && key !== undefined && { keySize: key.length }),
    ...(!keepsHeaders && { headers: Object.keys(original).length }),
    ...(before !== undefined && { ...(JSON.parse(String(before)) as object), kept: kept?.length ?? 0 }),
  };
  return {
    topic,
    record: {
      key: keepsKey ? (record.key ?? null) : null,
      value: kept ?? null,
      headers: {
        ...(keepsHeaders && original),
        ...Object.fromEntries(own),
        [DEAD_LETTER_STRIPPED]: JSON.stringify(note),
      },
    },
  };
}

function bytesOf(text: Buffer | string | null | undefined): Buffer | undefined {
  if (text === null || text === undefined) return undefined;
  return typeof text === 'string' ? Buffer.from(text) : text;
}

function sha256(value: Buffer): string {
  return createHash('sha256').update(value).digest('hex');
}

function headerBytes(headers: IHeaders): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    const values = Array.isArray(value) ? value : [value];
    for (const one of values) bytes += name.length + (one?.length ?? 0);
  }
  return bytes;
}
