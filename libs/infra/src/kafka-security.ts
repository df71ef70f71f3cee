import type { InfraSecurity, SecuredBrokers } from './infra.js';

const SCRAM_MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-512'];

/** What a local broker is told so that it opens secured ports beside its plain one. */
export interface SecuredDoors {
  readonly brokers: SecuredBrokers;
  readonly listeners: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** For the formatting of its storage, which holds the users of SCRAM. */
  readonly formatArguments: readonly string[];
}

export function securedDoors(
  { username, password, certificateFile }: InfraSecurity,
  loginPort: number,
  tlsPort: number,
): SecuredDoors {
  const brokers = { login: `127.0.0.1:${loginPort}`, loginOverTls: `127.0.0.1:${tlsPort}` };
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule';
  const logins = ['login', 'tls'].flatMap((listener) => [
    [`listener.name.${listener}.plain.sasl.jaas.config`, `${plain} required user_${username}="${password}";`],
    ...SCRAM_MECHANISMS.map((mechanism) => [
      `listener.name.${listener}.${mechanism.toLowerCase()}.sasl.jaas.config`,
      `${scram} required;`,
    ]),
  ]);
  return {
    brokers,
    listeners: [`LOGIN://${brokers.login}`, `TLS://${brokers.loginOverTls}`],
    settings: {
      'listener.security.protocol.map':
        'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT,TLS:SASL_SSL',
      'sasl.enabled.mechanisms': ['PLAIN', ...SCRAM_MECHANISMS].join(','),
      'listener.name.tls.ssl.keystore.type': 'PEM',
      'listener.name.tls.ssl.keystore.location': certificateFile,
      ...Object.fromEntries(logins),
    },
    formatArguments: SCRAM_MECHANISMS.flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${username},password=${password}]`,
    ]),
  };
}
