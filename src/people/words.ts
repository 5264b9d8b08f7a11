import { PASSWORD_BYTES } from '../domain/access';

/** Whether a text can be a password: counted in bytes, never trimmed. */
export function isPassword(text: string): boolean {
  const bytes = Buffer.byteLength(text);
  return bytes >= PASSWORD_BYTES.min && bytes <= PASSWORD_BYTES.max;
}
