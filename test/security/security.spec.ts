import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Infra, type SecuredBrokers, ServiceProcess, startInfra } from '@skald/infra';
import { KafkaTransport, type KafkaTransportOptions } from '@skald/kafka';
import { compiledFile } from '../../apps/demo/src/compiled-file.js';
import { follow } from '../../apps/demo/src/follow.js';
import { ProcessSystem } from '../../apps/demo/src/process-system.js';
import { createDatabases, type DatabaseUrls, query } from '../../apps/demo/src/system.js';
import { messageOf, Recorder, send, silence } from '../contracts/transport-harness.js';
import { newBot } from '../setup/bricklayer.js';
import { uniqueName } from '../setup/real-services.js';
import { type Certificate, makeCertificate } from './certificate.js';

const username = 'ada';
const password = 'correcthorse';
const WRONG = 'batterystaple';
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

/** Kafka with a login and TLS, PostgreSQL with TLS; their own, for the run's Kafka asks for nothing. */
describe('a Kafka that asks for a login, and a PostgreSQL that offers TLS', () => {
  let certificate: Certificate;
  let infra: Infra;
  let secured: SecuredBrokers;
  const started: KafkaTransport[] = [];
  beforeAll(async () => {
    certificate = makeCertificate();
    const { KAFKA_BROKERS: _, DATABASE_URL: __, ...env } = process.env;
    infra = await startInfra({
      env,
      security: { username, password, certificateFile: certificate.serverFile },
      onProgress: () => undefined,
    });
    if (!infra.kafka?.secured) throw new Error(infra.kafkaUnavailable ?? 'Kafka is not secured');
    secured = infra.kafka.secured;
  });
  afterEach(() => Promise.all(started.splice(0).map((transport) => transport.close())));
  afterAll(async () => {
    await infra.stop();
    certificate.remove();
  });

  function connect(options: Partial<KafkaTransportOptions>): KafkaTransport {
    const transport = new KafkaTransport({
      brokers: [secured.login],
      clientId: 'secured',
      log: silence,
      saslWithoutTls: 'yes-send-the-password-in-clear',
      ...options,
    });
    started.push(transport);
    return transport;
  }

  async function passesAMessage(transport: KafkaTransport): Promise<void> {
    const topic = uniqueName('topic');
    const received = new Recorder();
    await transport.ensureTopics([topic]);
    await transport.consume(received.options(topic));
    await send(transport, topic, [messageOf('a', 1)]);
    await received.untilCount(1);
    expect(received.ids).toEqual(['a/1']);
  }

  it.each(MECHANISMS)('lets in who has the password: %s', async (mechanism) => {
    await passesAMessage(connect({ sasl: { mechanism, username, password } }));
  });

  it.each(MECHANISMS)('says so when the password is wrong, and does not repeat it: %s', async (mechanism) => {
    const transport = connect({ sasl: { mechanism, username, password: WRONG } });
    const refused = { code: 'kafka_login_failed', message: expect.not.stringContaining(WRONG) };

    await expect(transport.ensureTopics(['any'])).rejects.toMatchObject(refused);
    await expect(transport.consume(new Recorder().options('any'))).rejects.toMatchObject(refused);
    await expect(send(transport, 'any', [messageOf('a', 1)])).rejects.toMatchObject(refused);
  });

  it('can be reached over TLS by who knows its certificate', async () => {
    const ssl = { ca: [readFileSync(certificate.caFile, 'utf8')] };

    await passesAMessage(
      connect({ brokers: [secured.loginOverTls], ssl, sasl: { mechanism: 'plain', username, password } }),
    );
  });

  it('is not trusted without its certificate', async () => {
    const transport = connect({
      brokers: [secured.loginOverTls],
      ssl: true,
      sasl: { mechanism: 'plain', username, password },
    });

    await expect(transport.ensureTopics(['any'])).rejects.toThrow(/certificate/);
  });

  describe('with services that are told by their environment', () => {
    let databases: DatabaseUrls;
    let env: Readonly<Record<string, string>>;
    beforeAll(async () => {
      const plain = await createDatabases(infra, 'secured');
      const overTls = (url: string): string => {
        const withTls = new URL(url);
        withTls.searchParams.set('sslmode', 'verify-full');
        withTls.searchParams.set('sslrootcert', certificate.caFile);
        return withTls.href;
      };
      databases = {
        orchestrator: overTls(plain.orchestrator),
        constructor: overTls(plain.constructor),
        storage: overTls(plain.storage),
        engine: overTls(plain.engine),
      };
      env = {
        KAFKA_SSL: 'true',
        KAFKA_SSL_CA_FILE: certificate.caFile,
        KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
        KAFKA_SASL_USERNAME: username,
        KAFKA_SASL_PASSWORD: password,
      };
    });

    it('carries a saga to its end, with every connection over TLS, and no password in a log', async () => {
      const lines: string[] = [];
      const system = await ProcessSystem.start({
        namespace: 'secured',
        brokers: [secured.loginOverTls],
        databases,
        env,
        onLine: (_service, line) => lines.push(line),
      });
      try {
        const { id, input } = newBot();
        const sagas = `${system.restUrl()}/api/v1/namespaces/secured/sagas`;
        const body = JSON.stringify({ id, definition: 'create-bot', input });
        await fetch(sagas, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        const { status } = await follow(() => `${sagas}/${id}`, new Set([1, 2, 3, 4]));

        expect(status).toBe('completed');
        const connections = await query<{ ssl: boolean; count: number }>(
          databases.orchestrator,
          `SELECT ssl, count(*)::int FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
           WHERE datname LIKE 'secured%' GROUP BY ssl`,
        );
        expect(connections).toEqual([{ ssl: true, count: expect.any(Number) }]);
        expect(lines.filter((line) => line.includes(password))).toEqual([]);
      } finally {
        await system.stop();
      }
    });

    it('lets the dead-letters command in, and refuses to send its password in clear', async () => {
      const command = async (more: Record<string, string>): Promise<{ stdout: string; stderr: string }> =>
        promisify(execFile)(
          process.execPath,
          [compiledFile('apps/orchestrator/src/commands/dead-letters.ts'), 'list'],
          { env: { PATH: process.env['PATH'], ...env, SKALD_NAMESPACE: 'nobody', ...more } },
        );

      const { stdout } = await command({ KAFKA_BROKERS: secured.loginOverTls });
      expect(stdout).toBe('0 of 0 open dead letters\n');
      const inClear = command({
        KAFKA_BROKERS: secured.login,
        KAFKA_SASL_MECHANISM: 'PLAIN',
        KAFKA_SSL: 'false',
        KAFKA_SSL_CA_FILE: '',
      });
      await expect(inClear).rejects.toMatchObject({
        stdout: '',
        stderr: expect.stringContaining('KAFKA_SASL_PLAIN_WITHOUT_TLS=yes-send-the-password-in-clear'),
      });
      await expect(inClear).rejects.toMatchObject({ stderr: expect.not.stringContaining(password) });
    });

    it('ends a service at boot whose password is wrong, with an error that says so', async () => {
      const boot = ServiceProcess.start({
        name: 'storage',
        script: compiledFile('apps/bricklayer-storage/src/main.ts'),
        env: {
          ...env,
          KAFKA_BROKERS: secured.loginOverTls,
          DATABASE_URL: databases.storage,
          KAFKA_SASL_PASSWORD: WRONG,
        },
      });

      await expect(boot).rejects.toMatchObject({
        output: expect.arrayContaining([expect.stringContaining('The Kafka brokers refuse the login')]),
      });
      await expect(boot).rejects.toMatchObject({
        output: expect.not.arrayContaining([expect.stringContaining(WRONG)]),
      });
    });
  });
});
