import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A self-made certificate of 127.0.0.1 and localhost. */
export interface Certificate {
  /** What clients need, in PEM. */
  readonly caFile: string;
  /** What servers need: private key and certificate, in PEM. */
  readonly serverFile: string;
  remove(): void;
}

export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'skald-certificate-'));
  const keyFile = join(folder, 'key.pem');
  const caFile = join(folder, 'ca.pem');
  const serverFile = join(folder, 'server.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-keyout',
      keyFile,
      '-out',
      caFile,
    ].concat(subject),
    { stdio: 'pipe' },
  );
  writeFileSync(serverFile, readFileSync(keyFile, 'utf8') + readFileSync(caFile, 'utf8'), { mode: 0o600 });
  return { caFile, serverFile, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
