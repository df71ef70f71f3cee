import { describe, expect, it } from '@jest/globals';
import { MemoryBroker, MemoryTransport } from '@skald/memory';
import { isTopicName } from '@skald/ports';
import { readParticipantOptions } from './read-options.js';

describe('the reply topics of a participant', () => {
  const transport = new MemoryTransport({ broker: new MemoryBroker() });
  const read = (replyTopics: readonly string[]): readonly string[] =>
    readParticipantOptions({ participant: 'stock', namespace: 'shop', transport, replyTopics }).replyTopics;

  it.each(['.', '..', '', 'no topic', 'a'.repeat(250)])(
    'that the sender would refuse are refused at boot: %j',
    (name) => {
      expect(isTopicName(name)).toBe(false);
      expect(() => read(['other.saga.replies', name])).toThrow(/'replyTopics'/);
    },
  );

  it('are taken beside that of the namespace', () => {
    expect(read(['other.saga.replies'])).toEqual(['shop.saga.replies', 'other.saga.replies']);
  });
});
