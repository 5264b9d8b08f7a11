import { PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN } from '#openfill-contract';

/** Whether a text can be a password: counted in bytes, never trimmed. */
export function isPassword(text: string): boolean {
  const bytes = Buffer.byteLength(text);
  return bytes >= PASSWORD_BYTES_MIN && bytes <= PASSWORD_BYTES_MAX;
}
