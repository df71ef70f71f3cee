import { isIP } from 'node:net';

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether nobody but programs on the same machine can reach it. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

/**
 * Whether a request was meant for this server: `Host` is what the caller believes to speak to. A page of another site can
 * have its own name resolved to this address, and would then be of the same origin for its browser; but it cannot choose
 * what its browser sends as `Host`. So names must be known. A literal address says no more than where the request went, and
 * a page can have it for an origin only if it came from there; probes of container platforms send such.
 *
 * @see https://en.wikipedia.org/wiki/DNS_rebinding
 */
export class HostCheck {
  private readonly allowed: ReadonlySet<string>;

  /**
   * @param boundTo the address that is opened
   * @param names what else it is called, without ports
   */
  constructor(
    private readonly boundTo: string,
    names: readonly string[],
  ) {
    this.allowed = new Set([...LOOPBACK_NAMES, ...names.map((name) => name.toLowerCase())]);
  }

  isAllowed(host: string | undefined): boolean {
    const name = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase();
    if (name === undefined) return false;
    if (this.allowed.has(name)) return true;
    return !isLoopback(this.boundTo) && isIP(name.replace(/^\[|\]$/g, '')) !== 0;
  }
}
