import { describe, expect, it } from '@jest/globals';
import { Assignment, type Held } from './assignment.js';

/** Fetches offsets of partition 0 of topic `t`, and says what a consumer would have in hand. */
function fetch(assignment: Assignment, ...offsets: bigint[]): Held[] {
  const held = assignment.find('t', 0);
  if (held === undefined) throw new Error('partition 0 is not held');
  return offsets.map((offset) => {
    assignment.fetched(held, offset);
    return { held, offset, epoch: assignment.epoch };
  });
}

describe('an assignment', () => {
  it('wants confirmed what is done, until Kafka knows it', () => {
    const assignment = new Assignment();
    assignment.join('me', { t: [0, 1] });
    assignment.done(fetch(assignment, 5n, 6n));

    const positions = assignment.unconfirmed();
    expect(positions).toEqual([{ topic: 't', partition: 0, offset: 7n }]);
    assignment.confirmed(positions);
    expect(assignment.unconfirmed()).toEqual([]);
  });

  it('has nothing to confirm while nothing is done', () => {
    const assignment = new Assignment();
    assignment.join('me', { t: [0] });
    fetch(assignment, 5n, 6n);

    expect(assignment.unconfirmed()).toEqual([]);
  });

  it('goes on, in a partition that stayed, where it was not done', () => {
    const assignment = new Assignment();
    assignment.join('me', { t: [0] });
    const [first, second, third] = fetch(assignment, 5n, 6n, 7n);
    if (first === undefined || second === undefined || third === undefined) throw new Error('fetch three');
    assignment.done([first]);

    assignment.unsettle();
    const positions = assignment.join('me', { t: [0] });

    expect(positions).toEqual([{ topic: 't', partition: 0, offset: 6n }]);
  });

  it('goes on at the first record when nothing of a partition is done', () => {
    const assignment = new Assignment();
    assignment.join('me', { t: [0] });
    fetch(assignment, 5n, 6n);

    expect(assignment.join('me', { t: [0] })).toEqual([{ topic: 't', partition: 0, offset: 5n }]);
  });

  it('never confirms what it finished after the partition went to another', () => {
    const assignment = new Assignment();
    assignment.join('me', { t: [0] });
    const inHand = fetch(assignment, 5n, 6n);

    assignment.join('me', { t: [1] });
    assignment.done(inHand);

    expect(assignment.unconfirmed()).toEqual([]);
  });

  it('never confirms it either when the partition came back meanwhile', () => {
    const assignment = new Assignment();
    assignment.join('me', { t: [0] });
    const inHand = fetch(assignment, 5n, 6n);

    assignment.join('me', { t: [] });
    assignment.join('me', { t: [0] });
    assignment.done(inHand);

    expect(assignment.unconfirmed()).toEqual([]);
  });

  it('passes over what comes again although it was finished meanwhile', () => {
    const assignment = new Assignment();
    assignment.join('me', { t: [0] });
    const inHand = fetch(assignment, 5n, 6n);
    assignment.join('me', { t: [0] });
    const again = fetch(assignment, 5n, 6n, 7n);

    assignment.done(inHand);

    expect(again.map((one) => assignment.isRepeated(one))).toEqual([true, true, false]);
    expect(assignment.unconfirmed()).toEqual([{ topic: 't', partition: 0, offset: 7n }]);
  });

  it('does not pass over a topic that was made anew and begins at zero', () => {
    const assignment = new Assignment();
    assignment.join('me', { t: [0] });
    assignment.done(fetch(assignment, 5n, 6n));

    const anew = fetch(assignment, 0n);

    expect(anew.map((one) => assignment.isRepeated(one))).toEqual([false]);
  });

  it('trusts nothing it knew when the broker had given it up and it comes under a new name', () => {
    const assignment = new Assignment();
    assignment.join('me', { t: [0] });
    assignment.done(fetch(assignment, 5n));

    expect(assignment.join('me again', { t: [0] })).toEqual([]);
    expect(assignment.unconfirmed()).toEqual([]);
  });
});
