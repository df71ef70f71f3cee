import { isLoopback } from './rest/host-check.js';

/** The REST interface would be open to others than was said. */
export class OpenToAllError extends Error {}

/**
 * @param withoutAuthentication whether whoever runs it has said that anybody may operate the sagas
 * @throws OpenToAllError when it is to be opened to the network, and nobody has said so
 */
export function checkAddress(host: string, withoutAuthentication: boolean): void {
  if (withoutAuthentication || isLoopback(host)) return;
  throw new OpenToAllError(
    `HOST=${host} would open the REST interface to others than this machine, and it asks nobody for a password: leave ` +
      'HOST at 127.0.0.1, with something in front of it that asks, or say ' +
      'HTTP_WITHOUT_AUTHENTICATION=yes-anyone-may-operate',
  );
}
