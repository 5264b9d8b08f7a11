import { ChangeInstrumentRequest, OpenInstrumentRequest } from '#openfill-contract';
import { judgeOf } from './judge';
import { NO_LIMITS } from './schemas';

/** The checks of what clients send about instruments, by the contract's descriptions of it. */

export const OPEN_INSTRUMENT = judgeOf(OpenInstrumentRequest, NO_LIMITS);
export const CHANGE_INSTRUMENT = judgeOf(ChangeInstrumentRequest, NO_LIMITS);
