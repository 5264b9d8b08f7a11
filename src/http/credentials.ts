import type { IncomingMessage } from 'node:http';
import type { Credentials } from '../people/gate';
import { RequestRefusal } from './request-refusal';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/** What has to be beside a key. */
const SIGNED_WITH = [['Openfill-Timestamp', 'the milliseconds since 1970'], ['Openfill-Signature', 'the signature, in base64']] as const;

/** Who a request says it is from: a token, or a signature. @throws RequestRefusal `invalid_token` for what is neither, `invalid_api_key` for half a signature */
export function credentialsOf({ headers }: IncomingMessage): Credentials {
  const { authorization } = headers;
  const apiKey = headers['openfill-key'];
  if (apiKey !== undefined) {
    if (authorization !== undefined) throw new RequestRefusal('invalid_token', { detail: 'A request has a token or a signature, not both.' });
    for (const [header, says] of SIGNED_WITH) {
      if (headers[header.toLowerCase()] === undefined) throw new RequestRefusal('invalid_api_key', { detail: `${header} is missing: beside Openfill-Key it has ${says}.` });
    }
    return {
      kind: 'signature',
      signature: {
        apiKey: textOf(apiKey), timestamp: textOf(headers['openfill-timestamp']), signature: textOf(headers['openfill-signature']),
        window: headers['openfill-recv-window'] === undefined ? null : textOf(headers['openfill-recv-window']),
      },
    };
  }
  if (authorization === undefined) return { kind: 'none' };
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) throw new RequestRefusal('invalid_token', { detail: 'Authorization must be Bearer and a token.' });
  return { kind: 'token', token };
}

function textOf(header: string | string[] | undefined): string {
  return typeof header === 'string' ? header : '';
}
