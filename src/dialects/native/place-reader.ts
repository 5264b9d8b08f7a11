import { FAILURE_STEPS, type FailureStep } from '../../domain/commands';
import { invalid } from '../../http/request-refusal';
import type { OrderRequest, PlaceRequest } from '../../trading/requests';
import { checkOperation, checkPlace } from './check/schemas';
import { operationRequest, placeRequest } from './parse';

/** The field by which an order asks to be made to fail. The contract does not know it: it is for tests. */
const FAILURE_FIELD = 'inject_failure_step';

/** Reads orders. Where faults may be injected, one may name the step at which it is to fail; elsewhere that is an unknown field. */
export class PlaceReader {
  constructor(private readonly takesFailures: boolean) {}

  /** @throws RequestRefusal `validation_failed` */
  place(body: unknown, headerKey: string | undefined): PlaceRequest {
    const { rest, failAt } = this.taken(body);
    const request = placeRequest(checkPlace(rest), headerKey);
    return failAt === undefined ? request : { ...request, failAt };
  }

  /** @param others ops that the caller takes besides @throws RequestRefusal `validation_failed` */
  operation(operation: unknown, others: readonly string[] = []): OrderRequest {
    const { rest, failAt } = this.taken(operation);
    const request = operationRequest(checkOperation(rest, others));
    if (failAt === undefined) return request;
    if (request.op !== 'place') throw invalid([{ field: FAILURE_FIELD, message: `is not allowed with op ${request.op}` }]);
    return { ...request, failAt };
  }

  private taken(body: unknown): { readonly rest: unknown; readonly failAt?: FailureStep } {
    if (!this.takesFailures || typeof body !== 'object' || body === null || !Object.hasOwn(body, FAILURE_FIELD)) return { rest: body };
    const { [FAILURE_FIELD]: asked, ...rest } = body as Readonly<Record<string, unknown>>;
    const failAt = FAILURE_STEPS.find((step) => step === asked);
    if (failAt === undefined) throw invalid([{ field: FAILURE_FIELD, message: `must be one of [${FAILURE_STEPS.join(', ')}]` }]);
    return { rest, failAt };
  }
}
