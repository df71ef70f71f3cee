import { describe, expect, it } from '@jest/globals';
import type { OutgoingMessage } from '@skald/core';
import { RetryBudget } from './retry-budget.js';

const TOPIC = 'shop.stock.commands';
const NOW = Date.parse('2026-11-20T03:00:00Z');

function commands(count: number, attempt = 1): OutgoingMessage[] {
  return Array.from({ length: count }, (_, number) => ({
    topic: TOPIC,
    message: {
      specversion: '1.0',
      id: `${number}`,
      source: '/test',
      type: 'stock.reserve',
      namespace: 'shop',
      sagaid: `${number}`,
      attempt,
    },
  }));
}

describe('the budget for sending again', () => {
  const lines: string[] = [];
  const budgetOf = (): RetryBudget => {
    lines.length = 0;
    return new RetryBudget({ log: (line) => lines.push(line), warn: (line) => lines.push(line) });
  };
  const taken = (budget: RetryBudget, wanted: number, now = NOW, topic = TOPIC): number =>
    Array.from({ length: wanted }, () => budget.take(topic, now)).filter(Boolean).length;

  it('begins with ten', () => {
    expect(taken(budgetOf(), 100)).toBe(10);
  });

  it('grows by a tenth of the first attempts, and not by resends', () => {
    const budget = budgetOf();
    taken(budget, 10);
    budget.sent(commands(200), NOW);
    budget.sent(commands(200, 2), NOW);
    expect(taken(budget, 100)).toBe(20);
  });

  it('is never more than fifty, however much was sent', () => {
    const budget = budgetOf();
    budget.sent(commands(10_000), NOW);
    expect(taken(budget, 100)).toBe(50);
  });

  it('gets back what was answered: who answers is not overrun', () => {
    const budget = budgetOf();
    taken(budget, 10);
    budget.answered(TOPIC, NOW);
    budget.answered(TOPIC, NOW);
    expect(taken(budget, 100)).toBe(2);
  });

  it('has the resends that wait looked at one after the other, the last of very many after 40 s', () => {
    const budget = budgetOf();
    const waits = Array.from({ length: 600 }, () => budget.waitMs(TOPIC, NOW));
    expect(waits.slice(0, 25)).toEqual(waits.slice(0, 25).map(() => 1_000));
    expect(waits.at(-1)).toBe(24_000);
    expect(budget.waitMs(TOPIC, NOW + 20_000)).toBe(4_040);
    expect(budget.waitMs('shop.other.commands', NOW)).toBe(1_000);
    for (let n = 0; n < 10_000; n += 1) budget.waitMs(TOPIC, NOW);
    expect(budget.waitMs(TOPIC, NOW)).toBe(40_000);
    // The clock was set back.
    expect(budget.waitMs(TOPIC, NOW - 3_600_000)).toBe(40_000);
  });

  it('lets one a second go though nothing else is sent, so that none waits for ever', () => {
    const budget = budgetOf();
    taken(budget, 10);
    expect(taken(budget, 100, NOW + 500)).toBe(0);
    expect(taken(budget, 100, NOW + 3_000)).toBe(3);
  });

  it('loses nothing when the clock is set back', () => {
    const budget = budgetOf();
    taken(budget, 1);
    expect(taken(budget, 100, NOW - 3_600_000)).toBe(9);
  });

  it('is one for each participant', () => {
    const budget = budgetOf();
    taken(budget, 100);
    expect(taken(budget, 100, NOW, 'shop.payment.commands')).toBe(10);
  });

  it('tells of resends that wait once, and of their end with how many there were', () => {
    const budget = budgetOf();
    taken(budget, 15);
    taken(budget, 15);
    budget.sent(commands(200), NOW);
    taken(budget, 1);
    expect(lines).toEqual([
      "too much was sent twice to 'shop.stock.commands' lately: further attempts wait",
      "further attempts to 'shop.stock.commands' go out at once again; they had to wait 20 times",
    ]);
  });
});
