import type { Logger } from 'pino';
import { TlsFilesError, readTlsFiles, type TlsCertificate, type TlsFiles } from './tls-files';

/** Reads the certificate of the port, and says in the log which one it is. */
export class CertificateReader {
  constructor(private readonly files: TlsFiles, private readonly logger: Logger) {}

  /** @throws TlsFilesError */
  read(): TlsCertificate {
    const certificate = readTlsFiles(this.files);
    const { facts, validToMs } = certificate;
    if (validToMs <= Date.now()) this.logger.warn(facts, 'the certificate is over');
    else this.logger.info(facts, 'certificate read');
    return certificate;
  }

  /** @returns null where the files do not do */
  renew(): TlsCertificate | null {
    try {
      return this.read();
    } catch (error) {
      if (!(error instanceof TlsFilesError)) throw error;
      this.logger.error({ reason: error.message }, 'the certificate was not renewed');
      return null;
    }
  }
}
