import { describe, expect, it } from '@jest/globals';
import { firstRun } from './first-run.js';

const NOW = new Date('2026-11-20T08:00:00Z');

describe('the first run of a cron expression', () => {
  it('is the next moment that fits', () => {
    expect(firstRun('30 9 * * 1-5', NOW)).toEqual({ at: new Date('2026-11-20T09:30:00Z') });
  });

  it('may lie years ahead', () => {
    expect(firstRun('0 0 29 2 *', NOW)).toEqual({ at: new Date('2028-02-29T00:00:00Z') });
  });

  it.each(['0 0 30 2 *', '0 0 31 4 *'])('does not exist for %s, which never fires', (expression) => {
    expect(firstRun(expression, NOW)).toEqual({ problem: 'never_fires' });
  });

  it.each(['every monday', '61 * * * *', '* * *', ''])(
    'does not exist for %p, which does not parse',
    (text) => {
      expect(firstRun(text, NOW)).toEqual({ problem: 'invalid_cron' });
    },
  );
});
