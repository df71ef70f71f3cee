/** Who may use the HTTP interface of a service. */
export interface HttpConfig {
  /** Names by which it may be called, besides those of its own machine; without ports. */
  readonly allowedHosts: readonly string[];
  /** Whether whoever runs it has said that it may be open to the network though it asks nobody for a password. */
  readonly withoutAuthentication: boolean;
}

const YES = 'yes-anyone-may-operate';

/** Reads the `HTTP_…` variables; what is wrong goes to `problems`, a sentence each. */
export function readHttpConfig(env: NodeJS.ProcessEnv, problems: string[]): HttpConfig {
  const allowedHosts = (env['HTTP_ALLOWED_HOSTS'] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
  if (
    !allowedHosts.every((name) =>
      /^(?:[a-z\d](?:[\w-]*[a-z\d])?)(?:\.[a-z\d](?:[\w-]*[a-z\d])?)*$/i.test(name),
    )
  ) {
    problems.push(
      'HTTP_ALLOWED_HOSTS must be names without ports and wildcards, comma-separated, e.g. sagas.example',
    );
  }
  const said = env['HTTP_WITHOUT_AUTHENTICATION'];
  if (said && said !== YES) problems.push(`HTTP_WITHOUT_AUTHENTICATION must be ${YES}, or not be there`);
  return { allowedHosts, withoutAuthentication: said === YES };
}
