import { InfraError } from './infra-error.js';

/**
 * The brokers that `KAFKA_BROKERS` names, or undefined when it is not set.
 * @throws {InfraError} `INVALID_SETTING` unless it reads `host:port[,host:port…]`.
 */
export function givenBrokers(env: NodeJS.ProcessEnv): string[] | undefined {
  const text = env.KAFKA_BROKERS?.trim();
  if (!text) return undefined;
  return text.split(',').map((part) => {
    const broker = part.trim();
    const [, port] = /^(?:\[[0-9a-f:.]+\]|[^\s:/@[\]]+):(\d{1,5})$/i.exec(broker) ?? [];
    if (port === undefined || Number(port) < 1 || Number(port) > 65_535) {
      throw new InfraError(
        'INVALID_SETTING',
        `KAFKA_BROKERS names "${broker}": write host:port, more of them after commas, such as localhost:9092.`,
      );
    }
    return broker;
  });
}

/**
 * The url in `DATABASE_URL`, or undefined when it is not set.
 * @throws {InfraError} `INVALID_SETTING` unless it is a postgres:// url with a host. The message does not repeat it,
 *   for there may be a password in it.
 */
export function givenDatabaseUrl(env: NodeJS.ProcessEnv): string | undefined {
  const text = env.DATABASE_URL?.trim();
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol) || url.hostname === '') {
    throw new InfraError(
      'INVALID_SETTING',
      'DATABASE_URL is no url of PostgreSQL: write postgres://user:password@host:port/database ' +
        '(with %40 and the like for special characters in the password).',
    );
  }
  return text;
}
