import { auctionPart } from './parts/auction';
import { depthPart } from './parts/depth';
import { enginePart } from './parts/engine';
import { fanOutPart } from './parts/fan-out';
import { httpBatchesPart } from './parts/http-batches';
import { httpOrdersPart, latencyPart } from './parts/http-orders';
import { icebergsPart } from './parts/icebergs';
import { libraryPart } from './parts/library';
import { memoryPart } from './parts/memory';
import { moneyBatchesPart } from './parts/money-batches';
import { moneyEnginePart } from './parts/money-engine';
import { moneyMemoryPart } from './parts/money-memory';
import { moneyOrdersPart } from './parts/money-orders';
import { moneyRecoveryPart } from './parts/money-recovery';
import { moneySweepPart } from './parts/money-sweep';
import { moneyWriterPart } from './parts/money-writer';
import { peopleAttackPart } from './parts/people-attack';
import { peopleOrdersPart } from './parts/people-orders';
import { profilePart } from './parts/profile';
import { recoveryPart } from './parts/recovery';
import { statesPart } from './parts/states';
import { stopsPart } from './parts/stops';
import { writerPart } from './parts/writer';
import { wsOrdersPart } from './parts/ws-orders';
import { youngGenerationPart } from './parts/young-generation';
import type { Part } from './result';

export const PARTS: readonly Part[] = [
  enginePart, libraryPart, httpBatchesPart, httpOrdersPart, latencyPart, wsOrdersPart, fanOutPart, writerPart, recoveryPart, depthPart, icebergsPart, stopsPart, auctionPart, statesPart,
  memoryPart, moneyEnginePart, moneyBatchesPart, moneyOrdersPart, moneyWriterPart, moneySweepPart,
  moneyMemoryPart, moneyRecoveryPart, peopleOrdersPart, peopleAttackPart, profilePart,
];

/** To choose a setting by, measured only when it is named; the document has no place for it. */
export const EXTRA_PARTS: readonly Part[] = [youngGenerationPart];
