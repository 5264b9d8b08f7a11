import type { Logger } from 'pino';
import { TlsFilesError, readTlsFiles, type TlsCertificate, type TlsSettings } from './tls-files';

/** The certificate of the port, as the settings had it and as it is renewed; the log says which one it is. */
export class CertificateReader {
  constructor(private readonly settings: TlsSettings, private readonly logger: Logger) {}

  /** The one of the start. */
  first(): TlsCertificate {
    return this.told(this.settings.certificate);
  }

  /** Reads the files again. @returns null where they do not do */
  renew(): TlsCertificate | null {
    try {
      return this.told(readTlsFiles(this.settings));
    } catch (error) {
      if (!(error instanceof TlsFilesError)) throw error;
      this.logger.error({ reason: error.message }, 'the certificate was not renewed');
      return null;
    }
  }

  private told(certificate: TlsCertificate): TlsCertificate {
    const { facts, validToMs } = certificate;
    if (validToMs <= Date.now()) this.logger.warn(facts, 'the certificate is over');
    else this.logger.info(facts, 'certificate read');
    return certificate;
  }
}
