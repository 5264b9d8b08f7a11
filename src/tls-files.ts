import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** Where a certificate, with those that vouch for it behind it, and its private key are, both as PEM. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The files, and what they held as the settings were read. */
export interface TlsSettings extends TlsFiles {
  readonly certificate: TlsCertificate;
}

/** What the port shows and proves itself with. */
export interface TlsCertificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Of the certificate itself, in words as it has them. */
  readonly facts: { readonly subject: string; readonly valid_to: string; readonly fingerprint: string };
  readonly validToMs: number;
}

/** The oldest version that is spoken. */
export const TLS_VERSION_MIN = 'TLSv1.2';

/** The files do not do; the message is one line that names the setting. */
export class TlsFilesError extends Error {}

/** @throws TlsFilesError for what cannot be read, is neither, or does not belong together */
export function readTlsFiles({ certFile, keyFile }: TlsFiles): TlsCertificate {
  const cert = read('TLS_CERT_FILE', certFile);
  const key = read('TLS_KEY_FILE', keyFile);
  const certificate = certificateOf(certFile, cert);
  if (!certificate.checkPrivateKey(keyOf(keyFile, key))) throw new TlsFilesError(`TLS_KEY_FILE ${keyFile} is not the key of the certificate in TLS_CERT_FILE ${certFile}`);
  try {
    // What is too weak to be shown, or broken behind its first certificate.
    createSecureContext({ cert, key, minVersion: TLS_VERSION_MIN });
  } catch (error) {
    throw new TlsFilesError(`TLS_CERT_FILE ${certFile} and TLS_KEY_FILE ${keyFile} cannot be used: ${firstLine(error)}`, { cause: error });
  }
  const { subject, validTo, fingerprint256 } = certificate;
  return { cert, key, facts: { subject: ((subject as string | undefined) ?? '').replaceAll('\n', ', '), valid_to: validTo, fingerprint: fingerprint256 }, validToMs: Date.parse(validTo) };
}

function read(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new TlsFilesError(`${name} ${file} cannot be read: ${whyUnread(error)}`, { cause: error });
  }
}

const WHY_UNREAD: Readonly<Record<string, string>> = { ENOENT: 'there is no such file', EACCES: 'this user may not read it', EISDIR: 'it is a directory', ENOTDIR: 'there is no such file' };

function whyUnread(error: unknown): string {
  return WHY_UNREAD[(error as NodeJS.ErrnoException).code ?? ''] ?? firstLine(error);
}

function certificateOf(file: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new TlsFilesError(`TLS_CERT_FILE ${file} holds no certificate (PEM)`, { cause: error });
  }
}

function keyOf(file: string, pem: Buffer): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new TlsFilesError(`TLS_KEY_FILE ${file} holds no private key (PEM) that opens without a password`, { cause: error });
  }
}

function firstLine(error: unknown): string {
  return (error as Error).message.split('\n', 1)[0] ?? '';
}
