import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

describe('docker-compose.yml', () => {
  it('opens its ports to this machine only: its passwords are known to everybody', () => {
    const text = readFileSync('docker-compose.yml', 'utf8');
    const ports = [...text.matchAll(/^ +ports: \[(.*)\]$/gm)].flatMap(([, list = '']) => list.split(', '));
    expect(ports).toHaveLength(2);
    expect(text.match(/\bports:/g)).toHaveLength(2);
    for (const port of ports) expect(port).toMatch(/^'127\.0\.0\.1:\d+:\d+'$/);
  });
});
