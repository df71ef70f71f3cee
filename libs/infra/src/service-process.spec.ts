import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { InfraError } from './infra-error.js';
import { isAlive } from './run-folder.js';
import { ServiceProcess, type ServiceProcessOptions } from './service-process.js';

describe('ServiceProcess', () => {
  let folder: string;
  const started: ServiceProcess[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'service-process-'));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((service) => service.stop(0)));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function start(code: string, options: Partial<ServiceProcessOptions> = {}): Promise<ServiceProcess> {
    const script = join(folder, 'service.mjs');
    await writeFile(script, code);
    const service = await ServiceProcess.start({ name: 'orders', script, ...options });
    started.push(service);
    return service;
  }

  const stays = 'setInterval(() => {}, 1_000);';

  it('is ready when the child sends the message "ready", and has its lines and its environment', async () => {
    const heard: string[] = [];
    const service = await start(
      `console.log('hello', process.env.WHO); console.error('oh'); setTimeout(() => process.send('ready'), 50); ${stays}`,
      { env: { WHO: 'world' }, onLine: (line, stream) => heard.push(`${stream}: ${line}`) },
    );

    expect(service.name).toBe('orders');
    expect(isAlive(service.pid)).toBe(true);
    expect([...service.lines].toSorted()).toEqual(['hello world', 'oh']);
    expect(heard.toSorted()).toEqual(['stderr: oh', 'stdout: hello world']);
  });

  it.each([
    ['an expression', /listening on \d+/g],
    ['a function', (line: string) => line.startsWith('listening')],
  ])('is ready when a line fits %s', async (_, ready) => {
    const service = await start(`console.log('listening on 1'); ${stays}`, { ready });

    expect(service.lines).toEqual(['listening on 1']);
  });

  it('does not start when the child ends before it is ready, and tells its last lines', async () => {
    const starting = start(`console.error('no database'); process.exitCode = 3;`);

    await expect(starting).rejects.toThrow(InfraError);
    await expect(starting).rejects.toMatchObject({
      code: 'START_FAILED',
      output: ['no database'],
      message: 'orders ended with code 3 before it was ready. Its last lines:\n  no database',
    });
  });

  it('does not start when the child is late, and leaves no process', async () => {
    const starting = start(`console.log(process.pid); ${stays}`, { readyTimeoutMs: 400 });

    await expect(starting).rejects.toThrow('orders was not ready within 0.4 s');
    const pid = await starting.catch((error: unknown) =>
      error instanceof InfraError ? error.output[0] : '',
    );
    expect(isAlive(Number(pid))).toBe(false);
  });

  it('stops with SIGTERM, so that the child can finish', async () => {
    const service = await start(
      `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); process.send('ready'); ${stays}`,
    );

    await service.stop();

    expect(await service.exited).toEqual({ code: 0, signal: null });
    expect(service.lines).toEqual(['bye']);
    expect(isAlive(service.pid)).toBe(false);
  });

  it('kills the child when it does not stop in time', async () => {
    const service = await start(`process.on('SIGTERM', () => {}); process.send('ready'); ${stays}`);

    await service.stop(100);

    expect(await service.exited).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('can be killed, and stopped after that', async () => {
    const service = await start(`process.send('ready'); ${stays}`);

    service.kill('SIGKILL');

    expect(await service.exited).toEqual({ code: null, signal: 'SIGKILL' });
    await service.stop();
  });

  it('keeps the last 500 lines', async () => {
    const service = await start(
      `for (let i = 0; i < 600; i++) console.log(i); console.log('done'); ${stays}`,
      { ready: /done/ },
    );

    expect(service.lines).toHaveLength(500);
    expect(service.lines[0]).toBe('101');
  });
});
