import { RESULT_CODES, type ResultCode } from '../../domain/result-code';
import type { FieldError } from '../../http/request-refusal';

/** What a client is told when a request is not carried out: RFC 9457, with the venue's stable code. */
export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: ResultCode;
  errors?: readonly FieldError[];
  [extension: string]: unknown;
}

/** What a problem says beside the standard members. */
export interface ProblemMembers {
  readonly errors?: readonly FieldError[] | undefined;
  /** Members such as the order of a 409. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/**
 * @param detail a sentence for this case
 * @param requestId the `instance`
 */
export function problemBody(code: ResultCode, detail: string, requestId: string, { errors, extensions }: ProblemMembers): ProblemBody {
  const { title, status } = RESULT_CODES[code];
  const body: ProblemBody = { type: `urn:openfill:problem:${code}`, title, status, detail, instance: requestId, code };
  if (errors !== undefined) body.errors = errors;
  return extensions === undefined ? body : Object.assign(body, extensions);
}
