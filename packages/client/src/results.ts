import type { OrderWithTrades, ProblemBody } from './contract';

/** What the single call of an operation would have answered. */
export type BatchResult =
  | { readonly status: 200 | 201; readonly body: OrderWithTrades }
  | { readonly status: number; readonly body: ProblemBody };

/** Whether an operation of a batch was carried out. */
export function isDone(result: BatchResult): result is Extract<BatchResult, { readonly status: 200 | 201 }> {
  return result.status === 200 || result.status === 201;
}
