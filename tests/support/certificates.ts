import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate of its own maker, with its key: whoever trusts it trusts itself. */
export interface MadeCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly fingerprint: string;
  /** Settings of a service that shows it. */
  readonly environment: Readonly<Record<'TLS_CERT_FILE' | 'TLS_KEY_FILE', string>>;
}

/** @param names as a certificate has them; the loopback's by default */
export function makeCertificate(directory: string, name: string, names = 'DNS:localhost,IP:127.0.0.1'): MadeCertificate {
  const [certFile, keyFile] = [join(directory, `${name}.pem`), join(directory, `${name}.key`)];
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`,
    '-keyout', keyFile, '-out', certFile,
  ], { stdio: 'pipe' });
  const cert = readFileSync(certFile, 'utf8');
  return { certFile, keyFile, cert, fingerprint: new X509Certificate(cert).fingerprint256, environment: { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } };
}
